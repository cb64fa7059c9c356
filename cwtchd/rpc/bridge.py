"""A pipe to the socket: what comes in goes to the daemon, what the daemon says comes out, byte for byte.

For callers that can only start a program, such as `ssh node cwtchd rpc --stdio`. Each direction waits for its slower end, so nothing
piles up here. Where the caller writes no more, the daemon is told so and still answers what it was asked.
"""

import os
import socket
import sys
import threading
from pathlib import Path

CHUNK_BYTES = 1 << 16


class NoDaemon(Exception):
    """Nothing can be carried. The text is a sentence that says why."""


def bridge(path: Path, incoming: int, outgoing: int) -> bool:
    """Carries between two descriptors and the daemon until that ends the connection; whether the caller had ended first.

    Raises NoDaemon.
    """
    try:
        daemon = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        daemon.connect(str(path))
    except OSError:
        daemon.close()
        raise NoDaemon(
            f"No daemon answers at {path}: start one with `cwtchd run`, or name its --socket."
        ) from None
    ended = threading.Event()

    def carry_in() -> None:
        try:
            # Of the descriptor: a buffered reader would hold a lock that the interpreter's end can't wait for.
            while data := os.read(incoming, CHUNK_BYTES):
                daemon.sendall(data)
            ended.set()
            daemon.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the daemon is gone: the other direction says so

    with daemon:
        threading.Thread(target=carry_in, daemon=True).start()
        try:
            while data := daemon.recv(CHUNK_BYTES):
                while data:
                    data = data[os.write(outgoing, data) :]
        except ConnectionResetError:
            return ended.is_set()
        except OSError as error:  # the reader of our output is gone, or has no room
            raise NoDaemon(
                f"What the daemon says can't be written: {os.strerror(error.errno or 0)}."
            ) from None
    return ended.is_set()


def over_stdio(path: Path) -> bool:
    """Carries between the daemon and this process's standard input and output. Raises NoDaemon."""
    if sys.stdin is None or sys.stdout is None:
        raise NoDaemon("Standard input or output is closed: there is nothing to carry from or to.")
    for descriptor in (sys.stdin.fileno(), sys.stdout.fileno()):
        os.set_blocking(descriptor, True)
    return bridge(path, sys.stdin.fileno(), sys.stdout.fileno())

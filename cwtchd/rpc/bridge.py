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
    """Nobody answers on the socket. The text is a sentence that says what to do."""


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
        except (BrokenPipeError, ConnectionResetError):
            return ended.is_set()
    return ended.is_set()


def over_stdio(path: Path) -> bool:
    """Carries between the daemon and this process's standard input and output."""
    return bridge(path, sys.stdin.fileno(), sys.stdout.fileno())

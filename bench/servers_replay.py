"""A replay of everything that a server keeps, over a bare copy of as many packets; and how much a guest that knows most of it is sent."""

import socket
import sys
import time
from pathlib import Path

from bench.processes import Server, Stream
from bench.servers_home import MESSAGE_BYTES, Hosted, signature_of
from bench.table import Row, quotient
from cwtchd.protocol.events import ReplayEnded
from cwtchd.protocol.wire.constants import PACKET_SIZE

ROUNDS = 5
NEW, MANY_NEW = 10, 1_000
CHUNK = 1 << 18


def replayed(folder: Path, server: Hosted) -> Row:
    """To one guest, which reads bytes and opens nothing."""
    path = folder / "floor.sock"
    given: list[str | Path] = [path, str(server.stored), str(MESSAGE_BYTES)]
    floor = Server([sys.executable, "-m", "bench.servers_floor", *given], path, {})
    stream = floor.start()
    ours, bare = [], []
    try:
        for _ in range(ROUNDS):
            bare.append(_copied(stream, server.stored))
            ours.append(_replayed(server))
    finally:
        stream.close()
        floor.end()
    name = f"full replay of {server.stored:,} messages"
    return quotient(name, ours, ("bare copy of as many packets", bare), unit="/s", least=0.5)


def _copied(stream: Stream, rows: int) -> float:
    awaited = rows * PACKET_SIZE
    began = time.perf_counter()
    stream.send(b"\n")
    while awaited > 0:
        awaited -= len(stream.some())
    return rows / (time.perf_counter() - began)


def _replayed(server: Hosted) -> float:
    guest = server.guest()
    asking = guest.connection.request_replay(None)
    awaited = (1 + server.stored) * PACKET_SIZE
    began = time.perf_counter()
    guest.write(asking)
    while awaited > 0:
        awaited -= len(_some(guest.stream))
    taken = time.perf_counter() - began
    guest.close()
    return server.stored / taken


def _some(stream: socket.socket) -> bytes:
    data = stream.recv(CHUNK)
    if not data:
        raise ConnectionError
    return data


def resumed(few: Hosted, many: Hosted) -> list[Row]:
    """What is sent to a guest that comes back: from two servers that keep unlike much, and for unlike much that is new."""
    short, long = ([_received(server, new) for new in (NEW, MANY_NEW - 1)] for server in (few, many))
    label = f"{few.stored:,} stored"
    return [
        *(
            quotient(
                f"resuming {new} before the end of {many.stored:,}, bytes",
                [at_many],
                (label, [at_few]),
                unit="KiB",
                most=1.05,
                rounds="run",
            )
            for new, at_many, at_few in zip((NEW, MANY_NEW - 1), long, short, strict=True)
        ),
        quotient(
            f"the same for {MANY_NEW - 1} new rows",
            [long[1]],
            (f"{NEW} new", [long[0]]),
            unit="KiB",
            rounds="run",
        ),
    ]


def _received(server: Hosted, new: int) -> float:
    """KiB from the request to the end of the replay. The row that the guest names is sent too, as real servers do."""
    guest = server.guest()
    guest.write(guest.connection.request_replay(signature_of(server.stored - new)))
    received = 0
    while not guest.of(ReplayEnded):
        data = _some(guest.stream)
        received += len(data)
        guest.events += guest.connection.receive_data(data)
    guest.close()
    return received / 1024

"""Subscriptions: a whole log replayed, and one event told to many."""

import selectors
import time

from bench.calls import call
from bench.processes import Server, Stream
from bench.scratch import MESSAGES, Scratch
from bench.table import Row, quotient, rate

REPLAYS = 3
SUBSCRIBERS = 100
EVENTS = 100


def _subscribed(server: Server, scratch: Scratch, after: int | None) -> tuple[Stream, bytes]:
    stream = Stream.connect(server.path)
    return stream, call(1, "event.subscribe", {"profile": scratch.profile, "after": after})


def replayed(server: Server, scratch: Scratch) -> Row:
    """The whole past, from the call to its last event."""
    rates = []
    for _ in range(REPLAYS):
        stream, line = _subscribed(server, scratch, 0)
        began = time.perf_counter()
        stream.send(line)
        stream.read_lines(1 + MESSAGES)
        rates.append(MESSAGES / (time.perf_counter() - began))
        stream.close()
    return rate(f"replay of {MESSAGES:,} events", rates, least=20_000)


def told(server: Server, scratch: Scratch) -> Row:
    """From the call that causes an event until the first and until the last subscriber has it."""
    sender = Stream.connect(server.path)
    readers = []
    with selectors.DefaultSelector() as waiting:
        for _ in range(SUBSCRIBERS):
            stream, line = _subscribed(server, scratch, None)
            stream.ask(line)
            waiting.register(stream, selectors.EVENT_READ, stream)
            readers.append(stream)
        first, last = [], []
        for number in range(EVENTS):
            params = {"profile": scratch.profile, "conversation": scratch.conversations[-1], "text": "to all"}
            began = time.perf_counter()
            sender.send(call(number, "message.send", params))
            came: list[float] = []
            while len(came) < SUBSCRIBERS:
                for key, _ in waiting.select():
                    key.data.read_lines(1)
                    came.append((time.perf_counter() - began) * 1000)
            sender.read_lines(1)
            first.append(came[0])
            last.append(came[-1])
    for stream in (sender, *readers):
        stream.close()
    name = f"one event to {SUBSCRIBERS} clients: to the last"
    return quotient(name, last, ("to the first", first), most=5, rounds="events")

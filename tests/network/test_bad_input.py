"""Callers that come and go, stall, write without reading or without end: the daemon keeps its size and answers the others at once."""

import contextlib
import json
import re
import select
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.support.node import Caller, Node, refused, until
from tests.support.process_size import descriptors, memory
from tests.support.unit_of_work import stranger

MIB = 1 << 20
CALLERS = 200
AT_ONCE = 2.0
"""Seconds within which another caller is answered, whatever these do; they share two cores with the test that does it."""
HALF = b'{"jsonrpc":"2.0","id":1,"method":"daemon.sta'


def line(method: str, **params: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\n"


@contextlib.contextmanager
def connections(node: Node, count: int) -> Iterator[list[socket.socket]]:
    """So many at once, without waiting for one another."""
    opened = [socket.socket(socket.AF_UNIX) for _ in range(count)]
    try:
        for each in opened:
            each.settimeout(60)
            each.connect(str(node.socket))
        yield opened
    finally:
        for each in opened:
            each.close()


def answered_at_once(node: Node) -> None:
    """Another caller, and one who was there before, on the loop and on the profile's Ledger."""
    began = time.monotonic()
    newcomer = node.caller()
    assert newcomer("tor.status")
    newcomer.close()
    assert node("contact.list")
    assert time.monotonic() - began < AT_ONCE


def readable(each: socket.socket) -> bool:
    return bool(select.select([each], [], [], 60)[0])


def write_until_it_is_not_read(each: socket.socket, data: bytes) -> int:
    """Writes until the daemon reads no more; how many bytes that were."""
    written, each_time = 0, memoryview(data * 1000)
    each.setblocking(False)
    while select.select([], [each], [], 1)[1]:
        with contextlib.suppress(BlockingIOError):
            written += each.send(each_time[written % len(data) :])
    return written


@pytest.fixture
def chat(alice: Node) -> int:
    """A conversation of alice, with somebody who is never there."""
    return int(alice("contact.add", address=stranger(1).onion)["id"])


@pytest.fixture
def long_log(alice: Node, chat: int, caller: Caller) -> int:
    """A log whose events are 2 MiB; its head."""
    for _ in range(15):
        numbers = [
            caller.send("message.send", profile=alice.id, conversation=chat, text="x" * 7000)
            for _ in range(20)
        ]
        caller.answer(numbers[-1])
    return int(alice("event.list", after=0, limit=1)["head"])


# --- coming and going -----------------------------------------------------------------------------------------------


def go_in_the_middle(each: socket.socket) -> None:
    each.sendall(HALF)


def go_with_an_answer_unread(each: socket.socket) -> None:
    """The daemon's next write or read finds the connection reset."""
    each.sendall(line("tor.status") + HALF)
    assert readable(each)


def write_no_more(each: socket.socket) -> None:
    each.sendall(HALF)
    each.shutdown(socket.SHUT_WR)
    answer = b""
    while read := each.recv(4096):
        answer += read
    assert json.loads(answer)["error"]["code"] == -32700, "half a line is answered, and the connection ends"


@pytest.mark.parametrize("goes", [go_in_the_middle, go_with_an_answer_unread, write_no_more])
def test_200_callers_that_go_leave_nothing_behind(
    alice: Node, chat: int, goes: Callable[[socket.socket], None]
) -> None:
    held = descriptors(alice.pid)
    sizes = []
    for _ in range(3):
        with connections(alice, CALLERS) as callers:
            for each in callers:
                goes(each)
            answered_at_once(alice)
        until("their descriptors are closed", lambda: descriptors(alice.pid) <= held)
        sizes.append(memory(alice.pid))
    assert sizes[-1] - sizes[0] < 2 * MIB
    check_log(alice)


def check_log(node: Node) -> None:
    """No kind of line floods the log (≤ 30 a minute of the daemon's own clock, so ≤ 60 in one of the wall's)."""
    kinds = Counter(re.sub(r":\d\dZ|\S+=\S+", "", row) for row in node.log.read_text("utf-8").splitlines())
    assert not kinds or max(kinds.values()) <= 60


def test_a_daemon_stops_in_order_whoever_stalls(alice: Node, chat: int, long_log: int) -> None:
    with connections(alice, CALLERS) as callers:
        for number, each in enumerate(callers):
            each.sendall(line("event.subscribe", profile=alice.id, after=0) if number % 2 else HALF)
        answered_at_once(alice)
        began = time.monotonic()
        assert alice.kill(signal.SIGTERM) == 0
        assert time.monotonic() - began < 15


# --- stalling -------------------------------------------------------------------------------------------------------


def test_200_subscribers_that_stall_cost_little_and_lose_nothing(
    alice: Node, chat: int, long_log: int
) -> None:
    held, before = descriptors(alice.pid), memory(alice.pid)
    sizes = []
    for _ in range(2):
        with connections(alice, CALLERS) as callers:
            for each in callers:
                each.sendall(line("event.subscribe", profile=alice.id, after=0))
            for each in callers:
                assert readable(each)
            answered_at_once(alice)
            alice.send(chat, "somebody still writes")
            sizes.append(memory(alice.pid))
            head = alice("event.list", after=long_log, limit=1)["head"]
            assert seqs(callers[0], head) == list(range(1, head + 1))
        until("their descriptors are closed", partial(lambda held: descriptors(alice.pid) <= held, held))
    assert sizes[0] - before < CALLERS * MIB // 2
    assert sizes[1] - sizes[0] < 16 * MIB
    check_log(alice)


def seqs(each: socket.socket, last: int) -> list[int]:
    """What a subscriber that reads on is told, up to an event."""
    found: list[int] = []
    with each.makefile("rb") as file:
        json.loads(file.readline())
        while not found or found[-1] < last:
            params = json.loads(file.readline())["params"]
            if params["seq"] is not None:
                found.append(params["seq"])
    return found


def test_callers_that_ask_for_pages_and_never_read(alice: Node, chat: int, long_log: int) -> None:
    before = memory(alice.pid)
    with connections(alice, 4) as callers:
        for each in callers:
            write_until_it_is_not_read(each, line("event.list", profile=alice.id, after=0, limit=1000))
        answered_at_once(alice)
        assert memory(alice.pid) - before < 4 * 8 * MIB


def test_a_caller_that_writes_and_never_reads_is_not_read(alice: Node, chat: int) -> None:
    before = memory(alice.pid)
    with connections(alice, 1) as (each,):
        for data in (line("tor.status"), b"\n", line("zebra"), b"[" + line("tor.status").strip() + b"]\n"):
            write_until_it_is_not_read(each, data) if data != b"\n" else each.setblocking(True)
        answered_at_once(alice)
        assert memory(alice.pid) - before < 8 * MIB


def test_100_mebibytes_without_a_line_end(alice: Node, chat: int) -> None:
    before = memory(alice.pid)
    with connections(alice, 1) as (each,), each.makefile("rb") as file:
        for _ in range(100):
            each.sendall(b"x" * MIB)
        assert json.loads(file.readline())["error"]["code"] == -32600
        assert memory(alice.pid) - before < 8 * MIB
        answered_at_once(alice)
        each.sendall(b"\n" + line("tor.status"))
        assert "result" in json.loads(file.readline()), "it was answered once, and the next line is heard"


def test_subscriptions_without_end(alice: Node, chat: int, caller: Caller) -> None:
    before = memory(alice.pid)
    silent = {"jsonrpc": "2.0", "method": "event.subscribe", "params": {"profile": alice.id}}
    for _ in range(50):
        caller._socket.sendall((json.dumps(silent).encode() + b"\n") * 1000)
    refusal = refused("limit_exceeded", caller, "event.subscribe", profile=alice.id)
    assert refusal.data["limit"] < refusal.data["size"]
    assert memory(alice.pid) - before < 8 * MIB
    answered_at_once(alice)
    caller("event.unsubscribe", subscription=1)
    caller("event.subscribe", profile=alice.id)


# --- writing no more ------------------------------------------------------------------------------------------------


def test_a_caller_that_has_written_all_still_gets_its_answers(alice: Node, chat: int) -> None:
    calls = [
        line("contact.list", profile=alice.id),
        line("tor.status"),
        b"[" + line("contact.get", profile=alice.id, conversation=chat).strip() + b"]\n",
        b"zebra\n",
    ]
    with connections(alice, 1) as (each,), each.makefile("rb") as file:
        each.sendall(b"".join(calls) * 100)
        each.shutdown(socket.SHUT_WR)
        answers = [json.loads(row) for row in file]
    assert len(answers) == 400
    assert sum(isinstance(answer, list) for answer in answers) == 100

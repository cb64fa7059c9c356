"""Calls: what an answer costs over the floors, with and without the store."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from bench.alone import Alone
from bench.processes import Stream
from bench.scratch import Scratch
from bench.table import Row, quotient, rate
from cwtchd.rpc.schema import MessagePage

ROUNDS = 15
CALLS = 400
PIPELINED = 20_000
PAGE = 50
STORED = 100
SENT = 3_000


def call(number: int, method: str, params: object = None) -> bytes:
    """A call's line."""
    asked = {"jsonrpc": "2.0", "id": number, "method": method, "params": params or {}}
    return json.dumps(asked, separators=(",", ":")).encode() + b"\n"


def result_of(answer: bytes) -> str:
    """The result in an answer, as JSON."""
    return json.dumps(json.loads(answer)["result"])


def status(subjects: Mapping[str, Stream]) -> list[Row]:
    """`daemon.status`, and what the others have in its place: one after the other, then all at once."""
    lines = {name: _status_lines(name) for name in subjects}
    trips: dict[str, list[float]] = {name: [] for name in subjects}
    rates: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(ROUNDS):
        for name, stream in subjects.items():
            trips[name].append(statistics.median(stream.round_trips(lines[name][:CALLS])))
        for name, stream in subjects.items():
            rates[name].append(stream.pipelined(lines[name]))

    def beside(figures: Mapping[str, Sequence[float]], name: str) -> tuple[str, Sequence[float]]:
        return name, figures[name]

    one, many = "`daemon.status`, round trip", "`daemon.status`, pipelined"
    return [
        quotient(one, trips["cwtchd"], beside(trips, "echo"), most=2.5),
        quotient(one, trips["cwtchd"], beside(trips, "jsonrpcserver")),
        quotient(one, trips["cwtchd"], beside(trips, "deltachat")),
        rate(many, rates["cwtchd"], least=30_000),
        quotient(many, rates["cwtchd"], beside(rates, "jsonrpcserver"), unit="/s", least=2 / 3),
        quotient(many, rates["cwtchd"], beside(rates, "echo"), unit="/s"),
        quotient(many, rates["cwtchd"], beside(rates, "deltachat"), unit="/s"),
    ]


def _status_lines(name: str) -> list[bytes]:
    if name == "deltachat":
        return [call(number, "get_system_info").replace(b"{}", b"[]") for number in range(PIPELINED)]
    return [call(number, "daemon.status") for number in range(PIPELINED)]


@dataclass(frozen=True)
class Stored:
    """A daemon and the floors of what it stores: alone in this process, and behind a bare socket."""

    stream: Stream
    scratch: Scratch
    alone: Alone
    behind: Stream


def page_call(scratch: Scratch) -> bytes:
    """`message.list`, as it is measured."""
    params = {"profile": scratch.profile, "conversation": scratch.conversations[0], "limit": PAGE}
    return call(1, "message.list", params)


def listed(of: Stored, result: str) -> list[Row]:
    """`message.list` of a page over the socket, and its statements and encoding alone."""
    line, conversation = page_call(of.scratch), of.scratch.conversations[0]
    built = msgspec.json.decode(result, type=MessagePage)
    ours, alone, behind = [], [], []
    for _ in range(ROUNDS):
        ours.append(statistics.median(of.stream.round_trips([line] * STORED)))
        alone.append(statistics.median(of.alone.page(conversation, built)[1] for _ in range(STORED)))
        behind.append(statistics.median(of.behind.round_trips([b"list\n"] * STORED)))
    name = f"`message.list` of {PAGE}"
    return [
        quotient(name, ours, ("its SQL and JSON alone", alone), most=2),
        quotient(name, ours, ("the same behind a bare socket", behind)),
    ]


def sent(of: Stored) -> list[Row]:
    """`message.send`, until it is durable, and its rows alone in one transaction; then all at once."""
    number = 0
    ours, alone, behind, rates = [], [], [], []
    for turn in range(ROUNDS):
        conversation = of.scratch.conversations[turn % len(of.scratch.conversations)]
        lines = []
        for _ in range(STORED + SENT):
            number += 1
            params = {"profile": of.scratch.profile, "conversation": conversation, "text": f"text {number}"}
            lines.append(call(number, "message.send", params))
        ours.append(statistics.median(of.stream.round_trips(lines[:STORED])))
        alone.append(statistics.median(of.alone.rows(conversation, f"text {n}") for n in range(STORED)))
        texts = [f"text {n}\n".encode() for n in range(STORED)]
        behind.append(statistics.median(of.behind.round_trips(texts)))
        rates.append(of.stream.pipelined(lines[STORED:]))
    name = "`message.send`, durable"
    return [
        quotient(name, ours, ("its rows in one transaction alone", alone), most=1.5),
        quotient(name, ours, ("the same behind a bare socket", behind)),
        rate("`message.send`, pipelined", rates, least=1_500),
    ]

"""The invariant: whatever is written to the socket, each line is answered by a JSON-RPC error or result, or the connection is closed.

Never a traceback, an exception's text or the caller's bytes in an answer (but for its `id`); never growth without bound; the next
caller is answered at once. An incident (-32603) is something that nobody foresaw, and fails the test. The document is held to its
word: what its schemas allow is taken, what they don't is refused, and a method returns no error that it does not list.
"""

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from cwtchd.rpc import jsonrpc
from cwtchd.rpc.dispatch import DOCUMENT
from cwtchd.rpc.jsonrpc import Batch, Call, Fault, decode_line
from tests.support.generated_calls import Document, Schema, hostile_values, spoiled, written
from tests.support.hostile_lines import HostileLine, check_answer, corpus, shown
from tests.support.node import Caller, Node, nodes
from tests.support.unit_of_work import stranger

CORPUS = corpus()
PROBE = b'{"jsonrpc":"2.0","id":"probe","method":"tor.status"}\n'
"""A call that is answered at once, behind everything that was written before it."""

API = Document(DOCUMENT)
METHODS = sorted(API.methods.keys() - {"daemon.shutdown"})
TIED = {"profile.set"}
"""Methods of which a schema can't say all: the type of one param goes with the value of another."""
DEAR = {"profile.create": 4, "profile.unlock": 4}
"""Examples of what costs an Argon2 and a thread, or is slowed when it is wrong."""
EXAMPLES = 60

# A derandomized run finds the same each time: what it finds is a bug, never a flake.
bounded = settings(max_examples=EXAMPLES, derandomize=True)

ids = st.sampled_from([1, 0, -1, 2.5, 1 << 64, None, "", "an id", "\0", "é" * 100, "\N{PILE OF POO}"])


class Daemon:
    """A real daemon for the whole file: a profile with a few contacts and messages, and one more profile."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.other = node.call("profile.create", name="other", password=node.password)["id"]
        chats = [node("contact.add", address=stranger(number).onion)["id"] for number in range(3)]
        sent = [node.send(chat, f"message {number}")["id"] for number, chat in enumerate(chats * 2)]
        self.known = {
            "profile": [node.id, node.id, node.id, self.other],
            "conversation": [*chats, 77],
            "message": [*sent, 777],
            "reply_to": sent,
            "address": [stranger(1).onion, stranger(9).onion, node.id],
            "password": [node.password],
            "current": [node.password],
            "types": [["message.received"], ["tor.changed", "message.sent"]],
            "subscription": [1, 2],
        }

    @contextlib.contextmanager
    def caller(self) -> Iterator[Caller]:
        """A connection that ends with the test."""
        opened = self.node.caller()
        try:
            yield opened
        finally:
            opened.close()

    def answered(self, caller: Caller, data: bytes, lines: int) -> list[Any]:
        """So many answers come for the data, in any order, and no other before the probe's."""
        caller._socket.sendall(data)
        answers = [read(caller) for _ in range(lines)]
        caller._socket.sendall(PROBE)
        assert read(caller)["id"] == "probe"
        return answers


def read(caller: Caller) -> Any:
    """The next answer; events are passed over."""
    while True:
        line = caller._file.readline()
        assert line.endswith(b"\n"), "the connection ended"
        if b'"method":"event"' not in line[:60]:
            return check_answer(line)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with nodes(tmp_path_factory.mktemp("fuzz"), "alice") as (alice,):
        yield Daemon(alice)
        assert alice.call("tor.status"), "the first caller is still there"


# --- the corpus -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", CORPUS, ids=lambda row: row.what)
def test_a_line_of_the_corpus(daemon: Daemon, row: HostileLine) -> None:
    with daemon.caller() as caller:
        answers = daemon.answered(
            caller, row.line(daemon.node.id) + b"\n", lines=0 if row.notification else 1
        )
    for answer in answers:
        row.check(answer)


def test_the_corpus_in_one_stream_a_byte_at_a_time_with_carriage_returns(daemon: Daemon) -> None:
    short = [row for row in CORPUS if len(row.line()) < 400]
    stream = b"\r\n".join(row.line(daemon.node.id) for row in short) + b"\r\n"
    with daemon.caller() as caller:
        for at in range(len(stream)):
            caller._socket.send(stream[at : at + 1])
        expected = [row.expected for row in short if not row.notification]
        answers = daemon.answered(caller, b"", lines=len(expected))
    assert sorted(map(shown, answers)) == sorted(expected)


def test_halves_of_lines_from_many_callers_by_turns(daemon: Daemon) -> None:
    rows = [row for row in CORPUS if not row.notification]
    with contextlib.ExitStack() as opened:
        callers = [opened.enter_context(daemon.caller()) for _ in rows]
        lines = [row.line(daemon.node.id) + b"\n" for row in rows]
        for caller, line in zip(callers, lines, strict=True):
            caller._socket.sendall(line[: len(line) // 2])
        for caller, line in reversed(list(zip(callers, lines, strict=True))):
            caller._socket.sendall(line[len(line) // 2 :])
        for caller, row in zip(callers, rows, strict=True):
            row.check(read(caller))


@pytest.mark.parametrize("method", METHODS)
def test_a_notification_is_not_answered(daemon: Daemon, method: str) -> None:
    for params in ({}, {"zebra": 1}, {"profile": daemon.other}, {"profile": "zebra", "conversation": 1}):
        call = {"jsonrpc": "2.0", "method": method, "params": params}
        with daemon.caller() as caller:
            daemon.answered(caller, json.dumps(call).encode() + b"\n", lines=0)
    daemon.node.unlock()


# --- the bound of a line --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("more", "expected"), [(0, "ok"), (1, "-32600"), (1 << 20, "-32600")])
def test_a_line_of_a_mebibyte_is_heard_and_a_longer_one_is_passed_over(
    daemon: Daemon, more: int, expected: str
) -> None:
    call = b'{"jsonrpc":"2.0","id":1,"method":"tor.status"}'
    line = call + b" " * ((1 << 20) - len(call) + more)
    with daemon.caller() as caller:
        (answer,) = daemon.answered(caller, line + b"\n", lines=1)
    assert shown(answer) == expected


# --- made-up lines --------------------------------------------------------------------------------------------------

requests = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | hostile_values,
        "id": ids | hostile_values,
        "method": st.sampled_from(["tor.status", "profile.list", "zebra"]) | hostile_values,
        "params": st.just({})
        | st.dictionaries(st.text(max_size=4), hostile_values, max_size=3)
        | hostile_values,
        "zebra": hostile_values,
    },
)
batches = st.lists(requests | hostile_values, max_size=12)
lines = st.one_of(
    st.sampled_from([row.line() for row in CORPUS if len(row.line()) < 2000]),
    (requests | batches | hostile_values).map(written).map(str.encode),
    st.binary(max_size=60),
)


@st.composite
def streams(draw: st.DrawFn) -> list[bytes]:
    """What a caller writes: lines, some of them with a few bytes replaced."""
    made = []
    for line in draw(st.lists(lines, max_size=8)):
        data = bytearray(line)
        for _ in range(draw(st.integers(0, 2))):
            at = draw(st.integers(0, len(data)))
            data[at : at + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
        made += bytes(data).split(b"\n")
    return made


def parts(line: bytes) -> Sequence[Call | Fault]:
    """What a line asks for, a batch's parts one by one."""
    asked = decode_line(line)
    return asked.calls if isinstance(asked, Batch) else [asked]


def expects_answer(line: bytes) -> bool:
    """Whether a line is answered: blanks and notifications are not."""
    return bool(line.strip()) and any(isinstance(part, Fault) or part.id is not UNSET for part in parts(line))


@given(streams())
@example([row.line() for row in CORPUS])
@settings(max_examples=200, derandomize=True)
def test_whatever_is_decoded_can_be_answered(stream: list[bytes]) -> None:
    for part in (part for line in stream for part in parts(line)):
        if isinstance(part, Fault):
            check_answer(jsonrpc.encode_fault(None, part))
        elif not isinstance(part.id, type(UNSET)):
            answer = jsonrpc.encode_fault(part.id, jsonrpc.METHOD_NOT_FOUND)
            check_answer(answer)
            assert len(answer) < 1100, "a hundred of these fit the line of a batch"


@given(streams(), st.lists(st.integers(1, 300), min_size=1, max_size=4))
@settings(max_examples=100, derandomize=True)
def test_every_line_is_answered_however_it_is_cut(
    daemon: Daemon, stream: list[bytes], sizes: list[int]
) -> None:
    data, at, turn = b"".join(line + b"\n" for line in stream), 0, 0
    with daemon.caller() as caller:
        while at < len(data):
            size = sizes[turn % len(sizes)]
            caller._socket.sendall(data[at : at + size])
            at, turn = at + size, turn + 1
        daemon.answered(caller, b"", lines=sum(map(expects_answer, stream)))


# --- every method, from the document --------------------------------------------------------------------------------


def call(daemon: Daemon, method: str, params: Any, number: Any) -> dict[str, Any]:
    """Calls on a connection of its own; the answer is one that the document allows."""
    line = written({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode()
    with daemon.caller() as caller:
        caller._socket.sendall(line + b"\n")
        answer: dict[str, Any] = read(caller)
    if "result" in answer:
        assert answer["id"] == number
        assert API.fits(API.methods[method]["result"]["schema"], answer["result"]), "as described"
        if method == "profile.lock":
            daemon.node.unlock()
    else:
        assert answer["error"]["code"] in API.codes(method) | {-32602, -32700}, f"{method} does not list it"
    return answer


def fits(schema: Schema, params: Any) -> bool:
    """Whether the document allows it: what no UTF-8 or no number of Python's holds is not even JSON."""
    try:
        read = json.loads(written(params))
        json.dumps(read, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        return False
    return API.fits(schema, read)


def examples_of(method: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """How often a method is tried."""
    return settings(bounded, max_examples=DEAR.get(method, EXAMPLES))


@pytest.mark.parametrize("method", METHODS)
def test_what_the_document_allows_is_taken(daemon: Daemon, method: str) -> None:
    @examples_of(method)
    @given(API.params(method, daemon.known), ids)
    def tried(params: dict[str, Any], number: Any) -> None:
        answer = call(daemon, method, params, number)
        assert shown(answer) != "-32602" or method in TIED, params

    tried()


@pytest.mark.parametrize("method", METHODS)
def test_what_the_document_does_not_allow_is_refused(daemon: Daemon, method: str) -> None:
    schema = API.params_schema(method)

    @examples_of(method)
    @given(spoiled(API.params(method, daemon.known)) | hostile_values, ids)
    def tried(params: Any, number: Any) -> None:
        answer = call(daemon, method, params, number)
        refused = shown(answer) in ("-32602", "-32700")
        assert refused or fits(schema, params), params
        assert not refused or not fits(schema, params) or method in TIED, params

    tried()

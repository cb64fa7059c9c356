"""WebSockets that are spoken wrongly or without end: they are closed with the reason, and cost no memory."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.support.hostile_lines import check_answer, corpus
from tests.support.http_daemon import CALL, HttpDaemon, http_daemon
from tests.support.process_size import memory
from tests.support.raw_http import BINARY, CLOSE, PING, PONG, TEXT, Frame, RawHttp, Response, head

MIB = 1 << 20


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpDaemon]:
    with http_daemon(tmp_path_factory.mktemp("http")) as daemon:
        yield daemon


@pytest.fixture
def websocket(daemon: HttpDaemon) -> Iterator[RawHttp]:
    with daemon.connect() as connection:
        assert upgraded(daemon, connection).status == 101
        yield connection


def upgraded(daemon: HttpDaemon, connection: RawHttp, **other: str | None) -> Response:
    response = connection.upgrade(daemon.headers(Content_Type=None, **other))
    assert response is not None
    return response


def read_value(connection: RawHttp) -> Any:
    frame = connection.read_frame()
    assert frame is not None
    assert frame.opcode == TEXT
    return check_answer(frame.payload)


def test_no_subprotocol_and_no_extension_is_agreed_on(daemon: HttpDaemon) -> None:
    with daemon.connect() as connection:
        wanted = {"Sec_WebSocket_Protocol": "zebra, v2", "Sec_WebSocket_Extensions": "permessage-deflate"}
        response = upgraded(daemon, connection, **wanted)
        assert response.status in (101, 400)
        assert "sec-websocket-protocol" not in response.headers
        assert "sec-websocket-extensions" not in response.headers


@pytest.mark.parametrize(
    "other",
    [{"Sec_WebSocket_Version": "12"}, {"Sec_WebSocket_Key": None}, {"Connection": "close"}],
)  # fmt: skip
def test_a_handshake_that_is_wrong_is_refused(daemon: HttpDaemon, other: Mapping[str, str | None]) -> None:
    wanted = {
        "Host": f"127.0.0.1:{daemon.port}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Version": "13",
        "Authorization": f"Bearer {daemon.token}",
    }
    for name, value in other.items():
        wanted.pop(name.replace("_", "-"))
        wanted.update({} if value is None else {name.replace("_", "-"): value})
    assert daemon.ask(head("GET", "/rpc", wanted)).status in (400, 426)


def test_the_corpus_as_messages(daemon: HttpDaemon, websocket: RawHttp) -> None:
    for row in corpus():
        line = row.line(daemon.node.id)
        if _is_utf8(line) and line.strip():
            websocket.send(websocket.frame(TEXT, line))
            if not row.notification:
                row.check(read_value(websocket))


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def test_a_message_in_pieces_with_pings_between_is_one_message(websocket: RawHttp) -> None:
    pieces = [CALL[at : at + 1] for at in range(len(CALL))]
    data = websocket.frame(TEXT, pieces[0], last=False)
    for piece in pieces[1:-1]:
        data += websocket.frame(PING, b"?") + websocket.frame(0, piece, last=False)
    websocket.send(data + websocket.frame(0, pieces[-1]))
    pongs = [websocket.read_frame() for _ in pieces[1:-1]]
    assert pongs == [Frame(PONG, b"?")] * len(pongs)
    assert "result" in read_value(websocket)


ENDS: dict[str, tuple[int, list[dict[str, Any]]]] = {
    "bytes": (1003, [{"opcode": BINARY, "payload": CALL}]),
    "text that is no UTF-8": (1007, [{"opcode": TEXT, "payload": b"\xff\xfe"}]),
    "a frame without a mask": (1002, [{"opcode": TEXT, "payload": CALL, "masked": False}]),
    "a kind that nobody knows": (1002, [{"opcode": 3, "payload": b"zebra"}]),
    "a bit that nobody agreed on": (1002, [{"opcode": TEXT, "payload": CALL, "reserved": 4}]),
    "a piece of nothing": (1002, [{"opcode": 0, "payload": b"zebra"}]),
    "a ping in pieces": (1002, [{"opcode": PING, "payload": b"", "last": False}]),
    "a ping that is too long": (1002, [{"opcode": PING, "payload": b"x" * 126}]),
    "a message in a message": (1002, [{"opcode": TEXT, "payload": b"[", "last": False}, {"opcode": TEXT, "payload": b"]"}]),
    "more than a mebibyte": (1009, [{"opcode": TEXT, "payload": b" " * (MIB + 1)}]),
    "more than a mebibyte in pieces": (
        1009,
        [{"opcode": TEXT, "payload": b"", "last": False}] + [{"opcode": 0, "payload": b" " * 9000, "last": False}] * 200,
    ),
    "a close with half a status": (1002, [{"opcode": CLOSE, "payload": b"x"}]),
}  # fmt: skip


@pytest.mark.parametrize("what", ENDS)
def test_what_is_no_message_ends_the_connection_with_its_reason(
    daemon: HttpDaemon, websocket: RawHttp, what: str
) -> None:
    reason, frames = ENDS[what]
    websocket.send(b"".join(websocket.frame(**frame) for frame in frames))
    closed = websocket.read_frame()
    assert closed is not None
    assert (closed.opcode, closed.reason) == (CLOSE, reason)
    assert b"zebra" not in closed.payload
    assert websocket.ended()
    daemon.works()


def test_floods_cost_no_memory(daemon: HttpDaemon) -> None:
    """Pings whose answers nobody reads; pieces of nothing, and of one character, of a message that never ends."""
    before = memory(daemon.node.pid)
    with daemon.connect() as pings, daemon.connect() as nothings, daemon.connect() as letters:
        for connection in (pings, nothings, letters):
            assert upgraded(daemon, connection).status == 101
            connection.socket.settimeout(1)
        ping = pings.frame(PING, b"x" * 125) * 1000
        for _ in range(200):
            if not pings.send(ping):
                break  # it is not read any more
        nothings.send(nothings.frame(TEXT, b"", last=False))
        for _ in range(3):
            nothings.send(nothings.frame(0, b"", last=False) * 10_000)
        letters.send(letters.frame(TEXT, b"[", last=False))
        for _ in range(3):
            letters.send(letters.frame(0, b" ", last=False) * 10_000)
        daemon.works()
        assert memory(daemon.node.pid) - before < 24 * MIB
    daemon.works()

"""HTTP on loopback, on a real daemon over real TCP: calls, events over a WebSocket, and what is turned away."""

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Event, RejectConnection, Request, TextMessage

from tests.support.node import PATIENCE, Node, nodes, until
from tests.support.raw_peer import someone


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
    return port


PORT = free_port()


@pytest.fixture
def alice(tmp_path: Path) -> Iterator[Node]:
    """A daemon that answers HTTP too."""
    with nodes(tmp_path, "alice", more={"http": ["127.0.0.1", PORT]}) as (node,):
        yield node


@pytest.fixture
def token(alice: Node) -> str:
    made: str = alice.call("token.create", scope="send")["token"]
    return made


def post(
    body: bytes, token: str | None, headers: dict[str, str] | None = None, method: str = "POST"
) -> tuple[int, Any, dict[str, str]]:
    """A request of its own connection: status, decoded body, headers."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=PATIENCE)
    sent = {"Content-Type": "application/json", **(headers or {})}
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    try:
        connection.request(method, "/rpc", body, sent)
        answer = connection.getresponse()
        read = answer.read()
        return answer.status, json.loads(read) if read else None, dict(answer.getheaders())
    finally:
        connection.close()


def call(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def test_a_call_a_batch_and_a_notification(alice: Node, token: str) -> None:
    status, answer, headers = post(json.dumps(call("daemon.status")).encode(), token)
    assert (status, answer["result"]["pid"]) == (200, alice.pid)
    assert headers["cache-control"] == "no-store"
    batch = json.dumps([call("tor.status"), call("no.such")]).encode()
    _, answers, _ = post(batch, token)
    assert [("result" in each, each.get("error", {}).get("code")) for each in answers] == [
        (True, None),
        (False, -32601),
    ]
    silent = {key: value for key, value in call("tor.status").items() if key != "id"}
    assert post(json.dumps(silent).encode(), token)[:2] == (204, None)


def test_one_connection_carries_call_after_call(alice: Node, token: str) -> None:
    chat = alice("contact.add", address=someone().onion)["id"]
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=PATIENCE)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    for number in range(20):
        body = json.dumps(call("message.send", profile=alice.id, conversation=chat, text=str(number)))
        connection.request("POST", "/rpc", body, headers)
        assert json.loads(connection.getresponse().read())["result"]["text"] == str(number)
    connection.close()
    assert alice.texts(chat, outgoing=True) == [str(number) for number in range(20)]


def test_the_tokens_scope_holds_and_there_are_no_events_in_a_post(alice: Node, token: str) -> None:
    for method, params, name in (
        ("token.list", {}, "unauthorized"),
        ("event.subscribe", {"profile": alice.id}, "not_supported"),
        ("rpc.authenticate", {"token": token}, "unauthorized"),
    ):
        _, answer, _ = post(json.dumps(call(method, **params)).encode(), token)
        assert answer["error"]["data"]["name"] == name


def test_nobody_comes_in_without_a_token_and_no_page_with_one(token: str) -> None:
    body = json.dumps(call("daemon.status")).encode()
    for shown, headers, method, status in (
        (None, {}, "POST", 401),
        (token[:-1] + "_", {}, "POST", 401),
        (token, {"Host": "attacker.example"}, "POST", 403),
        (token, {"Origin": "http://attacker.example"}, "POST", 403),
        (token, {"Origin": "null"}, "POST", 403),
        (token, {"Content-Type": "text/plain"}, "POST", 415),
        (token, {"Origin": "http://attacker.example"}, "OPTIONS", 403),
        (token, {}, "GET", 405),
    ):
        answered, answer, sent = post(body, shown, headers, method)
        assert answered == status
        assert "result" not in answer
        assert not [name for name in sent if name.lower().startswith("access-control")]


def test_a_body_that_is_too_long_is_refused_and_the_daemon_goes_on(alice: Node, token: str) -> None:
    assert post(b" " * ((1 << 20) + 1), token)[0] == 413
    assert post(b"{", token)[1]["error"]["code"] == -32700
    assert alice.call("daemon.status")["pid"] == alice.pid


def test_what_is_no_http_is_closed(alice: Node) -> None:
    for said in (
        b"\x16\x03\x01\x02\x00" * 4 + b"\r\n\r\n",
        b"GET /" + b"a" * 100_000,
        b'{"jsonrpc":"2.0"}\r\n\r\n',
    ):
        with socket.create_connection(("127.0.0.1", PORT), PATIENCE) as raw:
            raw.sendall(said)
            answer = b""
            while read := raw.recv(4096):
                answer += read
            assert answer.startswith(b"HTTP/1.1 4")
    assert alice.call("daemon.status")["pid"] == alice.pid


class WebSocketCaller:
    """A WebSocket client, by the library whose other half the daemon uses."""

    def __init__(self, token: str, *headers: tuple[bytes, bytes]) -> None:
        self._socket = socket.create_connection(("127.0.0.1", PORT), PATIENCE)
        self._frames = WSConnection(ConnectionType.CLIENT)
        self._events: list[Event] = []
        extra = [(b"Authorization", b"Bearer " + token.encode()), *headers]
        self._send(Request(host=f"127.0.0.1:{PORT}", target="/rpc", extra_headers=extra))
        self.opened = self.next_event()

    def _send(self, event: Event) -> None:
        self._socket.sendall(self._frames.send(event))

    def next_event(self) -> Event | None:
        while not self._events:
            data = self._socket.recv(65536)
            self._frames.receive_data(data or None)
            self._events += self._frames.events()
            if not data and not self._events:
                return None
        return self._events.pop(0)

    def say(self, text: str) -> None:
        self._send(TextMessage(data=text))

    def read(self) -> Any:
        text = ""
        while True:
            event = self.next_event()
            assert isinstance(event, TextMessage), event
            text += event.data
            if event.message_finished:
                return json.loads(text)

    def close(self) -> None:
        self._socket.close()


def test_a_websocket_carries_calls_and_events(alice: Node, token: str) -> None:
    caller = WebSocketCaller(token)
    assert isinstance(caller.opened, AcceptConnection)
    caller.say(json.dumps(call("event.subscribe", profile=alice.id, after=0)))
    assert "subscription" in caller.read()["result"]
    chat = alice("contact.add", address=someone().onion)["id"]
    alice.send(chat, "ü" * 2000)
    told: list[Any] = []
    while not told or told[-1]["type"] != "message.queued":
        told.append(caller.read()["params"])
    assert told[-1]["data"]["text"] == "ü" * 2000
    caller.close()


def test_a_websocket_without_a_token_or_from_a_page_is_turned_away(token: str) -> None:
    for shown, headers in (("wrong", ()), (token, ((b"Origin", b"http://attacker.example"),))):
        caller = WebSocketCaller(shown, *headers)
        assert isinstance(caller.opened, RejectConnection)
        assert caller.opened.status_code in (401, 403)
        caller.close()


def test_a_revoked_token_ends_its_websocket(alice: Node) -> None:
    made = alice.call("token.create", scope="read")
    caller = WebSocketCaller(made["token"])
    alice.call("token.revoke", id=made["id"])
    with pytest.raises(ConnectionError):  # it is cut, not taken leave of: its reader may have stalled
        caller.next_event()
    caller.close()


def test_a_daemon_that_stops_says_goodbye(alice: Node, token: str) -> None:
    caller = WebSocketCaller(token)
    alice.call("daemon.shutdown")
    assert isinstance(caller.next_event(), CloseConnection)
    caller.close()
    until("it is gone", lambda: not alice.socket.exists())


def test_it_is_off_unless_it_is_asked_for(tmp_path: Path) -> None:
    with nodes(tmp_path, "bob"), pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", PORT), PATIENCE)


def said(data: bytes, *, half_close: bool = False) -> bytes:
    """All that comes back for these bytes."""
    with socket.create_connection(("127.0.0.1", PORT), PATIENCE) as raw:
        raw.sendall(data)
        if half_close:
            raw.shutdown(socket.SHUT_WR)
        answer = b""
        while read := raw.recv(65536):
            answer += read
    return answer


def head(token: str, method: str, *more: str) -> bytes:
    lines = [f"{method} /rpc HTTP/1.1", f"Host: 127.0.0.1:{PORT}", f"Authorization: Bearer {token}", *more]
    return "\r\n".join([*lines, "", ""]).encode()


def test_whoever_has_written_all_still_gets_its_answer(alice: Node, token: str) -> None:
    body = json.dumps(call("daemon.status")).encode()
    request = head(token, "POST", "Content-Type: application/json", f"Content-Length: {len(body)}") + body
    assert json.loads(said(request, half_close=True).split(b"\r\n\r\n", 1)[1])["result"]["pid"] == alice.pid


def test_a_head_is_refused_without_a_body_and_nothing_is_logged(alice: Node, token: str) -> None:
    status, _, body = said(head(token, "HEAD")).partition(b"\r\n\r\n")
    assert status.startswith(b"HTTP/1.1 405")
    assert body == b""
    assert "incident" not in alice.log.read_text()


def test_a_websocket_that_can_not_begin_begins_nothing_else(alice: Node, token: str) -> None:
    strange = head(
        token,
        "GET",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ).replace(b"\r\n\r\n", b"\r\nSec-WebSocket-Extensions: \xff;;\r\n\r\n")
    assert said(strange).startswith(b"HTTP/1.1 400")
    assert "incident" not in alice.log.read_text()


def test_those_who_show_no_token_give_way(alice: Node, token: str) -> None:
    silent = [socket.create_connection(("127.0.0.1", PORT), PATIENCE) for _ in range(300)]
    status, answer, _ = post(json.dumps(call("daemon.status")).encode(), token)
    assert (status, answer["result"]["pid"]) == (200, alice.pid)
    for each in silent:
        each.close()


def test_a_call_whose_token_is_revoked_while_it_comes_in_is_refused(alice: Node) -> None:
    made = alice.call("token.create", scope="read")
    body = json.dumps(call("daemon.status")).encode()
    with socket.create_connection(("127.0.0.1", PORT), PATIENCE) as raw:
        length = f"Content-Length: {len(body)}"
        raw.sendall(head(made["token"], "POST", "Content-Type: application/json", length) + body[:-5])
        alice.call("token.revoke", id=made["id"])
        raw.sendall(body[-5:])
        answer = raw.recv(65536)
    assert b"unauthorized" in answer


def test_a_port_that_is_taken_is_said_in_a_sentence(alice: Node, tmp_path: Path) -> None:
    second = Node(tmp_path, "bob", alice.tor)
    second.more = alice.more
    second.spawn()
    assert second._process is not None
    assert second._process.wait(PATIENCE) == 1
    assert "port of --http is taken" in second.log.read_text()

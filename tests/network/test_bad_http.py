"""HTTP on loopback, from where no friend calls: pages in a browser, and programs that speak it wrongly, slowly or without end."""

import json
from collections.abc import Iterator
from typing import Any, cast

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransportWithDisconnection

from cwtchd.rpc.http import REQUEST_SECONDS, HttpFactory
from tests.support.hostile_lines import HostileLine, corpus
from tests.support.http_daemon import CALL, HttpDaemon, checked, http_daemon
from tests.support.node import until
from tests.support.process_size import descriptors, memory
from tests.support.raw_http import head

MIB = 1 << 20


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpDaemon]:
    with http_daemon(tmp_path_factory.mktemp("http")) as daemon:
        yield daemon


# --- a page in a browser on the same machine -------------------------------------------------------------------------

FOREIGN_HOSTS = [
    "attacker.example:{port}",
    "127.0.0.1.evil.example:{port}",
    "127.0.0.1.nip.io:{port}",
    "localhost.evil.example:{port}",
    "localhost:{port}.evil.example",
    "evil.example#127.0.0.1:{port}",
    "user@127.0.0.1:{port}",
    "0.0.0.0:{port}",
    "127.1:{port}",
    "2130706433:{port}",
    "127.0.0.1",
    "127.0.0.1:80",
    "zebra",
]


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_a_name_that_was_made_to_point_here_is_not_heard(daemon: HttpDaemon, host: str) -> None:
    assert daemon.ask(daemon.post(Host=host.format(port=daemon.port))).status == 403


def test_no_host_and_two_hosts_are_not_heard(daemon: HttpDaemon) -> None:
    assert daemon.ask(daemon.post(Host=None)).status in (400, 403)
    rows = [*daemon.headers(Content_Length=str(len(CALL))).items(), ("Host", f"127.0.0.1:{daemon.port}")]
    assert daemon.ask(head("POST", "/rpc", rows) + CALL).status in (400, 403)


@pytest.mark.parametrize(
    "target", ["http://attacker.example/rpc", "//attacker.example/rpc", "/rpc/../rpc", "*"]
)
def test_there_is_one_target(daemon: HttpDaemon, target: str) -> None:
    assert daemon.ask(daemon.post(target=target)).status in (400, 404)


@pytest.mark.parametrize(
    "origin",
    [
        "http://attacker.example",
        "null",
        "",
        "file://",
        "http://127.0.0.1",
        "https://127.0.0.1:{port}",
        "http://127.0.0.1:{port}.evil.example",
        "http://127.0.0.1:{port} http://zebra",
    ],
)
def test_a_page_is_turned_away_by_its_origin(daemon: HttpDaemon, origin: str) -> None:
    forged = origin.format(port=daemon.port)
    assert daemon.ask(daemon.post(Origin=forged)).status == 403
    with daemon.connect() as connection:
        response = connection.upgrade(daemon.headers(Content_Type=None, Origin=forged))
        assert response is not None
        assert checked(response).status == 403


@pytest.mark.parametrize("origin", ["http://attacker.example", "http://127.0.0.1:{port}"])
def test_a_browser_that_asks_before_it_calls_hears_no_yes(daemon: HttpDaemon, origin: str) -> None:
    asks = {
        "Host": f"127.0.0.1:{daemon.port}",
        "Origin": origin.format(port=daemon.port),
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type",
        "Access-Control-Request-Private-Network": "true",
    }
    assert daemon.ask(head("OPTIONS", "/rpc", asks)).status in (403, 405)


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", None, "json"],
)
def test_what_a_form_can_send_is_not_a_call(daemon: HttpDaemon, kind: str | None) -> None:
    assert daemon.ask(daemon.post(Content_Type=kind)).status == 415
    assert daemon.ask(daemon.post(Content_Type=kind, Authorization=None)).status in (401, 415)


@pytest.mark.parametrize(
    "target", ["/rpc?token={token}", "/rpc?access_token={token}", "/{token}", "/rpc#{token}", "/rpc;{token}"]
)
def test_a_token_in_a_url_is_refused(daemon: HttpDaemon, target: str) -> None:
    there = target.format(token=daemon.token)
    for authorization in (None, f"Bearer {daemon.token}"):
        response = daemon.ask(daemon.post(target=there, Authorization=authorization))
        assert response.status in (400, 401, 404)
        assert daemon.token.encode() not in response.body


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Basic {token}", "{token}", "Bearer {token}x", "Bearer x {token}", "Bearer \xff"],
)  # fmt: skip
def test_without_the_token_nothing_is_done(daemon: HttpDaemon, authorization: str | None) -> None:
    shown = None if authorization is None else authorization.format(token=daemon.token)
    response = daemon.ask(daemon.post(Authorization=shown))
    assert response.status in (400, 401)
    assert "result" not in json.loads(response.body)
    with daemon.connect() as connection:
        answer = connection.upgrade(daemon.headers(Content_Type=None, Authorization=shown))
        assert answer is not None
        assert checked(answer).status in (400, 401)


# --- HTTP that is wrong, too long, too slow --------------------------------------------------------------------------


@pytest.mark.parametrize("row", [row for row in corpus() if row.line().strip()], ids=lambda row: row.what)
def test_a_line_of_the_corpus_as_a_body(daemon: HttpDaemon, row: HostileLine) -> None:
    response = daemon.ask(daemon.post(row.line(daemon.node.id)))
    if row.notification:
        assert (response.status, response.body) == (204, b"")
    else:
        assert response.status == 200
        row.check(json.loads(response.body))


def chunked(daemon: HttpDaemon, *chunks: bytes) -> bytes:
    body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return head("POST", "/rpc", daemon.headers(Transfer_Encoding="chunked")) + body


def test_a_body_in_chunks_is_a_body(daemon: HttpDaemon) -> None:
    chunks = [CALL[at : at + 1] for at in range(len(CALL))]
    assert daemon.ask(chunked(daemon, *chunks, b"")).status == 200


WRONG: dict[str, tuple[bytes, dict[str, str | None]]] = {
    "a length below nought": (CALL, {"Content_Length": "-1"}),
    "a length in words": (CALL, {"Content_Length": "zebra"}),
    "two lengths": (CALL, {"Content_Length": "5, 6"}),
    "an encoding nobody knows": (CALL, {"Transfer_Encoding": "zebra"}),
    "a chunk's size in words": (b"zebra\r\n", {"Transfer_Encoding": "chunked"}),
    "a header with a NUL": (CALL, {"X": "\0"}),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_request_that_is_none_is_refused(daemon: HttpDaemon, what: str) -> None:
    body, headers = WRONG[what]
    response = daemon.ask(head("POST", "/rpc", daemon.headers(**headers)) + body)
    assert response.status in (400, 501)
    daemon.works()


@pytest.mark.parametrize(
    "data", [b"zebra\r\n\r\n", CALL + b"\r\n\r\n", b"\x16\x03\x01\x02\x00" * 50 + b"\r\n\r\n", b"POST /rpc HTTP/9.9\r\n\r\n"]
)  # fmt: skip
def test_what_is_not_http_is_refused(daemon: HttpDaemon, data: bytes) -> None:
    assert daemon.ask(data).status in (400, 403, 505)


def test_a_body_of_a_mebibyte_is_heard_and_a_longer_one_is_refused(daemon: HttpDaemon) -> None:
    whole = CALL + b" " * (MIB - len(CALL))
    assert daemon.ask(daemon.post(whole)).status == 200
    assert daemon.ask(daemon.post(whole + b" ")).status == 413


def test_bodies_and_heads_without_end(daemon: HttpDaemon) -> None:
    before = memory(daemon.node.pid)
    endless = {
        413: chunked(daemon, *[b" " * MIB] * 20),
        431: head("POST", "/rpc", daemon.headers(X="zebra" * 200_000)),
    }
    for status, data in endless.items():
        assert daemon.ask(data).status == status
    with daemon.connect() as connection:
        connection.send(head("POST", "/rpc", daemon.headers(Content_Length=str(10**18))))
        for _ in range(20):
            connection.send(b" " * MIB)
        response = connection.read()
        assert response is not None
        assert response.status == 413
        assert connection.ended()
    assert memory(daemon.node.pid) - before < 16 * MIB
    daemon.works()


def test_requests_behind_one_another_are_answered_in_order(daemon: HttpDaemon) -> None:
    bodies = [b'{"jsonrpc":"2.0","id":%d,"method":"tor.status"}' % number for number in range(60)]
    with daemon.connect() as connection:
        connection.send(b"".join(map(daemon.post, bodies)))
        for number in range(60):
            response = connection.read()
            assert response is not None
            assert json.loads(checked(response).body)["id"] == number


def test_a_forged_request_behind_a_good_one_is_refused_and_ends_the_connection(daemon: HttpDaemon) -> None:
    with daemon.connect() as connection:
        connection.send(daemon.post() + daemon.post(Host="attacker.example") + daemon.post())
        statuses = [getattr(connection.read(), "status", None) for _ in range(3)]
        assert statuses == [200, 403, None]


def test_callers_that_go_in_the_middle_leave_nothing_behind(daemon: HttpDaemon) -> None:
    held = descriptors(daemon.node.pid)
    sizes = []
    for _ in range(3):
        connections = [daemon.connect() for _ in range(200)]
        for number, connection in enumerate(connections):
            request = daemon.post(CALL + b" " * 10_000)
            connection.send(request[: (number + 1) * len(request) // 201])
        daemon.works()
        for connection in connections:
            connection.__exit__()
        until("their descriptors are closed", lambda: descriptors(daemon.node.pid) <= held)
        sizes.append(memory(daemon.node.pid))
    assert sizes[-1] - sizes[0] < 2 * MIB


@pytest.mark.parametrize("said", [b"", b"POST /rpc HT", b"POST /rpc HTTP/1.1\r\nHost: 127.0.0.1:9\r\n"])
def test_half_a_request_is_not_waited_for_for_ever(said: bytes) -> None:
    """A clock that the test moves: nothing here is asked of a daemon before a request is whole."""
    clock, nobody = Clock(), cast("Any", None)
    protocol = HttpFactory(clock, nobody, nobody).buildProtocol(None)
    transport = StringTransportWithDisconnection(IPv4Address("TCP", "127.0.0.1", 9))  # type: ignore[no-untyped-call]
    transport.protocol = protocol
    protocol.makeConnection(transport)  # type: ignore[no-untyped-call]
    for byte in said:
        protocol.dataReceived(bytes([byte]))
        clock.advance((REQUEST_SECONDS - 1) / (len(said) + 1))
    ended = [not transport.connected]
    clock.advance(REQUEST_SECONDS)
    ended.append(not transport.connected)
    assert ended == [False, True]
    assert not clock.getDelayedCalls()

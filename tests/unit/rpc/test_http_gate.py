"""Who may come in by HTTP: programs with a token, and no page of a browser, whatever name it made point here."""

import h11
import pytest

from cwtchd.rpc.http_gate import Admitted, TurnedAway, Way, judge

PORT = 4711
GOOD = {
    "Host": "127.0.0.1:4711",
    "Content-Type": "application/json",
    "Authorization": "Bearer cwtchd_1_x",
}


def ask(
    method: str = "POST", target: str = "/rpc", more: dict[str, str] | None = None, without: str = ""
) -> Admitted | TurnedAway:
    headers = [(name, value) for name, value in {**GOOD, **(more or {})}.items() if name != without]
    return judge(h11.Request(method=method, target=target, headers=headers, http_version="1.0"), PORT)


def status(asked: Admitted | TurnedAway) -> int | None:
    return asked.status if isinstance(asked, TurnedAway) else None


def test_a_program_with_a_token_comes_in() -> None:
    assert ask() == Admitted(Way.POST, "cwtchd_1_x")
    assert ask(more={"Content-Type": "application/json; charset=utf-8"}) == Admitted(Way.POST, "cwtchd_1_x")
    websocket = ask("GET", more={"Upgrade": "WebSocket", "Connection": "Upgrade"})
    assert websocket == Admitted(Way.WEBSOCKET, "cwtchd_1_x")


@pytest.mark.parametrize("host", ["127.0.0.1:4711", "localhost:4711", "LOCALHOST:4711", "[::1]:4711"])
def test_this_machine_has_these_names(host: str) -> None:
    assert status(ask(more={"Host": host})) is None


@pytest.mark.parametrize(
    "host",
    [
        "attacker.example",
        "attacker.example:4711",
        "127.0.0.1",
        "127.0.0.1:80",
        "127.0.0.1.evil.example:4711",
        "127.0.0.1:4711.evil.example",
        "localhost.:4711",
        "0.0.0.0:4711",
        "",
    ],
)
def test_and_no_others(host: str) -> None:
    assert status(ask(more={"Host": host})) == 403


def test_a_host_that_is_missing_is_nobodys() -> None:
    assert status(ask(without="Host")) == 403


@pytest.mark.parametrize(
    "origin",
    [
        "http://attacker.example",
        "https://127.0.0.1:4711",
        "http://127.0.0.1",
        "http://127.0.0.1:4712",
        "null",
        "file://",
        "",
    ],
)
def test_a_page_is_turned_away_whatever_it_wants(origin: str) -> None:
    assert status(ask(more={"Origin": origin})) == 403
    assert status(ask("GET", more={"Origin": origin, "Upgrade": "websocket"})) == 403
    assert status(ask("OPTIONS", more={"Origin": origin})) == 403


def test_an_origin_that_is_our_own_is_no_page_of_others() -> None:
    assert status(ask(more={"Origin": "http://127.0.0.1:4711"})) is None


@pytest.mark.parametrize(
    "target", ["/rpc?token=cwtchd_1_x", "/?", "/rpc/", "/other", "http://127.0.0.1:4711/rpc"]
)
def test_there_is_one_place_and_no_token_in_a_url(target: str) -> None:
    assert status(ask(target=target)) == 404


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_a_form_can_not_be_sent_here(kind: str) -> None:
    assert status(ask(more={"Content-Type": kind})) == 415


@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS", "HEAD", "DELETE"])
def test_calls_are_posted(method: str) -> None:
    assert status(ask(method)) == 405


@pytest.mark.parametrize("value", ["", "Bearer", "Basic cwtchd_1_x", "cwtchd_1_x"])
def test_without_a_token_nobody_is_anybody(value: str) -> None:
    turned_away = ask(more={"Authorization": value})
    assert status(turned_away) == 401
    assert isinstance(turned_away, TurnedAway)
    assert (b"www-authenticate", b"Bearer") in turned_away.headers


def test_a_header_that_stands_twice_is_not_believed() -> None:
    headers = [*GOOD.items(), ("Authorization", "Bearer other")]
    request = h11.Request(method="POST", target="/rpc", headers=headers, http_version="1.0")
    assert status(judge(request, PORT)) == 401


def test_no_refusal_carries_a_header_that_lets_a_page_read_it() -> None:
    for asked in (ask("OPTIONS"), ask(more={"Origin": "null"}), ask(without="Authorization")):
        assert isinstance(asked, TurnedAway)
        assert not [name for name, _ in asked.headers if name.startswith(b"access-control")]

"""API tokens on a real daemon: what they let in, what they hide, and what is left of them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.node import Caller, Node, Refused, nodes, refused, until
from tests.support.raw_peer import someone

Shown = Callable[..., Caller]


@pytest.fixture
def connect(alice: Node) -> Iterator[Callable[[], Caller]]:
    """Opens connections of their own to alice's daemon."""
    opened: list[Caller] = []

    def another() -> Caller:
        opened.append(alice.caller())
        return opened[-1]

    yield another
    for caller in opened:
        caller.close()


@pytest.fixture
def holder(alice: Node, connect: Callable[[], Caller]) -> Shown:
    """Opens a connection that holds to a new token."""

    def show(scope: str, **bound: Any) -> Caller:
        token = alice.call("token.create", scope=scope, **bound)["token"]
        caller = connect()
        caller("rpc.authenticate", token=token)
        return caller

    return show


def test_a_scope_lets_in_what_it_names(alice: Node, holder: Shown) -> None:
    chat = alice("contact.add", address=someone().onion)["id"]
    reading, sending = holder("read"), holder("send")
    assert reading("conversation.list", profile=alice.id)[0]["id"] == chat
    refused("unauthorized", reading, "message.send", profile=alice.id, conversation=chat, text="x")
    sent = sending("message.send", profile=alice.id, conversation=chat, text="from a bot")
    assert reading("message.get", profile=alice.id, message=sent["id"])["text"] == "from a bot"
    for caller in (reading, sending):
        refused("unauthorized", caller, "token.list")
        refused("unauthorized", caller, "profile.unlock", password=alice.password)
    assert holder("admin")("token.list")[0]["scope"] == "read"


def test_what_is_sent_behind_a_token_waits_for_it(alice: Node, caller: Caller) -> None:
    token = alice.call("token.create", scope="read")["token"]
    first = caller.send("rpc.authenticate", token=token)
    second = caller.send("token.list")
    caller.answer(first)
    refused("unauthorized", caller.answer, second)


def test_a_connection_holds_to_its_first_token(alice: Node, holder: Shown) -> None:
    caller = holder("read")
    wider = alice.call("token.create", scope="admin")["token"]
    refused("unauthorized", caller, "rpc.authenticate", token=wider)
    refused("unauthorized", caller, "token.list")


@pytest.mark.parametrize(
    "wrong", ["", "x", "cwtchd_1_", "cwtchd_99_" + "A" * 43, "cwtchd_1_" + "A" * 43, "ü" * 50]
)
def test_a_token_that_is_none_lets_nobody_in(alice: Node, caller: Caller, wrong: str) -> None:
    alice.call("token.create", scope="admin")
    refused("unauthorized", caller, "rpc.authenticate", token=wrong)


def test_a_bound_token_sees_one_profile_and_no_trace_of_another(alice: Node, holder: Shown) -> None:
    other = alice.call("profile.create", name="other", password="another password")["id"]
    bound = holder("admin", profile=alice.id)
    assert [each["id"] for each in bound("profile.list")] == [alice.id]
    assert [each["id"] for each in bound("daemon.status")["profiles"]] == [alice.id]
    refused("profile_locked", bound, "contact.list", profile=other)
    refused("profile_locked", bound, "event.subscribe", profile=other, after=0)
    refused("profile_locked", bound, "profile.lock", profile=other)
    bound("event.subscribe")
    alice.call("profile.lock", profile=other)
    alice.call("profile.lock", profile=alice.id)
    event = bound.read()["params"]
    assert (event["type"], event["data"]["id"]) == ("profile.locked", alice.id)


def test_a_token_for_a_conversation_sees_that_one(alice: Node, holder: Shown) -> None:
    mine, hidden = (alice("contact.add", address=someone().onion)["id"] for _ in range(2))
    secret = alice.send(hidden, "not for you")
    bound, following = (holder("send", profile=alice.id, conversations=[mine]) for _ in range(2))
    following("event.subscribe", profile=alice.id, after=0)
    sent = bound("message.send", profile=alice.id, conversation=mine, text="for you")
    assert [each["id"] for each in bound("contact.list", profile=alice.id)] == [mine]
    for method, params in (
        ("message.list", {"conversation": hidden}),
        ("message.send", {"conversation": hidden, "text": "x"}),
        ("message.get", {"message": secret["id"]}),
        ("message.retry", {"message": secret["id"]}),
        ("message.send", {"conversation": mine, "text": "x", "reply_to": secret["id"]}),
        ("contact.block", {"conversation": hidden}),
    ):
        refused("not_found", bound, method, profile=alice.id, **params)
    refused("unauthorized", bound, "contact.add", profile=alice.id, address=someone().onion)
    page = bound("event.list", profile=alice.id, after=0)
    assert {event["data"].get("conversation", event["data"]["id"]) for event in page["events"]} == {mine}
    assert page["head"] >= page["events"][-1]["seq"]
    told: list[dict[str, Any]] = []
    while not told or told[-1]["data"].get("id") != sent["id"]:
        told += [event for event in [following.read()["params"]] if event["type"].startswith("message.")]
    assert {event["data"]["conversation"] for event in told} == {mine}


def test_a_revoked_token_ends_its_connections_and_no_other(alice: Node, holder: Shown) -> None:
    kept, ended = holder("read"), holder("read")
    ended("event.subscribe", profile=alice.id, after=0)
    (_, revoked) = alice.call("token.list")
    alice.call("token.revoke", id=revoked["id"])
    until("it is ended", lambda: _ends(ended))
    assert kept("daemon.status")["pid"] == alice.pid
    refused("not_found", alice.call, "token.revoke", id=revoked["id"])


def _ends(caller: Caller) -> bool:
    try:
        caller("daemon.status")
    except (OSError, AssertionError, json.JSONDecodeError):
        return True
    return False


def test_tokens_outlive_the_daemon_and_name_no_profile_on_disk(
    alice: Node, connect: Callable[[], Caller]
) -> None:
    token = alice.call("token.create", scope="send", profile=alice.id, label="echobot", folders=["/srv/in"])
    alice.kill()
    alice.start()
    (listed,) = alice.call("token.list")
    assert (listed["bound"], listed["profile"], listed["last_used_at"]) == (True, None, None)
    assert (listed["label"], listed["folders"], listed["conversations"]) == ("echobot", ["/srv/in"], None)
    alice.unlock()
    assert alice.call("token.list")[0]["profile"] == alice.id
    caller = connect()
    assert caller("rpc.authenticate", token=token["token"])["profile"] == alice.id
    stored = (alice.home / "daemon.db").read_bytes()
    assert alice.id.encode() not in stored
    assert token["token"].split("_", 2)[2].encode() not in stored
    assert (alice.home / "daemon.db").stat().st_mode & 0o777 == 0o600


def test_conversations_need_their_profile(alice: Node) -> None:
    refused("not_found", alice.call, "token.create", scope="read", conversations=[1])
    refused("profile_locked", alice.call, "token.create", scope="read", profile="x" * 56)
    refused(-32602, alice.call, "token.create", scope="read", folders=["not/absolute"])
    refused(-32602, alice.call, "token.create", scope="everything")


def test_a_holder_that_calls_too_fast_is_told_so_and_the_owner_never_is(
    holder: Shown, connect: Callable[[], Caller]
) -> None:
    caller = holder("read")
    numbers = [caller.send("tor.status") for _ in range(1000)]
    refusals: list[str | None] = []
    for number in numbers:
        try:
            caller.answer(number)
        except Refused as error:
            refusals.append(error.name)
    assert set(refusals) == {"limit_exceeded"}
    assert len(refusals) < 1000
    mine = connect()
    for number in [mine.send("tor.status") for _ in range(1000)]:
        mine.answer(number)


def test_a_revoked_token_gets_nothing_more_even_where_it_had_stalled(alice: Node, holder: Shown) -> None:
    chat = alice("contact.add", address=someone().onion)["id"]
    stalled = holder("read")
    stalled("event.subscribe", profile=alice.id, after=0)
    for number in range(600):
        alice.send(chat, f"before {number} " + "x" * 2000)
    (token,) = alice.call("token.list")
    alice.call("token.revoke", id=token["id"])
    alice.send(chat, "after")
    told: list[str] = []
    try:
        while True:
            told.append(json.dumps(stalled.read()))
    except (OSError, json.JSONDecodeError):
        pass  # it was cut, in the middle of a line perhaps
    assert told
    assert not [line for line in told if '"text": "after"' in line]


def test_a_connection_that_is_narrowed_is_told_nothing_of_before(alice: Node, caller: Caller) -> None:
    other = alice.call("profile.create", name="other", password="another password")["id"]
    caller("event.subscribe", profile=alice.id, after=0)
    caller("event.subscribe")
    token = alice.call("token.create", scope="read", profile=other)["token"]
    caller("rpc.authenticate", token=token)
    alice("contact.add", address=someone().onion)
    alice.call("profile.lock", profile=alice.id)
    caller("event.subscribe", profile=other)
    alice.call("profile.set", profile=other, key="name", value="another")
    assert caller.read()["params"]["profile"] == other
    assert not [event for event in caller.events if event["type"] == "contact.changed"]


def test_a_holder_hands_on_no_more_than_it_has(holder: Shown) -> None:
    admin = holder("admin", folders=["/srv/in"])
    refused("unauthorized", admin, "token.create", scope="read", folders=["/srv"])
    admin("token.create", scope="read", folders=["/srv/in/deeper"])


def test_a_bound_reader_keeps_its_place_while_others_fill_the_log(tmp_path: Path) -> None:
    with nodes(tmp_path, "alice", more={"events_kept": 1_000}) as (alice,):
        mine, busy = (alice("contact.add", address=someone().onion)["id"] for _ in range(2))
        token = alice.call("token.create", scope="send", profile=alice.id, conversations=[mine])["token"]
        bound, writer = alice.caller(), alice.caller()
        bound("rpc.authenticate", token=token)
        # Of these only: that its contact is dialled in vain is told to it as well, live.
        head = bound("event.subscribe", profile=alice.id, types=["message.queued"])["head"]
        for _ in range(20):
            # In portions: a reader's turn comes behind what is queued, and more than the log keeps would expire its place.
            sent_now = [
                writer.send("message.send", profile=alice.id, conversation=busy, text=str(number))
                for number in range(100)
            ]
            for number in sent_now:
                writer.answer(number)
        assert alice("event.list", after=head + 1_500, limit=1)["head"] == head + 2_000
        sent = alice.send(mine, "for you")
        event = bound.read()["params"]
        assert (event["type"], event["data"]["id"]) == ("message.queued", sent["id"])
        again = alice.caller()
        again("rpc.authenticate", token=token)
        again("event.subscribe", profile=alice.id, after=event["seq"], types=["message.queued"])
        for each in (bound, writer, again):
            each.close()

"""Tokens that are too small: their holder learns nothing of what exists. Walks over every method that the document names.

Whoever adds a method or a param decides here who may call it and what it names: one without a decision fails.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cwtchd.rpc.dispatch import DOCUMENT
from tests.support.generated_calls import Document
from tests.support.node import Caller, Node, nodes
from tests.support.unit_of_work import stranger

API = Document(DOCUMENT)
METHODS = sorted(API.methods)

NEEDS = {
    "nothing": {"rpc.authenticate"},
    "read": {
        "rpc.discover",
        "daemon.status",
        "tor.status",
        "profile.list",
        "profile.get",
        "contact.list",
        "contact.get",
        "conversation.list",
        "conversation.get",
        "message.list",
        "message.get",
        "event.subscribe",
        "event.unsubscribe",
        "event.list",
        "server.list",
        "server.get",
    },
    "send": {
        "contact.add",
        "contact.accept",
        "contact.reject",
        "contact.block",
        "contact.set",
        "contact.unblock",
        "conversation.mark_read",
        "message.send",
        "message.retry",
    },
    "admin": {
        "daemon.shutdown",
        "tor.reset",
        "token.create",
        "token.list",
        "token.revoke",
        "profile.create",
        "profile.unlock",
        "profile.lock",
        "profile.set",
        "server.add",
        "server.remove",
        "server.sync",
        "hosting.create",
        "hosting.list",
        "hosting.get",
        "hosting.set",
        "hosting.start",
        "hosting.stop",
        "hosting.stats",
        "hosting.delete",
    },
}
"""The smallest scope that may call each method."""
SCOPES = ["read", "send", "admin"]

SHOWN_TO_ALL = {
    "rpc.discover",
    "rpc.authenticate",
    "daemon.status",
    "tor.status",
    "profile.list",
    "event.subscribe",
    "event.unsubscribe",
}
"""What one bound to a profile may call without naming it: it is narrowed. The rest of them is `unauthorized`."""

SHOWN_OF_A_PROFILE = {"profile.get", "contact.list", "conversation.list", "event.list", "server.list"}
"""What one bound to conversations may call without naming one: likewise."""

ABOUT_THE_PROFILE = {"server.remove", "server.sync"}
"""What one bound to conversations may not call though it names something: that belongs to the profile."""

NAMES_SOMETHING = {
    "profile": ["hidden profile", "no profile"],
    "conversation": ["hidden conversation", "no conversation"],
    "message": ["hidden message", "no message"],
    "reply_to": ["hidden message", "no message"],
    "server": ["hidden server", "no server"],
}
"""Params that name what may be hidden, with what is there and what is nowhere."""

NAMES_NOTHING = {
    "address",
    "after",
    "autostart",
    "before",
    "bundle",
    "client_id",
    "conversations",
    "description",
    "folders",
    "id",
    "intro_burst",
    "intro_rate",
    "key",
    "label",
    "limit",
    "max_hours",
    "max_messages",
    "max_mib",
    "message: text",
    "name",
    "onion_pow",
    "password",
    "scope",
    "subscription",
    "text",
    "token",
    "types",
    "value",
}
"""Params from which nothing of others can be learned: values of the caller's own, places in an order, what only admins give."""


def param_names(method: str) -> dict[str, Any]:
    """The params of a method. What `contact.add` calls a message is a text."""
    schemas = dict(API.params_schema(method)["properties"])
    if method == "contact.add":
        schemas["message: text"] = schemas.pop("message")
    return schemas


@dataclass(frozen=True)
class Hidden:
    """A daemon with what a token's holder may see, and what is hidden from it."""

    alice: Node
    shown: dict[str, Any]
    """values of params that the holder may use"""
    there: dict[str, Any]
    """what is hidden, by the words of NAMES_SOMETHING, and what is nowhere"""
    secrets: tuple[bytes, ...]
    """what may not stand in anything that the holder gets"""
    callers: list[Caller] = field(default_factory=list)
    """closed once all is tried"""

    def holder(self, scope: str, **bound: Any) -> Caller:
        """A connection that holds to a new token."""
        self.callers.append(self.alice.caller())
        token = self.alice.call("token.create", scope=scope, **bound)["token"]
        self.callers[-1]("rpc.authenticate", token=token)
        return self.callers[-1]

    def params(self, method: str, **other: Any) -> dict[str, Any]:
        """Params with which the daemon's own user would get a result, or change nothing, but for these."""
        return {**{name: self.shown[name] for name in param_names(method) if name in self.shown}, **other}


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hidden]:
    folder: Path = tmp_path_factory.mktemp("tokens")
    with nodes(folder, "alice") as (alice,):
        other = alice.call("profile.create", name="hidden-profile", password="hidden-password")["id"]
        mine = alice("contact.add", address=stranger(1).onion)["id"]
        secret = alice("contact.add", address=stranger(2).onion, name="hidden-contact")["id"]
        open_message = alice.send(mine, "for everybody")["id"]
        secret_message = alice.send(secret, "hidden-text")["id"]
        hosted = alice.call("hosting.create", description="hidden-hosted")
        server = alice("server.add", bundle=hosted["bundle"])["id"]
        abroad = alice.call("contact.add", profile=other, address=stranger(3).onion, message="hidden-text")
        made = Hidden(
            alice,
            shown={
                "profile": alice.id,
                "conversation": mine,
                "message": open_message,
                "text": "hello",
                "after": 0,
                "limit": 10,
                "address": stranger(1).onion,
                "password": "a password of nobody",
                "name": "x",
                "scope": "read",
                "key": "name",
                "value": "x",
                "id": 1,
                "token": "none",
                "subscription": 99,
                "bundle": "server:none",
                "server": server,
            },
            there={
                "hidden profile": other,
                "no profile": stranger(9).onion,
                "hidden conversation": secret,
                "no conversation": 777,
                "hidden message": secret_message,
                "no message": 7777,
                "hidden server": server,
                "no server": 77,
            },
            secrets=(
                other.encode(),
                stranger(2).onion.encode(),
                stranger(3).onion.encode(),
                b"hidden-profile",
                b"hidden-contact",
                b"hidden-text",
                b'"conversation":%d,' % secret,
                hosted["onion"].encode(),
                hosted["id"].encode(),
            ),
        )
        assert abroad["id"]
        yield made
        for caller in made.callers:
            caller.close()


def answer(caller: Caller, method: str, params: Any) -> dict[str, Any]:
    """The answer as it came, without its id; events that come before it are left out."""
    call = {"jsonrpc": "2.0", "id": "asked", "method": method, "params": params}
    caller._socket.sendall(json.dumps(call).encode() + b"\n")
    while True:
        read: dict[str, Any] = caller.read()
        if read.get("id") == "asked":
            return {key: value for key, value in read.items() if key != "id"}


def name_of(answered: dict[str, Any]) -> str | None:
    found = answered.get("error", {}).get("data", {}).get("name")
    return None if found is None else str(found)


def test_every_method_and_every_param_has_a_decision() -> None:
    assert set(METHODS) == set().union(*NEEDS.values())
    assert sum(map(len, NEEDS.values())) == len(METHODS)
    for method in METHODS:
        assert set(param_names(method)) <= NAMES_SOMETHING.keys() | NAMES_NOTHING, method


# --- scopes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", SCOPES[:2])
def test_too_small_a_scope_is_told_the_same_whatever_it_asks(hidden: Hidden, scope: str) -> None:
    above = [method for needed in SCOPES[SCOPES.index(scope) + 1 :] for method in NEEDS[needed]]
    caller = hidden.holder(scope)
    for method in above:
        asked: list[Any] = [hidden.params(method), {}, [], None, 7, {"zebra": 1}, {"profile": 7}]
        for name in NAMES_SOMETHING.keys() & param_names(method).keys():
            asked += [hidden.params(method, **{name: hidden.there[each]}) for each in NAMES_SOMETHING[name]]
        answers = [answer(caller, method, params) for params in asked]
        assert name_of(answers[0]) == "unauthorized", method
        assert all(each == answers[0] for each in answers), method
    assert answer(caller, "profile.get", {"profile": hidden.alice.id})["result"]["name"] == "alice"


# --- bound to a profile ----------------------------------------------------------------------------------------------


def test_one_bound_to_a_profile_sees_of_another_what_it_sees_of_none(hidden: Hidden) -> None:
    caller = hidden.holder("admin", profile=hidden.alice.id)
    for method in METHODS:
        names = param_names(method)
        if "profile" in names and method != "token.create":
            asked = (hidden.params(method, profile=hidden.there[each]) for each in NAMES_SOMETHING["profile"])
            there, nowhere = (answer(caller, method, params) for params in asked)
            assert there == nowhere, method
            assert name_of(there) == "profile_locked", method
        elif method not in SHOWN_TO_ALL:
            answers = [answer(caller, method, params) for params in (hidden.params(method), {}, 7)]
            assert name_of(answers[0]) == "unauthorized", method
            assert all(each == answers[0] for each in answers), method
    assert_nothing_hidden(hidden, caller, conversations=False)


def test_one_bound_to_a_profile_is_told_of_no_other(hidden: Hidden) -> None:
    caller = hidden.holder("admin", profile=hidden.alice.id)
    caller("event.subscribe")
    other = hidden.there["hidden profile"]
    hidden.alice.call("profile.lock", profile=other)
    hidden.alice.call("profile.unlock", password="hidden-password")
    hidden.alice.call("tor.reset")
    assert "result" in answer(caller, "tor.status", {})
    assert not [event for event in events_before(caller) if other in json.dumps(event)]


def events_before(caller: Caller) -> list[Any]:
    """What came on the connection before an answer that is asked now."""
    number = caller.send("tor.status")
    caller.events.clear()
    caller.answer(number)
    return caller.events


# --- bound to conversations ------------------------------------------------------------------------------------------


def bound_to_one(hidden: Hidden, scope: str = "admin") -> Caller:
    return hidden.holder(scope, profile=hidden.alice.id, conversations=[hidden.shown["conversation"]])


def test_one_bound_to_a_conversation_sees_of_another_what_it_sees_of_none(hidden: Hidden) -> None:
    caller = bound_to_one(hidden)
    for method in METHODS:
        names = param_names(method)
        named = NAMES_SOMETHING.keys() & names.keys() - {"profile"}
        for name in named:
            asked = (hidden.params(method, **{name: hidden.there[each]}) for each in NAMES_SOMETHING[name])
            there, nowhere = (answer(caller, method, params) for params in asked)
            assert there == nowhere, (method, name)
            closed = method in ABOUT_THE_PROFILE
            assert name_of(there) == ("unauthorized" if closed else "not_found"), (method, name)
        if not named and method not in SHOWN_TO_ALL | SHOWN_OF_A_PROFILE:
            assert name_of(answer(caller, method, hidden.params(method))) == "unauthorized", method
    assert_nothing_hidden(hidden, caller, conversations=True)


def assert_nothing_hidden(hidden: Hidden, caller: Caller, *, conversations: bool) -> None:
    """No answer to what the holder may ask has a trace of the rest."""
    secrets = hidden.secrets if conversations else hidden.secrets[:1] + hidden.secrets[3:4]
    for method in sorted((SHOWN_TO_ALL | SHOWN_OF_A_PROFILE) - {"rpc.authenticate", "rpc.discover"}):
        told = json.dumps(answer(caller, method, hidden.params(method)), separators=(",", ":")).encode()
        assert not [secret for secret in secrets if secret in told], method


def test_the_log_of_one_bound_to_a_conversation_tells_of_no_other(hidden: Hidden) -> None:
    caller, alice, secret = bound_to_one(hidden), hidden.alice, hidden.there["hidden conversation"]
    caller("event.subscribe", profile=alice.id, after=0)
    alice.send(secret, "hidden-text")
    alice("contact.block", conversation=secret)
    alice("contact.unblock", conversation=secret)
    last = alice.send(hidden.shown["conversation"], "the last one")["id"]
    told: list[dict[str, Any]] = []
    while not told or told[-1]["data"].get("id") != last or not told[-1]["type"].startswith("message."):
        told.append(caller.read()["params"])
    read = json.dumps(told, separators=(",", ":")).encode()
    assert not [secret for secret in hidden.secrets if secret in read]
    listed = answer(caller, "event.list", {"profile": alice.id, "after": 0, "limit": 1000})
    assert not [
        secret for secret in hidden.secrets if secret in json.dumps(listed, separators=(",", ":")).encode()
    ]


def test_a_name_that_a_client_gave_a_hidden_message_tells_nothing_of_it(hidden: Hidden) -> None:
    """The name is taken, which whoever gave it knows; what it was given to, and where, is not told."""
    alice = hidden.alice
    alice("message.send", conversation=hidden.there["hidden conversation"], text="x", client_id="taken")
    caller = bound_to_one(hidden, "send")
    refused = answer(caller, "message.send", hidden.params("message.send", client_id="taken"))
    assert refused["error"]["data"] == {"name": "already_exists"}

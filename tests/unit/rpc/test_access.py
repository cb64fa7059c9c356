"""What a token lets its holder do: scope first, then what it is bound to, and nothing learned of the rest."""

from typing import Any, cast

import pytest

from cwtchd.app.errors import LimitExceeded, NotFound, ProfileLocked, Refusal, Unauthorized
from cwtchd.rpc import schema
from cwtchd.rpc.access import (
    CALLS_A_SECOND,
    CALLS_AT_ONCE,
    OWNER,
    Caller,
    Grant,
    Need,
    Pace,
    check_params,
)
from cwtchd.rpc.dispatch import METHODS
from cwtchd.rpc.profile_port import ProfilePort
from cwtchd.store.api_tokens import ApiTokenRow, Scope

ALICE, BOB = "a" * 56, "b" * 56


class Port:
    """A profile whose mark of a salt is its own name before it."""

    def __init__(self, onion: str) -> None:
        self.onion = onion

    def mark(self, salt: bytes) -> bytes:
        return self.onion.encode() + salt


def port(onion: str) -> ProfilePort:
    return cast("ProfilePort", Port(onion))


def token(
    scope: Scope,
    bound_to: str | None = None,
    conversations: frozenset[int] | None = None,
    folders: tuple[str, ...] = (),
) -> Grant:
    mark = None if bound_to is None else Port(bound_to).mark(b"hash")
    return Grant(scope, ApiTokenRow(1, "", scope, b"hash", mark, conversations, folders, 0))


def may(grant: Grant | None, method: str) -> bool:
    try:
        METHODS[method].need.check(grant)
    except Unauthorized:
        return False
    return True


def test_each_scope_holds_the_one_before_it() -> None:
    asked = ("message.list", "message.send", "profile.unlock")
    assert [may(token(Scope.READ), each) for each in asked] == [True, False, False]
    assert [may(token(Scope.SEND), each) for each in asked] == [True, True, False]
    assert [may(token(Scope.ADMIN), each) for each in asked] == [True, True, True]
    assert all(may(OWNER, each) for each in METHODS)


def test_whoever_has_shown_no_token_may_only_show_one() -> None:
    assert [each for each in METHODS if may(None, each)] == ["rpc.authenticate"]


HOSTING = {f"hosting.{verb}" for verb in ("create", "list", "get", "set", "start", "stop", "stats", "delete")}
ADMIN_ONLY = HOSTING | {
    "daemon.shutdown",
    "profile.create",
    "profile.lock",
    "profile.set",
    "profile.unlock",
    "server.add",
    "server.remove",
    "server.sync",
    "token.create",
    "token.list",
    "token.revoke",
    "tor.reset",
}


def test_what_only_admin_may_is_written_down() -> None:
    assert {each for each in METHODS if not may(token(Scope.SEND), each)} == ADMIN_ONLY


def test_a_bound_token_calls_nothing_that_is_about_all_profiles() -> None:
    grant = token(Scope.ADMIN, ALICE)
    about_all = {"daemon.shutdown", "profile.create", "profile.unlock", "tor.reset"}
    closed = {each for each in METHODS if not may(grant, each)}
    assert closed == HOSTING | about_all | {"token.create", "token.list", "token.revoke"}


def test_one_bound_to_conversations_makes_no_new_one() -> None:
    closed = {each for each in METHODS if not may(token(Scope.SEND, ALICE, frozenset({1})), each)}
    assert closed == ADMIN_ONLY | {"contact.add"}


def refusal(grant: Grant, profile: str, params: schema.Params) -> type[Refusal] | None:
    try:
        check_params(grant, port(profile), params)
    except Refusal as refused:
        return type(refused)
    return None


def test_what_a_token_is_not_bound_to_is_not_there() -> None:
    grant = token(Scope.SEND, ALICE, frozenset({1}))
    one = schema.ConversationParams(profile=ALICE, conversation=1)
    other = schema.ConversationParams(profile=ALICE, conversation=2)
    assert refusal(grant, ALICE, one) is None
    assert refusal(grant, ALICE, other) is NotFound
    assert refusal(grant, BOB, one) is ProfileLocked
    assert refusal(OWNER, BOB, other) is None


def test_files_are_used_below_the_folders_that_the_token_names_and_nowhere_else(tmp_path: Any) -> None:
    below, beside = tmp_path / "in", tmp_path / "in-and-more"
    below.mkdir()
    beside.mkdir()
    (below / "way-out").symlink_to(beside)
    grant = token(Scope.ADMIN, folders=(str(below),))
    assert grant.may_use(str(below / "file"))
    assert not grant.may_use(str(beside / "file"))
    assert not grant.may_use(str(below / ".." / "file"))
    assert not grant.may_use(str(below / "way-out" / "file"))
    assert not token(Scope.ADMIN).may_use(str(below / "file"))
    assert OWNER.may_use(str(beside / "file"))


def test_a_connection_is_narrowed_once_and_never_widened() -> None:
    caller = Caller(OWNER)
    caller.narrow(token(Scope.READ))
    with pytest.raises(Unauthorized):
        caller.narrow(token(Scope.ADMIN))
    assert caller.grant == token(Scope.READ)


def test_a_holder_has_a_pace_and_what_it_saves_up_is_bounded() -> None:
    clock = [0]
    pace = Pace(lambda: clock[0])
    for _ in range(CALLS_AT_ONCE):
        pace.take()
    with pytest.raises(LimitExceeded):
        pace.take()
    clock[0] += 1000
    for _ in range(CALLS_A_SECOND):
        pace.take()
    with pytest.raises(LimitExceeded):
        pace.take()
    clock[0] += 1_000_000
    for _ in range(CALLS_AT_ONCE):
        pace.take()
    with pytest.raises(LimitExceeded) as refused:
        pace.take()
    assert refused.value.details["limit"] == CALLS_A_SECOND


def test_a_method_says_whom_it_is_for() -> None:
    for method in METHODS.values():
        assert method.need == Need(method.need.scope, method.need.narrows, method.params)
        if method.need.scope is not None:
            assert {Unauthorized, LimitExceeded} <= set(method.errors)

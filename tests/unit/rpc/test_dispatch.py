"""Dispatch: whatever goes wrong behind a call, its caller learns an incident's number, and the log where it was."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import pytest
from twisted.internet.defer import Deferred, fail, succeed

from cwtchd import log
from cwtchd.app.effects import Outcome
from cwtchd.app.errors import Refusal, StorageFailed
from cwtchd.protocol.model import Onion
from cwtchd.rpc.access import OWNER, Caller
from cwtchd.rpc.dispatch import BATCH_BYTES, dispatch
from cwtchd.rpc.jsonrpc import decode_line
from cwtchd.rpc.methods.registry import Session
from cwtchd.rpc.ports import DaemonPort
from cwtchd.rpc.profile_port import ProfilePort

CANARY = "canary-2b90"
ALICE = "rkeohxlubhyzl7ks3mwtzos5olfgocn7dwkbeg7toseadnapn5optfad"


class Port:
    """A profile all of whose units end as the test says."""

    onion = Onion(ALICE)
    name, created_at, published_since = "alice", 0, None

    def __init__(self, outcome: Outcome[object] | Exception) -> None:
        self.presence: dict[int, Any] = {}
        self.servers: dict[int, Any] = {}
        self._outcome = outcome

    def run(self, unit: object, done: Callable[[Outcome[object] | Exception], None]) -> None:
        done(self._outcome)


class Daemon:
    """A daemon with that profile."""

    def __init__(self, outcome: Outcome[object] | Exception) -> None:
        self._port = Port(outcome)

    def open_profile(self, profile: str) -> ProfilePort | None:
        return cast("ProfilePort", self._port) if profile == ALICE else None

    def open_profiles(self) -> Sequence[ProfilePort]:
        raise ValueError(CANARY)

    unlock_slowed = False

    def vault_idle(self) -> "Deferred[None]":
        return succeed(None)

    def unlock_profiles(self, password: str) -> "Deferred[Sequence[ProfilePort]]":
        return fail(ValueError(CANARY))


@pytest.fixture
def lines() -> Iterator[list[str]]:
    written: list[str] = []
    log.write_to(written.append)
    yield written
    log.write_to(log._to_standard_error)


def ask(outcome: Outcome[object] | Exception, *calls: dict[str, object]) -> Any:
    session = Session(cast("DaemonPort", Daemon(outcome)), Caller(OWNER), cast("Any", None), [])
    asked = calls[0] if len(calls) == 1 else list(calls)
    answers: list[bytes | None] = []
    dispatch(session, decode_line(json.dumps(asked).encode()), answers.append)
    (answer,) = answers
    return answer and json.loads(answer)


def call(method: str, **params: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


@pytest.mark.parametrize(
    "asked",
    [
        call("contact.list", profile=ALICE),
        call("profile.list"),
        call("profile.unlock", password=CANARY),
    ],
    ids=["on a Ledger", "on the loop", "later"],
)
def test_what_nobody_foresaw_is_an_incident(asked: dict[str, object], lines: list[str]) -> None:
    error = ask(ValueError(CANARY), asked)["error"]
    assert error["code"] == -32603
    assert list(error["data"]) == ["incident"]
    assert CANARY not in json.dumps(error)
    assert error["data"]["incident"] in lines[0]
    assert "ValueError" in lines[0]
    assert CANARY not in lines[0]


def test_a_refusal_is_its_name_code_and_sentence() -> None:
    refusal: Refusal = StorageFailed()
    error = ask(refusal, call("contact.list", profile=ALICE))["error"]
    assert error == {"code": -32013, "message": refusal.sentence, "data": {"name": "storage_failed"}}


def test_a_profile_that_is_not_open_is_locked() -> None:
    error = ask(StorageFailed(), call("contact.list", profile="x" * 56))["error"]
    assert error["data"]["name"] == "profile_locked"


def test_a_batchs_answers_fit_one_line() -> None:
    big = json.dumps({"jsonrpc": "2.0", "id": 1, "result": "x" * 400_000}).encode()
    answers = ask(Outcome(big), *[call("contact.list", profile=ALICE)] * 5)
    assert ["result" in answer for answer in answers] == [True, True, False, False, False]
    assert answers[2]["error"]["data"]["name"] == "limit_exceeded"
    assert answers[2]["error"]["data"]["limit"] == BATCH_BYTES
    assert len(json.dumps(answers)) < 1 << 20

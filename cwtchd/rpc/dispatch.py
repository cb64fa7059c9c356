"""From a call to its answer: look up, decode the params, run where the method's table entry says, encode what came out.

A profile's method is encoded on its Ledger's thread but answered only after the commit. Application errors become codes by
`jsonrpc.fault_of`; anything else is an incident.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from cwtchd import log
from cwtchd.app.effects import Outcome
from cwtchd.app.errors import LimitExceeded, ProfileLocked, Refusal
from cwtchd.rpc import access, discover, jsonrpc
from cwtchd.rpc.jsonrpc import Batch, Call, CallId, Fault
from cwtchd.rpc.methods import (
    contact,
    conversation,
    daemon,
    event,
    hosting,
    message,
    profile,
    rpc,
    server,
    token,
)
from cwtchd.rpc.methods.registry import Method, OnProfile, Session, table
from cwtchd.store.database import UnitOfWork

BATCH_BYTES = (1 << 20) - (1 << 17)
"""What the answers of a batch may hold together, so that a line of refusals still fits behind them."""

Answer = Callable[[bytes | None], None]
"""Takes the line to send, None where a notification gets no answer. Called once."""

METHODS = table(
    discover.methods.all,
    rpc.methods.all,
    token.methods.all,
    daemon.methods.all,
    profile.methods.all,
    contact.methods.all,
    conversation.methods.all,
    message.methods.all,
    event.methods.all,
    server.methods.all,
    hosting.methods.all,
)
DOCUMENT = discover.describe(METHODS.values())


LONG = 16
"""What a call whose answer may fill a line weighs, of the 64 that a caller may have under way."""


def weight(asked: Call | Batch | Fault) -> int:
    """How much of its caller's share this takes: so that nobody has 64 MiB of answers made, or keeps a Ledger for seconds."""
    if isinstance(asked, Call):
        method = METHODS.get(asked.method)
        return LONG if method is not None and method.long else 1
    return LONG if isinstance(asked, Batch) else 1


def dispatch(session: Session, asked: Call | Batch | Fault, answer: Answer) -> None:
    """Runs what a line asked for."""
    match asked:
        case Fault():
            answer(jsonrpc.encode_fault(None, asked))
        case Call():
            _run(session, asked, answer)
        case Batch(calls):
            _run_batch(session, list(calls), [], answer)


def _run_batch(session: Session, calls: list[Call | Fault], answers: list[bytes], answer: Answer) -> None:
    """One after the other, each begun when the one before it is answered."""
    # A loop, not a recursion: calls that answer at once would deepen the stack by a few frames each.
    while calls:
        first, waiting = calls.pop(0), _Waiting()
        dispatch(session, first, waiting.answer)
        if not waiting.answered:
            waiting.then = partial(_go_on, session, calls, answers, first, answer)
            return
        _keep(answers, first, waiting.line)
    answer(jsonrpc.encode_batch(answers) if answers else None)


def _go_on(
    session: Session,
    calls: list[Call | Fault],
    answers: list[bytes],
    answered: Call | Fault,
    answer: Answer,
    line: bytes | None,
) -> None:
    _keep(answers, answered, line)
    _run_batch(session, calls, answers, answer)


def _keep(answers: list[bytes], answered: Call | Fault, line: bytes | None) -> None:
    """Adds an answer to its batch's, or says in its place that it has no room in one line."""
    if line is None:
        return
    size = sum(map(len, answers)) + len(line) + len(answers) + 2
    if size > BATCH_BYTES and isinstance(answered, Call) and not isinstance(answered.id, UnsetType):
        line = jsonrpc.encode_fault(
            answered.id, jsonrpc.fault_of(LimitExceeded(limit=BATCH_BYTES, size=size))
        )
    answers.append(line)


class _Waiting:
    """An answer that is there already, or goes to `then` when it comes."""

    def __init__(self) -> None:
        self.answered = False
        self.line: bytes | None = None
        self.then: Answer = lambda _: None

    def answer(self, line: bytes | None) -> None:
        self.answered, self.line = True, line
        self.then(line)


def _run(session: Session, call: Call, answer: Answer) -> None:
    method = METHODS.get(call.method)
    if method is None:
        _answer_fault(call.id, jsonrpc.METHOD_NOT_FOUND, answer)
        return
    try:
        method.need.check(session.caller.grant)
        params = method.decoder.decode(call.params)
    except Refusal as refusal:
        _answer_fault(call.id, jsonrpc.fault_of(refusal), answer)
        return
    except (msgspec.DecodeError, RecursionError):
        _answer_fault(call.id, jsonrpc.INVALID_PARAMS, answer)
        return
    run = _run_on_loop if method.on_profile is None else _run_on_profile
    profile = getattr(params, "profile", None)
    if profile is not None and session.daemon.open_profile(profile) is None:
        # It may be on its way: an unlock that was sent before this call takes effect before it.
        session.daemon.vault_idle().addCallback(lambda _: run(session, method, params, call.id, answer))
    else:
        run(session, method, params, call.id, answer)


def _run_on_profile(
    session: Session, method: Method[Any], params: Any, call_id: CallId | UnsetType, answer: Answer
) -> None:
    function = method.on_profile
    port = session.daemon.open_profile(params.profile)
    if port is None or function is None:
        _answer_fault(call_id, jsonrpc.fault_of(ProfileLocked()), answer)
        return
    try:
        access.check_params(session.caller.grant, port, params)
    except Refusal as refusal:
        _answer_fault(call_id, jsonrpc.fault_of(refusal), answer)
        return
    grant = session.caller.grant
    on = OnProfile(
        port.onion,
        port.presence,
        port.servers,
        port.published_since,
        None if grant is None else grant.conversations,
    )

    def unit(uow: UnitOfWork) -> Outcome[object]:
        access.check_in_turn(grant, uow, params)
        outcome = function(on, uow, params)
        if outcome.refusal is not None:
            return outcome
        line = None if isinstance(call_id, UnsetType) else jsonrpc.encode_result(call_id, outcome.value)
        return Outcome(line, outcome.effects)

    def done(outcome: Outcome[object] | Exception) -> None:
        if isinstance(outcome, Exception):
            _answer_fault(call_id, _fault(outcome), answer)
        elif outcome.refusal is not None:
            _answer_fault(call_id, jsonrpc.fault_of(outcome.refusal), answer)
        else:
            answer(outcome.value if isinstance(outcome.value, bytes) else None)

    port.run(unit, done)


def _run_on_loop(
    session: Session, method: Method[Any], params: Any, call_id: CallId | UnsetType, answer: Answer
) -> None:
    assert method.on_loop is not None

    def done(result: object) -> None:
        answer(None if isinstance(call_id, UnsetType) else jsonrpc.encode_result(call_id, result))

    def failed(failure: Failure) -> None:
        _answer_fault(call_id, _fault(failure.value), answer)

    try:
        profile = getattr(params, "profile", None)
        port = None if profile is None else session.daemon.open_profile(profile)
        access.check_params(session.caller.grant, port, params)
        result = method.on_loop(session, params)
    except Exception as error:  # noqa: BLE001 - becomes a refusal or an incident
        _answer_fault(call_id, _fault(error), answer)
        return
    if isinstance(result, Deferred):
        result.addCallbacks(done, failed)
    else:
        done(result)


def _fault(error: BaseException | None) -> Fault:
    if isinstance(error, Refusal):
        return jsonrpc.fault_of(error)
    return jsonrpc.internal_error(log.unforeseen("a call failed", error))


def _answer_fault(call_id: CallId | UnsetType, fault: Fault, answer: Answer) -> None:
    answer(
        None if call_id is UNSET or isinstance(call_id, UnsetType) else jsonrpc.encode_fault(call_id, fault)
    )

"""Calls, answers and events as lines: what both faces of the library say and hear. No socket, no clock.

Rules: a line is one JSON value; an answer is matched by its id; nothing that was sent or heard is quoted in an error.
"""

from collections.abc import Mapping

import msgspec

from cwtch_client.errors import BadAnswer, CallTooLong, NotText, RpcError, refusal
from cwtch_client.model import Event, Incoming, Json, convert

LINE_BYTES = 1 << 20
CALL_SECONDS = 60.0

_incoming = msgspec.json.Decoder(Incoming)
_encode = msgspec.json.Encoder().encode


def call_line(number: int, method: str, params: Mapping[str, object]) -> bytes:
    """A call as a line with its end; a param that is None is left out, NULL is null. Raises NotText or CallTooLong."""
    given = {name: value for name, value in params.items() if value is not None}
    try:
        line = _encode({"jsonrpc": "2.0", "id": number, "method": method, "params": given})
    except UnicodeEncodeError:
        raise NotText from None
    if len(line) > LINE_BYTES:
        raise CallTooLong(len(line), LINE_BYTES)
    return line + b"\n"


def heard(line: bytes) -> Incoming:
    """A line from the daemon. Raises BadAnswer."""
    try:
        return _incoming.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise BadAnswer from None


def refused(answer: Incoming) -> RpcError | None:
    """The refusal in an answer, if it is one."""
    fault = answer.error
    return None if fault is None else refusal(fault.code, fault.message, fault.data)


def result_of(answer: Incoming) -> Json:
    """The result in an answer. Raises RpcError where it is a refusal, BadAnswer where it is nothing."""
    if (error := refused(answer)) is not None:
        raise error
    return _value(answer.result)


def event_of(line: Incoming) -> tuple[dict[str, Json], Event] | None:
    """The event in a notification, as the daemon sent it and as a noun; None where the line is something else."""
    if line.method != "event":
        return None
    raw = _value(line.params)
    if not isinstance(raw, dict):
        raise BadAnswer
    raw.pop("subscription", None)  # a number of this connection, which means nothing after it
    return raw, convert(raw, Event)


def _value(raw: msgspec.Raw | msgspec.UnsetType) -> Json:
    if isinstance(raw, msgspec.UnsetType):
        raise BadAnswer
    try:
        value: Json = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise BadAnswer from None
    return value

"""JSON-RPC 2.0 as bytes: one line to calls, one answer to a line. Pure: no socket, no method, no thread.

Rules: named params only; a batch holds at most 100 calls; where a name stands twice in an object, the last one counts; nothing of a
caller's bytes but its id, and no exception's text, stands in an answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from msgspec import UNSET, DecodeError, Raw, Struct, UnsetType, ValidationError

from cwtchd.app.errors import BatchTooLarge, Refusal

BATCH_CALLS = 100
ID_LENGTH = 128
"""Characters or digits of an id: it is repeated in the answer, and a hundred answers stand in a batch's line."""
NO_PARAMS = b"{}"

CallId = int | float | str | None


@dataclass(frozen=True, slots=True)
class Fault:
    """An answer that is an error: JSON-RPC's own, or a refusal of ours."""

    code: int
    message: str
    data: Mapping[str, int | str] | None = None


PARSE_ERROR = Fault(-32700, "This line is not JSON: send one JSON value a line, in UTF-8.")
INVALID_REQUEST = Fault(-32600, "This is not a JSON-RPC 2.0 request: send jsonrpc, id, method and params.")
METHOD_NOT_FOUND = Fault(-32601, "There is no such method: rpc.discover lists them all.")
INVALID_PARAMS = Fault(
    -32602, "The params don't fit the method: they are named, and rpc.discover has their types."
)
ID_TOO_LONG = Fault(-32600, f"An id has at most {ID_LENGTH} characters or digits: send a shorter one.")
LINE_TOO_LONG = Fault(-32600, "A line holds at most 1 MiB: this one was passed over.")


def internal_error(incident: str) -> Fault:
    """Something unforeseen: the caller learns the incident's id and nothing else."""
    return Fault(
        -32603,
        "Something unforeseen happened: the daemon's log has it under this incident.",
        {"incident": incident},
    )


def fault_of(refusal: Refusal) -> Fault:
    """A refusal of ours as an answer."""
    return Fault(refusal.code, refusal.sentence, {"name": refusal.name, **refusal.details})


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `id` is UNSET for a notification, which is run and not answered."""

    method: str
    params: bytes = field(repr=False)
    id: CallId | UnsetType


@dataclass(frozen=True, slots=True)
class Batch:
    """Calls of one line, to be run in order; some are answers already, since they are no calls."""

    calls: Sequence["Call | Fault"]


class _Request(Struct):
    jsonrpc: str
    method: str
    params: Raw | UnsetType = UNSET
    id: CallId | UnsetType = UNSET


_one = msgspec.json.Decoder(_Request)
_many = msgspec.json.Decoder(list[Raw])
_any = msgspec.json.Decoder()
_encode = msgspec.json.Encoder().encode


def decode_line(line: bytes) -> Call | Batch | Fault:
    """What a line asks for. Its length was checked before."""
    try:
        line.decode("utf-8")
        if line.lstrip()[:1] == b"[":
            raws = _many.decode(line)
            if not raws:
                return INVALID_REQUEST
            if len(raws) > BATCH_CALLS:
                return fault_of(BatchTooLarge(limit=BATCH_CALLS, size=len(raws)))
            return Batch([_call(bytes(raw)) for raw in raws])
        return _call(line)
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return PARSE_ERROR


def _call(value: bytes) -> Call | Fault:
    try:
        request = _one.decode(value)
    except ValidationError:
        _any.decode(value)  # what is not even JSON is a parse error, not an invalid request
        return INVALID_REQUEST
    if request.jsonrpc != "2.0":
        return INVALID_REQUEST
    if _is_long(request.id):
        return ID_TOO_LONG
    params = NO_PARAMS if isinstance(request.params, UnsetType) else bytes(request.params)
    return Call(request.method, params, request.id)


def _is_long(call_id: CallId | UnsetType) -> bool:
    if isinstance(call_id, str):
        return len(call_id) > ID_LENGTH
    return isinstance(call_id, int) and abs(call_id) >= 10**ID_LENGTH


def encode_result(call_id: CallId, result: object) -> bytes:
    """The answer to a call that worked, without the line's end."""
    return _encode({"jsonrpc": "2.0", "id": call_id, "result": result})


def encode_fault(call_id: CallId, fault: Fault) -> bytes:
    """The answer to a call that did not."""
    error: dict[str, object] = {"code": fault.code, "message": fault.message}
    if fault.data is not None:
        error["data"] = fault.data
    return _encode({"jsonrpc": "2.0", "id": call_id, "error": error})


def encode_event(subscription: int, event: bytes) -> bytes:
    """A notification of an event, which is a JSON object already: many subscriptions tell the same one."""
    return b'{"jsonrpc":"2.0","method":"event","params":{"subscription":%d,%b}' % (subscription, event[1:])


def encode_batch(answers: Sequence[bytes]) -> bytes:
    """The answers to a batch, as one value."""
    return b"[" + b",".join(answers) + b"]"

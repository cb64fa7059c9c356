"""What a board and its guest say to each other: one JSON object a packet (wire-server §3.1).

    {"MessageType":n,"<Name>":{…}}                          all but the rows of a replay
    {"Ciphertext":"<base64>","Signature":"<base64>"}        a row of a replay, and what a token is bound to

Rules: a type that we don't know is None, and so is one that only the other side may send, as real ones take it: it is ignored. A type
without its member is refused. Left out: sizes of signatures and ciphertexts within a packet, which are the board's to judge.

What carries messages is mostly in the one spelling that Go writes; that is read by msgspec, ten times as fast, and everything else as Go
reads it. The former never reads what the latter would read otherwise: it takes only these very names, and no others beside them.
"""

import binascii
from dataclasses import dataclass, field
from typing import Final, TypeVar

import msgspec

from cwtchd.protocol import server_table as table
from cwtchd.protocol.errors import MessageTooLarge, RemoteProtocolError
from cwtchd.protocol.model import EncryptedGroupMessage, Onion, SpentToken
from cwtchd.protocol.wire.constants import MESSAGE_LIMIT
from cwtchd.protocol.wire.gojson import bytes_of, object_of, read_object, truth_of, whole_of, write_bytes
from cwtchd.protocol.wire.token import encode_spent, spent_of

_ROW_HEAD: Final = b'{"Ciphertext":"'
_NEW_HEAD: Final = b'{"MessageType":%d,"NewMessage":{"EGM":' % table.NEW_MESSAGE
_NEW_TAIL: Final = b"}}"
_POST_HEAD: Final = b'{"MessageType":%d,"PostRequest":' % table.POST_REQUEST
_POST_TAIL: Final = b"}"


class _Message(msgspec.Struct, rename="pascal", forbid_unknown_fields=True):
    ciphertext: bytes
    signature: bytes

    def value(self) -> EncryptedGroupMessage:
        return EncryptedGroupMessage(self.ciphertext, self.signature)


class _Spent(msgspec.Struct, rename={"secret": "T", "mac": "MAC"}, forbid_unknown_fields=True):
    secret: bytes
    mac: bytes


class _Post(msgspec.Struct, rename={"token": "Token", "message": "EGM"}, forbid_unknown_fields=True):
    token: _Spent
    message: _Message


_message_decoder = msgspec.json.Decoder(_Message)
_post_decoder = msgspec.json.Decoder(_Post)


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """A guest asks for everything from the message of this signature on; None for all there is."""

    last_commit: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class PostRequest:
    """A guest posts."""

    message: EncryptedGroupMessage
    token: SpentToken


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """A board announces so many rows."""

    count: int


@dataclass(frozen=True, slots=True)
class PostResult:
    """A board answers a post."""

    success: bool


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A board tells of a message that was posted just now."""

    message: EncryptedGroupMessage


@dataclass(frozen=True, slots=True)
class Row:
    """A board's row, bare, within a replay."""

    message: EncryptedGroupMessage


def encode_group_message(message: EncryptedGroupMessage) -> bytes:
    """A message as Go marshals it: a row of a replay, and the bytes that are stored by those who keep it whole."""
    ciphertext = binascii.b2a_base64(message.ciphertext, newline=False)
    signature = binascii.b2a_base64(message.signature, newline=False)
    return b'%b%b","Signature":"%b"}' % (_ROW_HEAD, ciphertext, signature)


def spending_data(message: EncryptedGroupMessage, server: Onion) -> bytes:
    """What a token is bound to: the message, and the server that is paid (wire-server §2.6)."""
    return encode_group_message(message) + server.encode()


def encode_replay_request(last_commit: bytes | None) -> bytes:
    """Asks for a replay."""
    commit = "null" if last_commit is None else write_bytes(last_commit)
    return f'{{"MessageType":{table.REPLAY_REQUEST},"ReplayRequest":{{"LastCommit":{commit}}}}}'.encode()


def encode_replay_result(count: int) -> bytes:
    """Announces rows."""
    return f'{{"MessageType":{table.REPLAY_RESULT},"ReplayResult":{{"NumMessages":{count}}}}}'.encode()


def encode_post_request(message: EncryptedGroupMessage, token: SpentToken) -> bytes:
    """Posts a message. Raises MessageTooLarge for what fits no packet."""
    member = b'{"Token":%b,"EGM":%b}' % (encode_spent(token).encode(), encode_group_message(message))
    encoded = _POST_HEAD + member + _POST_TAIL
    if len(encoded) > MESSAGE_LIMIT:
        raise MessageTooLarge(len(encoded), MESSAGE_LIMIT)
    return encoded


def encode_post_result(success: bool) -> bytes:
    """Answers a post."""
    word = "true" if success else "false"
    return f'{{"MessageType":{table.POST_RESULT},"PostResult":{{"Success":{word}}}}}'.encode()


def encode_new_message(message: EncryptedGroupMessage) -> bytes:
    """Tells of a message."""
    return _NEW_HEAD + encode_group_message(message) + _NEW_TAIL


def decode_request(data: bytes) -> ReplayRequest | PostRequest | None:
    """Reads what a guest sent to its board; None for what is to be ignored. Raises RemoteProtocolError."""
    post = _as_go_writes_it(_post_decoder, data, _POST_HEAD, _POST_TAIL)
    if post is not None:
        return PostRequest(post.message.value(), SpentToken(post.token.secret, post.token.mac))
    return _read_request(data)


def decode_answer(data: bytes) -> ReplayResult | PostResult | NewMessage | Row | None:
    """Reads what a board sent to its guest; None for what is to be ignored. Raises RemoteProtocolError.

    What has no type is a row, so that it is told apart from what is live wherever it stands (wire-server §3.3).
    """
    if data.startswith(_ROW_HEAD):
        row = _as_go_writes_it(_message_decoder, data, b"", b"")
        return _read_answer(data) if row is None else Row(row.value())
    new = _as_go_writes_it(_message_decoder, data, _NEW_HEAD, _NEW_TAIL)
    return _read_answer(data) if new is None else NewMessage(new.value())


T = TypeVar("T")


def _as_go_writes_it(decoder: msgspec.json.Decoder[T], data: bytes, head: bytes, tail: bytes) -> T | None:
    """What stands between head and tail; None where there is more to be said about it."""
    if not (data.startswith(head) and data.endswith(tail) and len(data) <= MESSAGE_LIMIT):
        return None
    try:
        return decoder.decode(memoryview(data)[len(head) : len(data) - len(tail)])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _read_request(data: bytes) -> ReplayRequest | PostRequest | None:
    fields = read_object(data, MESSAGE_LIMIT)
    match whole_of(fields.get("messagetype")):
        case table.REPLAY_REQUEST:
            # Empty bytes are no signature of anything: Go takes them for none.
            return ReplayRequest(bytes_of(_member(fields, "replayrequest").get("lastcommit")) or None)
        case table.POST_REQUEST:
            member = _member(fields, "postrequest")
            return PostRequest(_message_of(member.get("egm")), spent_of(member.get("token")))
        case _:
            return None


def _read_answer(data: bytes) -> ReplayResult | PostResult | NewMessage | Row | None:
    fields = read_object(data, MESSAGE_LIMIT)
    if "messagetype" not in fields:
        return Row(_message_of(fields))
    match whole_of(fields["messagetype"]):
        case table.REPLAY_RESULT:
            count = whole_of(_member(fields, "replayresult").get("nummessages"))
            if not 0 <= count <= table.REPLAY_LIMIT:
                raise RemoteProtocolError("The server announced a number of messages that none has.")
            return ReplayResult(count)
        case table.POST_RESULT:
            return PostResult(truth_of(_member(fields, "postresult").get("success")))
        case table.NEW_MESSAGE:
            return NewMessage(_message_of(_member(fields, "newmessage").get("egm")))
        case _:
            return None


def _member(fields: dict[str, object], name: str) -> dict[str, object]:
    if name not in fields:
        raise RemoteProtocolError("The other side sent a message without what its type says.")
    return object_of(fields[name])


def _message_of(value: object) -> EncryptedGroupMessage:
    fields = {} if value is None else object_of(value)
    return EncryptedGroupMessage(bytes_of(fields.get("ciphertext")), bytes_of(fields.get("signature")))

"""Messages: queued, transmitted, delivered or failed. Sending always queues; whether anyone is connected is not asked here."""

from collections.abc import Sequence

from cwtchd.app.effects import Outcome, Reach
from cwtchd.app.errors import AlreadyExists, Blocked, LimitExceeded, MessageTooLarge, NotAccepted, NotFound
from cwtchd.app.overlays import chat, quote
from cwtchd.protocol.model import Onion, PeerVersion
from cwtchd.protocol.wire.constants import CONTEXT_RAW
from cwtchd.protocol.wire.overlay import content_hash
from cwtchd.protocol.wire.peer import data_limit
from cwtchd.store import contacts, events, messages, outbox
from cwtchd.store.database import UnitOfWork
from cwtchd.store.events import EventType
from cwtchd.store.messages import MessageRow, MessageState, NewMessage

OUTBOX_LIMIT = 10_000
"""So many messages may wait for one contact (rpc.md, Transport)."""

WIRE_ID_SPACE = 1 << 32
"""Cwtch's ids are random 32-bit numbers in decimal (wire-peer §4.1)."""

BODY_LIMIT = data_limit(PeerVersion.V2, str(WIRE_ID_SPACE - 1), CONTEXT_RAW)
"""The largest wrapper that fits a packet under the longest id."""

TOO_LARGE_FOR_PEER = "message_too_large"
"""The `error` of a message that does not fit the packets of a peer that speaks only version 1."""


def send(
    uow: UnitOfWork,
    own: Onion,
    conversation: int,
    text: str,
    reply_to: int | None = None,
    client_id: str | None = None,
) -> Outcome[MessageRow]:
    """Queues a text, durably; one that a client has named before is there already, and is what comes back.

    Raises NotFound, Blocked, NotAccepted, MessageTooLarge, LimitExceeded; AlreadyExists where the name is another message's.
    """
    contact = contacts.standing(uow, conversation)
    if contact is None:
        raise NotFound
    known = None if client_id is None else messages.named(uow, client_id)
    if known is not None:
        row = get(uow, known)
        if (row.conversation, row.text, row.reply_to) != (conversation, text, reply_to):
            # Whoever may write to this conversation only is not told what stands in another.
            raise AlreadyExists(**({"message": known} if row.conversation == conversation else {}))
        return Outcome(row)
    if contact.blocked:
        raise Blocked
    if not contact.accepted:
        raise NotAccepted
    body = _wrapper(uow, conversation, text, reply_to)
    if len(body) > BODY_LIMIT:
        raise MessageTooLarge(limit=BODY_LIMIT, size=len(body))
    new = NewMessage(
        conversation=conversation,
        wire_id=_unused_wire_id(uow, conversation),
        context=CONTEXT_RAW,
        body=body,
        overlay=chat.OVERLAY if reply_to is None else quote.OVERLAY,
        text=text,
        content_hash=content_hash(own, body),
        reply_to=reply_to,
        client_id=client_id,
    )
    row = messages.add_outgoing(uow, new)
    _queue(uow, conversation, row.id)
    return Outcome(row, (Reach(conversation, contact.address),))


def _wrapper(uow: UnitOfWork, conversation: int, text: str, reply_to: int | None) -> bytes:
    if reply_to is None:
        return chat.write(text)
    quoted = messages.get(uow, reply_to)
    if quoted is None or quoted.conversation != conversation:
        raise NotFound
    return quote.write(quoted.content_hash, text)


def _unused_wire_id(uow: UnitOfWork, conversation: int) -> str:
    """Drawn until no message of ours to this contact carries it: an acknowledgement names nothing else. Raises LimitExceeded."""
    while True:
        drawn = str(int.from_bytes(uow.randomness(4), "little"))
        room = outbox.room(uow, conversation, drawn, OUTBOX_LIMIT)
        if room.full:
            raise LimitExceeded(limit=OUTBOX_LIMIT, size=OUTBOX_LIMIT + 1)
        if not room.taken:
            return drawn


def _queue(uow: UnitOfWork, conversation: int, message: int) -> None:
    outbox.add(uow, message, conversation)
    events.append(uow, EventType.MESSAGE_QUEUED, conversation=conversation, message=message)


def get(uow: UnitOfWork, message: int) -> MessageRow:
    """The message of this id. Raises NotFound."""
    found = messages.get(uow, message)
    if found is None:
        raise NotFound
    return found


def page(
    uow: UnitOfWork, conversation: int, before: int | None, limit: int
) -> tuple[Onion, Sequence[MessageRow]]:
    """Whom the conversation is with, and up to `limit` + 1 messages just before `before`, newest first: one more than asked says
    that there are more. Raises NotFound.
    """
    contact = contacts.standing(uow, conversation)
    if contact is None:
        raise NotFound
    return contact.address, messages.page(uow, conversation, before, limit + 1)


def retry(uow: UnitOfWork, message: int) -> Outcome[MessageRow]:
    """Queues a failed message again, or dials at once for one that waits. Raises NotFound, Blocked, LimitExceeded."""
    row = get(uow, message)
    contact = contacts.get(uow, row.conversation)
    if contact is None or not row.outgoing:
        raise NotFound
    if contact.blocked:
        raise Blocked
    if row.state is MessageState.FAILED:
        if outbox.full(uow, contact.id, OUTBOX_LIMIT):
            raise LimitExceeded(limit=OUTBOX_LIMIT, size=OUTBOX_LIMIT + 1)
        messages.set_state(uow, message, MessageState.QUEUED)
        _queue(uow, contact.id, message)
    return Outcome(get(uow, message), (Reach(contact.id, contact.address, now=True),))


def transmitted(uow: UnitOfWork, sent: Sequence[int]) -> Outcome[None]:
    """These messages left on a connection; those that are acknowledged already are left alone."""
    for message in sent:
        if not outbox.attempted(uow, message):
            continue
        row = get(uow, message)
        if row.state is MessageState.QUEUED:
            messages.set_state(uow, message, MessageState.SENT)
            events.append(uow, EventType.MESSAGE_SENT, conversation=row.conversation, message=message)
    return Outcome(None)


def failed(uow: UnitOfWork, message: int, reason: str) -> Outcome[None]:
    """A message that can't be sent as it is; `reason` is a stable word."""
    if outbox.remove(uow, message):
        messages.set_state(uow, message, MessageState.FAILED, reason)
        row = get(uow, message)
        events.append(uow, EventType.MESSAGE_FAILED, conversation=row.conversation, message=message)
    return Outcome(None)

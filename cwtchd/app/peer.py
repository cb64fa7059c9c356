"""What an authenticated peer may cause. Each decision is one unit of work of its profile's Ledger.

Rules: nothing of ours goes to a stranger but the version message (by `Admit`) and acknowledgements; whatever is not stored ends its
connection, and what is queued behind it is dropped (`last`), since it would overtake.
"""

from cwtchd.app import consent, overlays
from cwtchd.app.effects import Acknowledge, Admit, Hangup, Link, Outcome, PartWith, Reach
from cwtchd.protocol.events import MessageReceived
from cwtchd.protocol.model import Onion
from cwtchd.protocol.wire.overlay import content_hash
from cwtchd.store import contacts, events, messages, outbox
from cwtchd.store.database import UnitOfWork
from cwtchd.store.events import EventType
from cwtchd.store.messages import MessageState, NewMessage


def authenticated(uow: UnitOfWork, link: Link, peer: Onion) -> Outcome[None]:
    """A peer proved who it is: known, a stranger, or not wanted."""
    known = contacts.of(uow, peer)
    if known is None:
        return _unknown_caller(uow, link, peer)
    if known.accepted and not known.blocked:
        return Outcome(None, (Admit(link, known.id, stranger=False), Reach(known.id, peer)))
    if known.blocked or (known.turned_away and not consent.has_room(uow, known, known.turned_away)):
        return _turned_away(link)
    if known.turned_away:
        contacts.change(uow, known.id, turned_away=0)
    return Outcome(None, (Admit(link, known.id, stranger=True),))


def _turned_away(link: Link) -> Outcome[None]:
    return Outcome(None, (Hangup(link),), last=True)


def _unknown_caller(uow: UnitOfWork, link: Link, peer: Onion) -> Outcome[None]:
    """Whoever calls for the first time becomes a request, where there is room and no recent no."""
    until = contacts.rejected_until(uow, peer)
    if until is not None and until > uow.now:
        return _turned_away(link)
    displaced: tuple[PartWith, ...] = ()
    if contacts.count_pending(uow) >= consent.PENDING_CONTACTS:
        displaced = _displace_a_silent_request(uow)
        if not displaced:
            return _turned_away(link)
    conversation = contacts.create(uow, peer, "", accepted=False)
    events.append(uow, EventType.CONTACT_REQUESTED, conversation=conversation)
    return Outcome(None, (*displaced, Admit(link, conversation, stranger=True)))


def _displace_a_silent_request(uow: UnitOfWork) -> tuple[PartWith, ...]:
    """Deletes the oldest request that came without a message, for a new one; nothing where all have written."""
    silent = contacts.oldest_silent_pending(uow)
    if silent is None:
        return ()
    events.append(uow, EventType.CONTACT_CHANGED, conversation=silent.id)
    contacts.remove(uow, silent.id)
    return (PartWith(silent.id, silent.address),)


def message_received(uow: UnitOfWork, link: Link, peer: Onion, message: MessageReceived) -> Outcome[None]:
    """Stores a message once and acknowledges it; a copy is acknowledged again."""
    known = contacts.of(uow, peer)
    if known is None or known.blocked:
        return _turned_away(link)
    reading = overlays.read(message.data)
    new = NewMessage(
        conversation=known.id,
        wire_id=message.id,
        context=message.context,
        body=message.data,
        overlay=reading.overlay,
        text=reading.text,
        content_hash=content_hash(peer, message.data),
        reply_to=messages.quoted(uow, known.id, reading.quotes) if reading.quotes else None,
    )
    acknowledged = Outcome(None, (Acknowledge(link, message.id),))
    if messages.is_copy(uow, new):
        return acknowledged
    # What was turned away on one connection must not be overtaken on another: while it has no room, nothing has.
    size = max(len(message.data), known.turned_away)
    if known.pending and not consent.has_room(uow, known, size):
        contacts.change(uow, known.id, turned_away=max(1, size))
        return _turned_away(link)
    stored = messages.add_incoming(uow, new)
    events.append(uow, EventType.MESSAGE_RECEIVED, conversation=known.id, message=stored)
    return acknowledged


def acknowledged(uow: UnitOfWork, peer: Onion, wire_id: str) -> Outcome[None]:
    """The peer says that it has stored our message; a second acknowledgement changes nothing."""
    known = contacts.of(uow, peer)
    message = known and messages.sent_as(uow, known.id, wire_id)
    if known and message and outbox.remove(uow, message):
        messages.set_state(uow, message, MessageState.DELIVERED)
        events.append(uow, EventType.MESSAGE_DELIVERED, conversation=known.id, message=message)
    return Outcome(None)

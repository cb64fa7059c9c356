"""Contacts: added, accepted, rejected, blocked. Consent is decided here and nowhere else."""

from collections.abc import Sequence

from cwtchd.app import consent, messages
from cwtchd.app.effects import Outcome, PartWith, Reach
from cwtchd.app.errors import AlreadyExists, InvalidAddress, NotFound
from cwtchd.protocol.crypto.onion import parse_onion
from cwtchd.protocol.errors import InvalidOnion
from cwtchd.protocol.model import Onion
from cwtchd.store import contacts, events
from cwtchd.store import messages as message_rows
from cwtchd.store.contacts import ConversationRow
from cwtchd.store.database import UnitOfWork
from cwtchd.store.events import EventType

PREFIX = "cwtch:"
"""What links and QR codes carry before the address (wire-peer §1.4)."""


def get(uow: UnitOfWork, conversation: int) -> ConversationRow:
    """The conversation of this id. Raises NotFound."""
    found = contacts.get(uow, conversation)
    if found is None:
        raise NotFound
    return found


def address(uow: UnitOfWork, conversation: int) -> Onion:
    """Whom this conversation is with. Raises NotFound."""
    found = contacts.standing(uow, conversation)
    if found is None:
        raise NotFound
    return found.address


def listed(uow: UnitOfWork) -> Sequence[ConversationRow]:
    """Every conversation, oldest first."""
    return contacts.listed(uow)


def add(
    uow: UnitOfWork, own: Onion, address: str, name: str, message: str | None
) -> Outcome[ConversationRow]:
    """Wants a contact, with a greeting or without; a request that lies there is accepted by it.

    Raises InvalidAddress, AlreadyExists, MessageTooLarge, LimitExceeded.
    """
    try:
        peer = parse_onion(address.removeprefix(PREFIX))
    except InvalidOnion:
        raise InvalidAddress from None
    if peer == own:
        raise InvalidAddress
    known = contacts.of(uow, peer)
    if known is not None and not known.pending:
        raise AlreadyExists(conversation=known.id)
    contacts.forget_rejection(uow, peer)
    if known is None:
        conversation = contacts.create(uow, peer, name, accepted=True)
        events.append(uow, EventType.CONTACT_CHANGED, conversation=conversation)
    else:
        conversation = known.id
        _accept(uow, conversation)
        if name:
            contacts.change(uow, conversation, name=name)
    if message is not None:
        messages.send(uow, own, conversation, message)
    return Outcome(get(uow, conversation), (Reach(conversation, peer, now=True),))


def _accept(uow: UnitOfWork, conversation: int) -> None:
    contacts.change(uow, conversation, accepted=1, turned_away=0)
    events.append(uow, EventType.CONTACT_ACCEPTED, conversation=conversation)


def accept(uow: UnitOfWork, conversation: int) -> Outcome[ConversationRow]:
    """Says yes to a request; to say it again changes nothing. Raises NotFound; a blocked one stays blocked."""
    known = get(uow, conversation)
    if not known.accepted:
        _accept(uow, conversation)
    wanted = () if known.blocked else (Reach(known.id, known.address, now=True),)
    return Outcome(get(uow, conversation), wanted)


def reject(uow: UnitOfWork, conversation: int) -> Outcome[None]:
    """Deletes a request with its messages; the address may ask again after 24 hours. Raises NotFound, AlreadyExists (accepted)."""
    known = get(uow, conversation)
    if known.accepted:
        raise AlreadyExists(conversation=known.id)
    contacts.reject(uow, known.address, uow.now + consent.REJECTION_MS)
    events.append(uow, EventType.CONTACT_CHANGED, conversation=known.id)
    contacts.remove(uow, conversation)
    return Outcome(None, (PartWith(known.id, known.address),))


def block(uow: UnitOfWork, conversation: int) -> Outcome[ConversationRow]:
    """Turns a contact away until it is unblocked; what was said stays. Raises NotFound."""
    known = get(uow, conversation)
    if not known.blocked:
        contacts.change(uow, conversation, blocked=1)
        events.append(uow, EventType.CONTACT_CHANGED, conversation=conversation)
    return Outcome(get(uow, conversation), (PartWith(known.id, known.address),))


def unblock(uow: UnitOfWork, conversation: int) -> Outcome[ConversationRow]:
    """Lets a contact be what it was before it was blocked. Raises NotFound."""
    known = get(uow, conversation)
    if known.blocked:
        contacts.change(uow, conversation, blocked=0)
        events.append(uow, EventType.CONTACT_CHANGED, conversation=conversation)
    wanted = (Reach(known.id, known.address, now=True),) if known.accepted else ()
    return Outcome(get(uow, conversation), wanted)


def rename(uow: UnitOfWork, conversation: int, name: str) -> Outcome[ConversationRow]:
    """Calls a contact something else, on this side only. Raises NotFound."""
    known = get(uow, conversation)
    if known.name != name:
        contacts.change(uow, conversation, name=name)
        events.append(uow, EventType.CONTACT_CHANGED, conversation=conversation)
    return Outcome(get(uow, conversation))


def mark_read(uow: UnitOfWork, conversation: int) -> Outcome[ConversationRow]:
    """Marks all of a conversation read. Raises NotFound."""
    get(uow, conversation)
    message_rows.mark_read(uow, conversation)
    return Outcome(get(uow, conversation))

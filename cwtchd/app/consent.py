"""Consent: what a stranger may leave behind before anyone has said yes, and for how long a no holds.

Pure numbers and one question. What is past a bound is neither stored nor acknowledged and ends its connection, so that the sender
keeps everything, in order, for the day of the accept.
"""

from cwtchd.store import contacts
from cwtchd.store.contacts import ConversationRow
from cwtchd.store.database import UnitOfWork

STRANGER_MESSAGES = 20
STRANGER_BYTES = 64 << 10
PENDING_CONTACTS = 100
PROFILE_GREETING_BYTES = 4 << 20
REJECTION_MS = 24 * 60 * 60 * 1000


def has_room(uow: UnitOfWork, stranger: ConversationRow, size: int) -> bool:
    """Whether `size` more bytes of this stranger, in one message, stay within every bound."""
    own, everyone = contacts.greetings_of(uow, stranger.id), contacts.greetings(uow)
    return (
        own.count < STRANGER_MESSAGES
        and own.size + size <= STRANGER_BYTES
        and everyone.size + size <= PROFILE_GREETING_BYTES
    )

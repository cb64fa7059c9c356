"""A page of a profile's log, as `event.list` shows it and as subscriptions pull it: one reading, one bound.

What rows name is looked up 64 rows at a time: their messages in one statement, each conversation once a page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from cwtchd.app.errors import CursorExpired
from cwtchd.protocol.model import Onion
from cwtchd.rpc import present, schema
from cwtchd.rpc.presence import Presence, ServerPresences
from cwtchd.rpc.server_schema import DeletedServer, Server
from cwtchd.store import contacts, events, messages, profiles, servers
from cwtchd.store.contacts import ConversationRow
from cwtchd.store.database import UnitOfWork
from cwtchd.store.events import EventRow, EventType, Only
from cwtchd.store.messages import MessageRow

PAGE_ROWS = 256
ROWS_AT_ONCE = 64
PULLED_BYTES = 1 << 17
"""What a subscription reads at once: small, since it waits in memory where its reader stalls, and others' units wait behind it."""
PAGE_BYTES = (1 << 20) - 4096
"""A page is cut where its reply would pass the contract's 1 MiB; the envelope has the rest."""

Shown = (
    schema.Message
    | schema.Conversation
    | schema.Profile
    | schema.DeletedMessage
    | schema.DeletedConversation
    | Server
    | DeletedServer
    | schema.Nothing
)

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class BuiltEvent:
    """An event as clients get it, and the same as JSON."""

    event: schema.Event
    json: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class BuiltPage:
    """A page of events, and how far its reader has come by it: also over rows that it may not see."""

    events: Sequence[BuiltEvent]
    cursor: int


def check_cursor(uow: UnitOfWork, after: int) -> None:
    """Refuses a cursor that is older than what is kept, or of another log than this. Raises CursorExpired."""
    oldest, head = events.oldest(uow), events.head(uow)
    if not oldest - 1 <= after <= max(head, oldest - 1):
        raise CursorExpired(oldest=oldest, head=head)


def page(
    uow: UnitOfWork,
    own: Onion,
    presence: Presence,
    used: ServerPresences,
    published_since: int | None,
    after: int,
    limit: int,
    only: Only = None,
    most_bytes: int = PAGE_BYTES,
) -> BuiltPage:
    """The next events behind `after`, at most `limit`, built now from the rows that they name. Raises CursorExpired."""
    check_cursor(uow, after)
    rows = events.page(uow, after, limit, only)
    nouns = _Nouns(uow, used, published_since)
    shown: list[BuiltEvent] = []
    size = 0
    for at, row in enumerate(rows):
        if at % ROWS_AT_ONCE == 0:
            nouns.look_up(rows[at : at + ROWS_AT_ONCE])
        data = nouns.data(row, own, presence)
        event = schema.Event(seq=row.seq, profile=own, type=row.type.value, at=row.at, data=data)
        encoded = _encode(event)
        size += len(encoded) + 1
        if size > most_bytes and shown:
            return BuiltPage(shown, shown[-1].event.seq or after)
        shown.append(BuiltEvent(event, encoded))
    if only is not None and len(rows) < limit:
        return BuiltPage(shown, events.head(uow))
    return BuiltPage(shown, rows[-1].seq if rows else after)


class _Nouns:
    """What the rows of one page tell of, as it is now."""

    def __init__(self, uow: UnitOfWork, used: ServerPresences, published_since: int | None) -> None:
        self._uow = uow
        self._used = used
        self._published_since = published_since
        self._messages: Mapping[int, MessageRow] = {}
        self._conversations: dict[int, ConversationRow | None] = {}

    def look_up(self, rows: Sequence[EventRow]) -> None:
        """Reads the messages of the rows that come next."""
        self._messages = messages.of(self._uow, {row.message for row in rows if row.message is not None})

    def data(self, row: EventRow, own: Onion, presence: Presence) -> Shown:
        if row.server is not None:
            server = servers.get(self._uow, row.server)
            return (
                DeletedServer(server=row.server)
                if server is None
                else present.server(server, self._used.get(row.server))
            )
        if row.conversation is None:
            profile = profiles.read(self._uow) if row.type is EventType.PROFILE_CHANGED else None
            return (
                schema.Nothing()
                if profile is None
                else present.stored_profile(profile, self._published_since)
            )
        conversation = self._conversation(row.conversation)
        if row.message is not None:
            found = self._messages.get(row.message)
            if found is None or conversation is None:
                return schema.DeletedMessage(message=row.message)
            return present.message(found, own, conversation.address, presence)
        if conversation is None:
            return schema.DeletedConversation(conversation=row.conversation)
        return present.conversation(conversation, presence)

    def _conversation(self, conversation: int) -> ConversationRow | None:
        if conversation not in self._conversations:
            self._conversations[conversation] = contacts.get(self._uow, conversation)
        return self._conversations[conversation]

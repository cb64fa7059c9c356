"""A page of a profile's log, as `event.list` shows it and as subscriptions pull it: one reading, one bound."""

import msgspec

from cwtchd.protocol.model import Onion
from cwtchd.rpc import present, schema
from cwtchd.rpc.presence import Presence
from cwtchd.store import events
from cwtchd.store.database import UnitOfWork

PAGE_ROWS = 256
PAGE_BYTES = (1 << 20) - 4096
"""A page is cut where its reply would pass the contract's 1 MiB; the envelope has the rest."""


def page(uow: UnitOfWork, own: Onion, presence: Presence, after: int, limit: int) -> schema.EventPage:
    """The next events behind `after`, at most `limit`, built now from the rows that they name."""
    shown: list[schema.Event] = []
    size = 0
    for row in events.page(uow, after, limit):
        data = present.event_data(uow, row, own, presence)
        event = schema.Event(seq=row.seq, profile=own, type=row.type.value, at=row.at, data=data)
        size += len(msgspec.json.encode(event)) + 1
        if size > PAGE_BYTES:
            break
        shown.append(event)
    return schema.EventPage(events=shown, head=events.head(uow))

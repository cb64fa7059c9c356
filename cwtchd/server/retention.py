"""What a server forgets: the oldest messages, by count, by size and by age, a bounded number at a time.

A replay that is under way is not cut short: whoever runs replays says which id the slowest of them has still to send, for a bounded
time, and nothing from there on is removed. Once that time is over the replay is ended by whoever runs it, before anything that it
needs is removed: a client that was promised n messages gets n or a close. Spent tokens are never forgotten.

Age is that of the oldest message; those that a leap of the clock dated into the future leave by count and size.
"""

from dataclasses import dataclass

from cwtchd.server.settings import ServerSettings
from cwtchd.store import board
from cwtchd.store.board import HOUR_MILLISECONDS, KeptRow, Totals
from cwtchd.store.database import UnitOfWork

PRUNE_ROWS = 64
"""So many rows are removed in one unit at most: less than a batch's 5 ms."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows went, and whether more could go right now."""

    removed: int
    more: bool


def prune(uow: UnitOfWork, settings: ServerSettings, needed: int | None = None) -> Pruned:
    """Removes what is past the bounds, at most PRUNE_ROWS; nothing from the id `needed` on."""
    kept = board.sums(uow)
    rows = size = last = 0
    more = False
    oldest = board.by_age(uow)
    for row in oldest:
        left = Totals(kept.messages - rows, kept.bytes - size, kept.posts)
        if not _is_due(row, left, settings, uow.now) or (needed is not None and row.id >= needed):
            break
        if rows == PRUNE_ROWS:
            more = True
            break
        rows, size, last = rows + 1, size + row.size, row.id
    oldest.close()
    if rows:
        board.remove_through(uow, last)
    return Pruned(rows, more)


def _is_due(row: KeptRow, left: Totals, settings: ServerSettings, now: int) -> bool:
    """Whether the oldest row is to go. One is kept for `max_hours` whole hours, and at most one hour longer."""
    return (
        left.messages > settings.max_messages
        or left.bytes > settings.max_mib << 20
        or (settings.max_hours is not None and now // HOUR_MILLISECONDS - row.hour > settings.max_hours)
    )

"""What a server forgets: the oldest messages, by count, by size and by age, a bounded number at a time.

A replay that is under way is not cut short: whoever runs replays says which id the slowest of them has still to send, and from there on
nothing is removed until the bounds are passed by a tenth, so that whoever reads slowly holds back no more than that. Then it goes all the
same, and the replay that misses it is ended: a client that was promised n messages gets n or a close. Spent tokens are never forgotten.

Age is that of the oldest message; those that a leap of the clock dated into the future leave by count and size.
"""

from dataclasses import dataclass

from msgspec import structs

from cwtchd.server.settings import ServerSettings
from cwtchd.store import board
from cwtchd.store.board import HOUR_MILLISECONDS, KeptRow, Totals
from cwtchd.store.database import UnitOfWork

PRUNE_ROWS = 64
"""So many rows are removed in one unit at most: less than a batch's 5 ms."""


STRETCHED = 10


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows went, and whether more could go right now."""

    removed: int
    more: bool


def prune(uow: UnitOfWork, settings: ServerSettings, needed: int | None = None) -> Pruned:
    """Removes what is past the bounds, at most PRUNE_ROWS; from the id `needed` on only what is past them by a tenth."""
    kept = board.sums(uow)
    rows = size = last = 0
    more = False
    oldest = board.by_age(uow)
    for row in oldest:
        left = Totals(kept.messages - rows, kept.bytes - size, kept.posts)
        held = needed is not None and row.id >= needed
        if not _is_due(row, left, _stretched(settings) if held else settings, uow.now):
            break
        if rows == PRUNE_ROWS:
            more = True
            break
        rows, size, last = rows + 1, size + row.size, row.id
    oldest.close()
    if rows:
        board.remove_through(uow, last)
    return Pruned(rows, more)


def _stretched(settings: ServerSettings) -> ServerSettings:
    """How far those bounds go that replays hold back: a tenth further, and a few rows."""
    hours = settings.max_hours
    return structs.replace(
        settings,
        max_messages=settings.max_messages + max(settings.max_messages // STRETCHED, PRUNE_ROWS),
        max_mib=settings.max_mib + max(settings.max_mib // STRETCHED, 1),
        max_hours=None if hours is None else hours + max(hours // STRETCHED, 1),
    )


def _is_due(row: KeptRow, left: Totals, settings: ServerSettings, now: int) -> bool:
    """Whether the oldest row is to go. One is kept for `max_hours` whole hours, and at most one hour longer."""
    return (
        left.messages > settings.max_messages
        or left.bytes > settings.max_mib << 20
        or (settings.max_hours is not None and now // HOUR_MILLISECONDS - row.hour > settings.max_hours)
    )

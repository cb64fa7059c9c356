"""A sync session with a server: where it resumes, which of its rows are new, what became of our posts, what the server was caught at.

A session resumes only at an anchor that came in the replays of two own sessions, chosen without a look at what we posted (extensions 4.2, 4.5;
docs/decisions/0019), else at the first row. Rows are told apart by the whole of them. Of those older than the anchor nothing is kept: a server that still has the anchor begins
there, and one that has pruned it has pruned them before. Should a session have to begin further back all the same
(traffic grew so much that no newer anchor is rare enough), or a server bring rows back, those rows pass for new once more: groups know a
message again by its author's signature.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cwtchd.app import anchors, posts, servers
from cwtchd.app.anchors import LEAST_BITS, MEDIAN_DAYS
from cwtchd.app.effects import Outcome
from cwtchd.protocol.model import EncryptedGroupMessage
from cwtchd.protocol.server_table import ROWS_MOST
from cwtchd.store import events, server_rows
from cwtchd.store import servers as server_store
from cwtchd.store.database import UnitOfWork
from cwtchd.store.events import EventType
from cwtchd.store.server_rows import Anchor, SessionRow
from cwtchd.store.servers import Fault

RECEIVED_AT_ONCE = 64
"""So many rows are received in one unit at most."""

REPEATS_ALLOWED = 1_000
"""So many rows may come again in one session, and as many more as came new: a server repeats what was posted while it replayed, and
anybody with a token can have an old row sent around once more."""

IDLE_CUTS = 5
"""So many sessions in a row that ended within the replay and brought nothing new are not the network's doing."""

ANCHORS_KEPT = 16
"""Of each level."""

REORDERED = 1_000
"""By so many rows the order in which rows came may differ from their order on the server, where a session ended between them."""

_DAY_MS = 24 * 60 * 60 * 1000
_FORGOTTEN_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Session:
    """A session that has begun: `resume` is the signature to begin at, None for the first row."""

    server: int
    number: int
    resume: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Received:
    """What of a batch is new. `over` says that the session is to be ended: it is not the newest, or the server was caught."""

    new: tuple[EncryptedGroupMessage, ...] = field(repr=False)
    over: bool = False


def begin_session(uow: UnitOfWork, server: int) -> Outcome[Session]:
    """Begins a session; one that was not ended is over by it. Raises NotFound."""
    servers.get(uow, server)
    counting, last, today = server_store.counting(uow, server), server_rows.session(uow, server), _day(uow)
    server_store.forget_days(uow, server, today - MEDIAN_DAYS)
    days = server_store.days(uow, server)
    rate = anchors.rows_a_day(days, counting.counted_from, today, counting.rows)
    anchor = server_rows.newest_anchor(uow, server, anchors.bits(rate))
    before = 0 if last is None else last.forget_below
    below = before if anchor is None else max(before, anchor.arrival - REORDERED)
    below = max(below, counting.rows - ROWS_MOST)  # however few anchors there are, what is known is bounded
    row = SessionRow(
        server=server,
        number=1 if last is None else last.number + 1,
        began=counting.rows,
        resume=0 if anchor is None else anchor.arrival,
        gap_from=counting.counted_to,
        caught_up=False,
        ended=False,
        repeats=0,
        idle_cuts=0 if last is None else last.idle_cuts,
        forget_below=below,
        forgotten=below == before and (last is None or last.forgotten),
    )
    server_rows.begin(uow, row)
    return Outcome(Session(server, row.number, None if anchor is None else anchor.signature))


def received(
    uow: UnitOfWork, session: Session, messages: Sequence[EncryptedGroupMessage], live: bool = False
) -> Outcome[Received]:
    """Rows of a replay, or live ones, in the order in which they came: at most RECEIVED_AT_ONCE."""
    row = _newest(uow, session)
    if row is None:
        return Outcome(Received((), over=True))
    server, counted = session.server, server_store.counting(uow, session.server).rows
    new: list[EncryptedGroupMessage] = []
    row_ids, repeats, levels = [], 0, set()
    for message in messages:
        row_ids.append(anchors.row_id(message))
        arrival = server_rows.arrival(uow, server, row_ids[-1])
        if arrival is None:
            new.append(message)
            arrival = counted + len(new)
            server_rows.add(uow, server, row_ids[-1], arrival)
        else:
            repeats += live or arrival > row.began
        level = anchors.level(message.signature)
        if level >= LEAST_BITS and not live:
            server_rows.add_anchor(uow, server, Anchor(arrival, message.signature), level, row.number)
            levels.add(level)
    if new:
        server_rows.counted(uow, server, len(new))
        _count_days(uow, row, counted, len(new))
    server_rows.forget_anchors(uow, server, levels, ANCHORS_KEPT)
    posts.sighted(uow, server, session.number, row_ids)
    _forget(uow, row, _FORGOTTEN_AT_ONCE)
    came = counted + len(new) - row.began
    repeating = row.repeats + repeats > REPEATS_ALLOWED + came
    over = repeating or came > ROWS_MOST
    if repeats or over:
        server_rows.change(uow, server, repeats=row.repeats + repeats, ended=int(over))
    if over:
        servers.fault(uow, server, Fault.REPEATS if repeating else Fault.ENDLESS)
    return Outcome(Received(tuple(new), over))


def caught_up(uow: UnitOfWork, session: Session) -> Outcome[None]:
    """The replay came whole; what comes now is live."""
    row = _newest(uow, session)
    if row is not None and not row.caught_up:
        _caught_up(uow, row)
    return Outcome(None)


def _caught_up(uow: UnitOfWork, row: SessionRow) -> None:
    today = _day(uow)
    server_rows.change(uow, row.server, caught_up=1, idle_cuts=0)
    server_store.change(uow, row.server, last_synced_at=uow.now, counted_to=today)
    if server_store.counting(uow, row.server).counted_from is None:
        server_store.change(uow, row.server, counted_from=today + 1)
    events.append(uow, EventType.SERVER_CHANGED, server=row.server)


def ended(
    uow: UnitOfWork, session: Session, complete: bool, counted: int, announced: int, by_us: bool = False
) -> Outcome[tuple[Fault, ...]]:
    """A session is over: whether its replay came whole, how many rows of it came, how many were announced (0: nothing was).

    What we ended ourselves (`by_us`: without Tor, or with the profile) tells nothing against the server.
    """
    row = _newest(uow, session)
    if row is None:
        return Outcome(())
    faults = []
    if announced > ROWS_MOST:
        faults.append(Fault.ENDLESS)
    if complete and counted < announced:
        faults.append(Fault.SHORT_COUNT)
    elif complete:
        if not row.caught_up:
            _caught_up(uow, row)
        posts.absent(uow, session.server, session.number, row.resume)
    elif announced and not by_us and server_store.counting(uow, session.server).rows == row.began:
        cuts = row.idle_cuts + 1
        server_rows.change(uow, session.server, idle_cuts=cuts % IDLE_CUTS)
        if cuts == IDLE_CUTS:
            faults.append(Fault.SHORT_COUNT)
    elif announced and not by_us:
        server_rows.change(uow, session.server, idle_cuts=0)
    server_rows.change(uow, session.server, ended=1)
    _forget(uow, row, _FORGOTTEN_AT_ONCE)
    for fault in faults:
        servers.fault(uow, session.server, fault)
    return Outcome(tuple(faults))


def _newest(uow: UnitOfWork, session: Session) -> SessionRow | None:
    """The session as it stands; None where it is over, by whatever: rows that come late come again in the next."""
    row = server_rows.session(uow, session.server)
    return None if row is None or row.number != session.number or row.ended else row


def _count_days(uow: UnitOfWork, row: SessionRow, counted: int, new: int) -> None:
    today = _day(uow)
    if row.caught_up:
        server_store.count_rows(uow, row.server, {today: new})
        if server_store.counting(uow, row.server).counted_to != today:
            server_store.change(uow, row.server, counted_to=today)
    elif row.gap_from is not None:
        server_store.count_rows(
            uow, row.server, _spread(max(row.gap_from, today - MEDIAN_DAYS), today, counted, new)
        )


def _spread(first: int, last: int, at: int, rows: int) -> Mapping[int, int]:
    """Rows of a replay carry no time: they are taken to have come evenly since the last that was received."""
    days = max(1, last - first + 1)
    return Counter(last - (at + each) % days for each in range(rows))


def _forget(uow: UnitOfWork, row: SessionRow, limit: int) -> None:
    if not row.forgotten and server_rows.forget(uow, row.server, row.forget_below, limit) < limit:
        server_rows.change(uow, row.server, forgotten=1)


def _day(uow: UnitOfWork) -> int:
    return uow.now // _DAY_MS

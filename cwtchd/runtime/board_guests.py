"""The board of a running server: replays in pages, posts as units of its Ledger, and everything new to who is synced.

Being synced is a place in the rows, not a queue: what is new is written at once to those who stand right before it and read what they
were given; any other is brought up by pages once it reads again. So a guest that never reads costs what its stream holds, and misses
nothing. A post is answered when its row is durable; what is refused costs its guest, not its token.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, TypeVar

from twisted.internet.interfaces import IReactorTime

from cwtchd import log
from cwtchd.app.errors import StorageFailed
from cwtchd.protocol.connection import BoardServer
from cwtchd.protocol.events import Authenticated, Event, PostReceived, ReplayRequested
from cwtchd.protocol.model import EncryptedGroupMessage, SpentToken
from cwtchd.protocol.wire.constants import PACKET_SIZE
from cwtchd.protocol.wire.token_board import encode_new_message
from cwtchd.runtime.guests import Guest, Guests
from cwtchd.server.board import Posted, post
from cwtchd.server.keys import ServerKeys
from cwtchd.store import board
from cwtchd.store.board import BoardRow, Replay
from cwtchd.store.database import UnitOfWork
from cwtchd.tor.transport import OnionStream

GUESTS = 1_000
AUTHENTICATION_SECONDS = 60
IDLE_SECONDS = 600
"""How long a guest that is not synced may ask for nothing."""
STALLED_SECONDS = 120
"""How long a guest may leave unread what it was given: a replay that stands still keeps rows from going."""
PAGE_ROWS = 16
FEW, PAGE_ROWS_OF_FEW = 64, 64
"""A house with few guests reads more at once for each: that is faster, and takes no more memory in all."""
UNREAD_BYTES = PAGE_ROWS * PACKET_SIZE
"""Past so much that waits for a guest nothing more is read from the disk for it; a thousand that never read hold 250 MB at most."""
POSTS_WAITING = 16
"""So many posts of one guest may wait for the disk before it is not read from."""
REPLAYS_WAITING = 2
POSTS_REFUSED = 16
"""A guest whose posts were refused so often is parted with."""

T = TypeVar("T")


class RunUnit(Protocol):
    """Queues a unit of the server's Ledger; `done` gets its value, or its error, after the commit."""

    def __call__(self, unit: Callable[[UnitOfWork], T], done: Callable[[T | Exception], None]) -> None:
        """Queues it."""


@dataclass(slots=True)
class Reader:
    """What the board knows of one guest."""

    asked: deque[bytes | None] = field(default_factory=deque)
    """the last commits of replays that wait for their turn"""
    replay: Replay | None = None
    """the replay under way"""
    at: int = 0
    """the last row that was written to it"""
    synced: bool = False
    """its replay is over: it is told of everything new"""
    reading: bool = False
    """rows for it are being read from the disk"""
    posts: int = 0
    """how many of its posts wait for the disk"""
    refused: int = 0
    """how many of its posts were turned away"""


BoardGuest = Guest[BoardServer, Reader]


class BoardGuests(Guests[BoardServer, Reader]):
    """Those at the board."""

    def __init__(
        self,
        clock: IReactorTime,
        chance: Callable[[], float],
        randomness: Callable[[int], bytes],
        keys: ServerKeys,
        newest: int,
        run: RunUnit,
    ) -> None:
        """`newest` is the id of the newest row there is, 0 for none."""
        super().__init__(clock, chance, most=GUESTS, unread_bytes=UNREAD_BYTES)
        self._randomness = randomness
        self._keys = keys
        self._newest = newest
        self._run = run
        self.replayed = 0
        """replays to their end, since the start"""

    @property
    def synced(self) -> int:
        """How many have everything."""
        return sum(guest.known.synced for guest in self)

    @property
    def needed(self) -> int | None:
        """The oldest row that a replay under way still has to show, None where there is none."""
        return min((guest.known.at + 1 for guest in self if guest.known.replay is not None), default=None)

    def _connection(self) -> BoardServer:
        return BoardServer(self._keys.board, self._randomness)

    def _came(self) -> tuple[Reader, float]:
        return Reader(), AUTHENTICATION_SECONDS

    def _heard(self, guest: BoardGuest, event: Event) -> None:
        match event:
            case Authenticated():
                self.watch(guest, IDLE_SECONDS)
            case ReplayRequested(last_commit):
                self._ask(guest, last_commit)
            case PostReceived(message, token):
                self._post(guest, message, token)
            case _:
                pass

    # --- replays -------------------------------------------------------------------------------------------------

    def _ask(self, guest: BoardGuest, last_commit: bytes | None) -> None:
        if len(guest.known.asked) >= REPLAYS_WAITING:
            self.hang_up(guest)
            return
        guest.known.asked.append(last_commit)
        self._go_on(guest)

    def drained(self, stream: OnionStream[BoardServer]) -> None:
        """A guest has read what waited for it: it gets what it is behind."""
        guest = self._guests.get(stream)
        if guest is not None:
            if guest.known.synced:
                self.watch(guest, None)
            self._go_on(guest)

    def _go_on(self, guest: BoardGuest) -> None:
        """Has the next rows for a guest read, where it is behind and reads what it was given."""
        known = guest.known
        if known.reading or guest.stream.choked:
            return
        if known.replay is None and known.asked:
            last_commit = known.asked.popleft()
            self._read(guest, lambda uow: board.start_of(uow, last_commit), self._begin)
        elif known.replay is not None:
            self._read_page(guest, known.replay.last, self._replay)
        elif known.synced and known.at < self._newest:
            self._read_page(guest, self._newest, partial(self._bring_up, self._newest))

    def _read_page(
        self, guest: BoardGuest, until: int, then: Callable[[BoardGuest, Sequence[BoardRow]], None]
    ) -> None:
        after = guest.known.at
        rows = PAGE_ROWS_OF_FEW if len(self) <= FEW else PAGE_ROWS
        self._read(guest, lambda uow: board.page(uow, after, until, rows), then)

    def _read(
        self, guest: BoardGuest, unit: Callable[[UnitOfWork], T], then: Callable[[BoardGuest, T], None]
    ) -> None:
        def done(read: T | Exception) -> None:
            guest.known.reading = False
            if guest.stream not in self._guests:
                return
            if isinstance(read, Exception):
                _say_failed("rows could not be read for a guest", read)
                self.hang_up(guest)
                return
            then(guest, read)
            self._go_on(guest)

        guest.known.reading = True
        self._run(unit, done)

    def _begin(self, guest: BoardGuest, replay: Replay) -> None:
        guest.known.replay = replay
        guest.known.at = replay.first - 1
        guest.stream.write(guest.stream.connection.replay_begins(replay.count))
        self.watch(guest, STALLED_SECONDS)
        self._end_of(guest, replay)

    def _replay(self, guest: BoardGuest, rows: Sequence[BoardRow]) -> None:
        replay = guest.known.replay
        if replay is None or not rows or rows[0].id != guest.known.at + 1:
            # It was promised more than there is: rows went that it still needed.
            self.hang_up(guest)
            return
        guest.known.at = rows[-1].id
        guest.stream.write(guest.stream.connection.replayed([row.message for row in rows]))
        self.watch(guest, STALLED_SECONDS)
        self._end_of(guest, replay)

    def _end_of(self, guest: BoardGuest, replay: Replay) -> None:
        if guest.known.at < replay.last:
            return
        self.replayed += 1
        guest.known.replay = None
        guest.known.synced = guest.settled = True
        guest.stream.connection.synced()
        self.watch(guest, None)

    # --- what is new ---------------------------------------------------------------------------------------------

    def _bring_up(self, until: int, guest: BoardGuest, rows: Sequence[BoardRow]) -> None:
        if not rows:  # what it missed was pruned meanwhile
            guest.known.at = until
            return
        for row in rows:
            guest.stream.write(guest.stream.connection.new_message(encode_new_message(row.message)))
        guest.known.at = rows[-1].id

    def _post(self, guest: BoardGuest, message: EncryptedGroupMessage, token: SpentToken) -> None:
        key, server = self._keys.token_key, self._keys.board.onion

        def done(posted: Posted | Exception) -> None:
            guest.known.posts -= 1
            guest.stream.hold(guest.known.posts >= POSTS_WAITING)
            if isinstance(posted, Exception):
                # No answer: a refusal would say that the token is not good, and it is.
                _say_failed("a post was not stored", posted)
                self.hang_up(guest)
                return
            guest.stream.write(guest.stream.connection.post_result(posted.success))
            if posted.row is not None:
                self._tell(posted.row, message)
            if not posted.success:
                guest.known.refused += 1
                if guest.known.refused >= POSTS_REFUSED:
                    self.hang_up(guest)

        guest.known.posts += 1
        guest.stream.hold(guest.known.posts >= POSTS_WAITING)
        self._run(lambda uow: post(uow, key, server, message, token), done)

    def _tell(self, row: int, message: EncryptedGroupMessage) -> None:
        before, self._newest = self._newest, row
        encoded = encode_new_message(message)
        for guest in self:
            known = guest.known
            if not known.synced or known.replay is not None:
                continue
            if known.at == before and not known.reading and not guest.stream.choked:
                known.at = row
                guest.stream.write(guest.stream.connection.new_message(encoded))
            else:
                self._go_on(guest)
            if guest.stream.choked and guest.patience is None:
                self.watch(guest, STALLED_SECONDS)


def _say_failed(what: str, error: Exception) -> None:
    if isinstance(error, StorageFailed):
        log.info(what, reason="the disk refuses")
    else:
        log.unforeseen(what, error)

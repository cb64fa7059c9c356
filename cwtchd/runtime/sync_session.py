"""One sync session with a server, as somebody new: from the dial to its end (extensions 0-ground, 4.2 and 4.5).

It begins where the decision says, hands on what comes in units of at most 64 rows, in order, and is read from no faster than the disk stores.
Whoever owns it decides when it has lasted long enough.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from cwtchd import log
from cwtchd.app import server_sync, servers
from cwtchd.app.effects import Outcome
from cwtchd.app.server_sync import RECEIVED_AT_ONCE, Received, Session
from cwtchd.protocol.connection import BoardClient
from cwtchd.protocol.crypto.onion import identity_from_seed
from cwtchd.protocol.crypto.primitives import SEED_SIZE
from cwtchd.protocol.events import (
    Authenticated,
    ConnectionFailed,
    Event,
    ReplayEnded,
    ReplayStarted,
    RowReceived,
)
from cwtchd.protocol.model import EncryptedGroupMessage, Onion
from cwtchd.protocol.server_table import ROWS_MOST
from cwtchd.runtime.onion_call import OnionCall
from cwtchd.runtime.surroundings import Surroundings
from cwtchd.store.database import UnitOfWork
from cwtchd.store.servers import Fault

AUTHENTICATION_SECONDS = 120.0
"""From the dial to both proofs."""
SILENT_SECONDS = 120.0
"""How long a replay may stand still."""
UNITS_WAITING = 8
"""So many batches of rows may wait for the disk before the server is not read from."""
PURPOSE = "s"
"""The letter of a session's SOCKS user (extensions 0-ground, 8.1)."""

T = TypeVar("T")


class RunUnit(Protocol):
    """Queues a unit of the profile's Ledger; its effects are performed before `done`."""

    def __call__(
        self, unit: Callable[[UnitOfWork], Outcome[T]], done: Callable[[Outcome[T] | Exception], None]
    ) -> None:
        """Queues it."""


class SessionOwner(Protocol):
    """Who is told how a session goes."""

    def went_on(self) -> None:
        """Something of what clients see changed."""

    def session_over(self) -> None:
        """The session has ended, and everything of it is stored or not to be stored any more."""


class SyncSession:
    """One session. `synced` once its replay came whole."""

    def __init__(
        self, around: Surroundings, run: RunUnit, server: int, onion: Onion, owner: SessionOwner
    ) -> None:
        self._run = run
        self._server = server
        self._owner = owner
        identity = identity_from_seed(around.randomness(SEED_SIZE))
        connection = BoardClient(identity, onion, around.randomness)
        self._call = OnionCall(around.clock, around.tor, around.budget, self, connection)
        self._session: Session | None = None
        self._rows: list[EncryptedGroupMessage] = []
        self._live = False
        self._units = 0
        self._fault: Fault | None = None
        self._ending = False
        self._by_us = False
        self.authenticated = False
        self.synced = False
        self.announced: int | None = None
        self.received = 0
        self._call.patient(AUTHENTICATION_SECONDS)
        self._call.begin(onion, f"{PURPOSE}:{around.randomness(16).hex()}")

    @property
    def failure(self) -> str | None:
        """A stable word for why it did not come off; None where the server just ended it."""
        return self._call.failure

    def end(self) -> None:
        """Has lasted long enough, or can't go on without Tor: that is not the server's doing."""
        self._by_us = True
        self._call.hang_up()

    def close(self) -> None:
        """The profile is locked: nothing more is stored, nobody is told."""
        self._ending = True
        self._call.give_up()

    # --- what the call tells -------------------------------------------------------------------------------------

    def heard(self, events: Sequence[Event]) -> None:
        """The server caused these."""
        for event in events:
            if self._ending:
                return
            self._heard(event)
        self._flush()

    def _heard(self, event: Event) -> None:
        match event:
            case Authenticated():
                self.authenticated = True
                self._owner.went_on()
                self._submit(lambda uow: server_sync.begin_session(uow, self._server), self._begun)
            case ReplayStarted(count):
                self.announced = count
                if count > ROWS_MOST:
                    self._call.hang_up()
                else:
                    self._call.patient(SILENT_SECONDS)
                    self._owner.went_on()
            case RowReceived(message, live):
                self._take(message, live)
            case ReplayEnded():
                self._flush()
                self._call.patient(None)
                session = self._known()
                self._submit(lambda uow: server_sync.caught_up(uow, session), self._caught_up)
            case ConnectionFailed(error):
                log.info("a session with a server was closed", reason=str(error))
                self._fault = Fault.MALFORMED
                self._call.hang_up()
            case _:
                pass

    def _begun(self, outcome: Outcome[Session]) -> None:
        self._session = outcome.value
        self._call.patient(SILENT_SECONDS)
        self._call.write(self._call.connection.request_replay(outcome.value.resume))

    def _take(self, message: EncryptedGroupMessage, live: bool) -> None:
        if live != self._live:
            self._flush()
            self._live = live
        self._rows.append(message)
        if not live:
            self.received += 1
            self._call.patient(SILENT_SECONDS)
        if len(self._rows) == RECEIVED_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        if not self._rows:
            return
        rows, self._rows = self._rows, []
        session, live = self._known(), self._live
        self._submit(lambda uow: server_sync.received(uow, session, rows, live), self._stored)

    def _stored(self, outcome: Outcome[Received]) -> None:
        if outcome.value.over:
            self._call.hang_up()
        else:
            self._owner.went_on()

    def _caught_up(self, outcome: Outcome[None]) -> None:
        self.synced = True
        self._owner.went_on()

    def over(self) -> None:
        """The call has ended: what came is stored, then the session is told to be over."""
        if self._ending:
            return
        if self._session is not None:
            self._flush()
        self._ending = True
        session, fault = self._session, self._fault
        complete = self.announced is not None and self.received == self.announced
        received, announced, by_us = self.received, self.announced or 0, self._by_us

        def finish(uow: UnitOfWork) -> Outcome[None]:
            if session is not None:
                server_sync.ended(uow, session, complete, received, announced, by_us=by_us)
            if fault is not None:
                servers.fault(uow, self._server, fault)
            return Outcome(None)

        def done(outcome: Outcome[None] | Exception) -> None:
            if isinstance(outcome, Exception):
                log.unforeseen("the end of a session was not stored", outcome)
            self._owner.session_over()

        self._run(finish, done)

    # --- units ---------------------------------------------------------------------------------------------------

    def _submit(self, unit: Callable[[UnitOfWork], Outcome[T]], then: Callable[[Outcome[T]], None]) -> None:
        def done(outcome: Outcome[T] | Exception) -> None:
            self._units -= 1
            self._call.stream.hold(self._units >= UNITS_WAITING)
            if isinstance(outcome, Exception):
                log.unforeseen("what a server sent was not stored", outcome)
                self._call.hang_up()
            elif not self._ending:
                then(outcome)

        self._units += 1
        self._call.stream.hold(self._units >= UNITS_WAITING)
        self._run(unit, done)

    def _known(self) -> Session:
        """The session that has begun: the core lets no row through that was not asked for."""
        assert self._session is not None
        return self._session

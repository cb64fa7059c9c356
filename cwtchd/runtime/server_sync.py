"""Being synced with one server: sessions, one after the other, each on its own clock (extensions 0-ground, 4.5).

A session ends when its time is over, whether or not anything was posted, and the next begins at once. What breaks rests, and is tried
again, later each time; without Tor nothing is tried.
"""

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

from cwtchd.app import server_clocks
from cwtchd.app.errors import ServerUnreachable
from cwtchd.protocol.model import Onion
from cwtchd.rpc.presence import ServerPresence, ServerWord
from cwtchd.runtime import dialling
from cwtchd.runtime.surroundings import Surroundings
from cwtchd.runtime.sync_session import RunUnit, SyncSession


class ServerSync:
    """The sessions with one server. `changed` is told of every change of what clients see."""

    def __init__(
        self,
        around: Surroundings,
        run: RunUnit,
        server: int,
        onion: Onion,
        changed: Callable[[], None],
    ) -> None:
        self._around = around
        self._run = run
        self._server = server
        self._onion = onion
        self._changed = changed
        self._tor_ready = False
        self._session: SyncSession | None = None
        self._failures = 0
        self._lasting: IDelayedCall | None = None
        """ends the session"""
        self._rest: IDelayedCall | None = None
        """begins the next"""
        self._waiting: list[Deferred[None]] = []
        self._rotating = False
        self._open = True
        self.presence = ServerPresence(since=around.now())

    def tor_ready(self, ready: bool) -> None:
        """Tor came or went."""
        if ready == self._tor_ready:
            return
        self._tor_ready = ready
        if ready:
            self._failures = 0
            self._begin()
        elif self._session is not None:
            self._session.end()
        self.went_on()

    def sync(self) -> "Deferred[None]":
        """Fires once a session is synced, at once where one is; fails with ServerUnreachable where an attempt does not come off."""
        waiting: Deferred[None] = Deferred()
        if self._session is not None and self._session.synced:
            waiting.callback(None)
            return waiting
        if not self._tor_ready:
            waiting.errback(ServerUnreachable())
            return waiting
        self._waiting.append(waiting)
        self._failures = 0
        self._begin()
        return waiting

    def close(self) -> None:
        """Ends for good: the server is wanted no more, or the profile is locked."""
        self._open = False
        for timer in (self._lasting, self._rest):
            if timer is not None and timer.active():
                timer.cancel()
        if self._session is not None:
            self._session.close()
            self._session = None
        self._answer(ServerUnreachable())

    # --- sessions ------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        if not self._open or not self._tor_ready or self._session is not None:
            return
        if self._rest is not None and self._rest.active():
            self._rest.cancel()
        self._rest = None
        self._session = SyncSession(self._around, self._run, self._server, self._onion, self)
        self.went_on()

    def went_on(self) -> None:
        """Something of what clients see changed."""
        session = self._session
        if session is not None and session.authenticated and self._lasting is None:
            seconds = server_clocks.rotate(self._around.randomness)
            self._lasting = self._around.clock.callLater(seconds, self._rotate, session)
        if session is not None and session.synced:
            self._answer(None)
            if self._rotating:
                session.end()
        self._show(self.presence.last_failure if session is None or not session.synced else None)

    def _rotate(self, session: SyncSession) -> None:
        """The session's time is over; one whose replay is still under way goes on to its end, or it would begin again and again."""
        self._rotating = True
        if session.synced:
            session.end()

    def session_over(self) -> None:
        """A session has ended, and all of it is stored."""
        session, self._session = self._session, None
        if self._lasting is not None and self._lasting.active():
            self._lasting.cancel()
        self._lasting = None
        if not self._open or session is None:
            return
        rotating, self._rotating = self._rotating, False
        if rotating and session.synced:
            self._failures = 0
            # Not at once: who closes as somebody and comes as somebody else in the same second is one (extensions 4.2).
            self._rest = self._around.clock.callLater(
                server_clocks.between_sessions(self._around.randomness), self._begin
            )
            self._show(None)
            return
        # Also where it was synced: whoever hangs up at once must not be replayed every second.
        self._failures += 1
        seconds = dialling.delay(self._failures, self._around.chance())
        self._rest = self._around.clock.callLater(seconds, self._begin)
        self._show(session.failure or ("cut_off" if session.authenticated else "not_authenticated"))
        self._answer(ServerUnreachable())

    def _answer(self, refusal: ServerUnreachable | None) -> None:
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if refusal is None:
                each.callback(None)
            else:
                each.errback(refusal)

    def _show(self, last_failure: str | None) -> None:
        before, now = self.presence, self._around.now()
        resting = self._rest is not None and self._rest.active()
        session = self._session
        state = _word(session)
        self.presence = ServerPresence(
            state=state,
            since=before.since if before.state is state else now,
            received=0 if session is None else session.received,
            announced=None if session is None else session.announced,
            next_try_at=now + _left(self._rest, self._around.clock.seconds()) if resting else None,
            last_failure=last_failure,
        )
        if self.presence != before:
            self._changed()


def _word(session: SyncSession | None) -> ServerWord:
    if session is None:
        return ServerWord.DISCONNECTED
    if session.synced:
        return ServerWord.SYNCED
    return ServerWord.AUTHENTICATED if session.authenticated else ServerWord.CONNECTING


def _left(timer: IDelayedCall | None, now: float) -> int:
    return 0 if timer is None else round((timer.getTime() - now) * 1000)

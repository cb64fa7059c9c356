"""One message shown to its server, as somebody new, on a call that serves nothing else (extensions 0-ground, 4.3).

No replay is asked for, and the call stays a little behind the answer. What the answer is worth is the decision's affair.
"""

from collections.abc import Callable, Sequence

from twisted.internet.interfaces import IDelayedCall

from cwtchd import log
from cwtchd.app import posts, server_clocks
from cwtchd.app.effects import Outcome
from cwtchd.app.posts import Showing
from cwtchd.protocol.connection import BoardClient
from cwtchd.protocol.crypto import privacypass
from cwtchd.protocol.crypto.onion import identity_from_seed
from cwtchd.protocol.crypto.primitives import SEED_SIZE
from cwtchd.protocol.events import Authenticated, ConnectionFailed, Event, PostAnswered
from cwtchd.protocol.model import Onion
from cwtchd.protocol.wire.token_board import spending_data
from cwtchd.runtime.onion_call import OnionCall
from cwtchd.runtime.surroundings import Surroundings
from cwtchd.runtime.sync_session import RunUnit

ANSWER_SECONDS = 120.0
PURPOSE = "p"
"""The letter of a post's SOCKS user (extensions 0-ground, 8.1)."""


class PostCall:
    """One post. `over` is called once what became of it is stored."""

    def __init__(
        self, around: Surroundings, run: RunUnit, post: int, onion: Onion, over: Callable[[], None]
    ) -> None:
        self._around = around
        self._run = run
        self._post = post
        self._done = over
        identity = identity_from_seed(around.randomness(SEED_SIZE))
        connection = BoardClient(identity, onion, around.randomness)
        self._call = OnionCall(around.clock, around.tor, around.budget, self, connection)
        self._answered = False
        self._closed = False
        self._leaving: IDelayedCall | None = None
        self._call.patient(ANSWER_SECONDS)
        self._call.begin(onion, f"{PURPOSE}:{around.randomness(16).hex()}")

    def close(self) -> None:
        """The profile is locked."""
        self._closed = True
        self._cancel_leaving()
        self._call.give_up()

    def heard(self, events: Sequence[Event]) -> None:
        """The server caused these."""
        for event in events:
            match event:
                case Authenticated():
                    self._run(lambda uow: posts.showing(uow, self._post), self._show)
                case PostAnswered(success) if not self._answered:
                    self._answered = True
                    self._call.patient(None)
                    self._run(lambda uow: posts.answered(uow, self._post, success), self._stored)
                    seconds = server_clocks.post_close(self._around.randomness)
                    self._leaving = self._around.clock.callLater(seconds, self._call.hang_up)
                case ConnectionFailed(error):
                    log.info("a post's connection was closed", reason=str(error))
                    self._call.hang_up()
                case _:
                    pass

    def _show(self, outcome: Outcome[Showing | None] | Exception) -> None:
        showing = None if isinstance(outcome, Exception) else outcome.value
        if isinstance(outcome, Exception):
            log.unforeseen("a post could not be read", outcome)
        if self._closed:
            return
        if showing is None:
            self._call.hang_up()
            return
        token = privacypass.spend(showing.token, spending_data(showing.message, showing.onion))
        self._call.write(self._call.connection.post(showing.message, token))

    def _stored(self, outcome: Outcome[None] | Exception) -> None:
        if isinstance(outcome, Exception):
            log.unforeseen("a post's answer was not stored", outcome)

    def over(self) -> None:
        """The call has ended."""
        self._cancel_leaving()
        if self._closed:
            return

        def done(outcome: Outcome[None] | Exception) -> None:
            self._stored(outcome)
            self._done()

        if self._answered:
            self._done()
        else:
            self._run(lambda uow: posts.unanswered(uow, self._post), done)

    def _cancel_leaving(self) -> None:
        if self._leaving is not None and self._leaving.active():
            self._leaving.cancel()

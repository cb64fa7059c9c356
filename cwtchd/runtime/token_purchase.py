"""Buying tokens at the servers that a profile uses: on the decision's clock, one purchase a server at a time, each a call of its own.

The call is to the token service only, as nobody, on its own circuit; the work is done in a process of its own (work.py). Nothing here is told of
posts, so that nothing bought can be told from a post's time (extensions 0-ground, 4.3).
"""

from collections.abc import Callable, Sequence

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from cwtchd import log
from cwtchd.app import wallet
from cwtchd.app.effects import Outcome
from cwtchd.app.wallet import Purchase
from cwtchd.protocol.connection import TokenClient
from cwtchd.protocol.errors import BatchIncomplete, ProofFailed, RemoteProtocolError
from cwtchd.protocol.events import ConnectionFailed, Event, TokensBought, WorkNeeded
from cwtchd.protocol.model import Token
from cwtchd.runtime.onion_call import OnionCall
from cwtchd.runtime.surroundings import Surroundings
from cwtchd.runtime.sync_session import RunUnit
from cwtchd.runtime.work import WorkFailed
from cwtchd.store.servers import Fault

ANSWER_SECONDS = 120.0
"""How long the dial, and then the batch, may take."""
PURPOSE = "t"
"""The letter of a purchase's SOCKS user (extensions 0-ground, 8.1)."""


class TokenPurchase:
    """One purchase. `over` is called once it is stored, however it went; `tried` with how far the work is, None behind it."""

    def __init__(
        self,
        around: Surroundings,
        run: RunUnit,
        purchase: Purchase,
        tried: Callable[[int | None], None],
        over: Callable[[], None],
    ) -> None:
        self._work = around.work
        self._run = run
        self._purchase = purchase
        self._tried = tried
        self._done = over
        connection = TokenClient(purchase.token_key, purchase.amount, around.randomness)
        self._call = OnionCall(around.clock, around.tor, around.budget, self, connection)
        self._solving: Deferred[bytes] | None = None
        self._bought: Sequence[Token] | None = None
        self._fault: Fault | None = None
        self._closed = False
        self._call.patient(ANSWER_SECONDS)
        self._call.begin(purchase.token_service, f"{PURPOSE}:{around.randomness(16).hex()}")

    def close(self) -> None:
        """The profile is locked: what is under way is lost."""
        self._closed = True
        self._give_work_up()
        self._call.give_up()

    def heard(self, events: Sequence[Event]) -> None:
        """The token service caused these."""
        for event in events:
            match event:
                case WorkNeeded(prng_seed, challenge):
                    self._call.patient(None)
                    self._tried(0)
                    self._solving = self._work.solve(prng_seed, challenge, self._tried)
                    self._solving.addCallbacks(self._solved, self._not_solved)
                case TokensBought(tokens):
                    self._bought = tokens
                    self._call.hang_up()
                case ConnectionFailed(error):
                    log.info("a purchase of tokens was closed", reason=str(error))
                    self._fault = _fault_of(error)
                    self._call.hang_up()
                case _:
                    pass

    def _solved(self, solution: bytes) -> None:
        self._solving = None
        self._tried(None)
        self._call.patient(ANSWER_SECONDS)
        self._call.write(self._call.connection.solved(solution))

    def _not_solved(self, failure: Failure) -> None:
        self._solving = None
        self._tried(None)
        if not isinstance(failure.value, CancelledError | WorkFailed):
            log.unforeseen("a proof of work failed", failure.value)
        self._call.hang_up()

    def _give_work_up(self) -> None:
        if self._solving is not None:
            self._solving.cancel()

    def over(self) -> None:
        """The call has ended."""
        self._give_work_up()
        if self._closed:
            return
        bought, fault, purchase = self._bought, self._fault, self._purchase

        def done(outcome: Outcome[object] | Exception) -> None:
            if isinstance(outcome, Exception):
                log.unforeseen("a purchase of tokens was not stored", outcome)
            self._done()

        if bought is None:
            self._run(lambda uow: wallet.failed_purchase(uow, purchase, fault), done)
        else:
            self._run(lambda uow: wallet.finish_purchase(uow, purchase, bought), done)


def _fault_of(error: RemoteProtocolError) -> Fault:
    match error:
        case ProofFailed():
            return Fault.LIED_PROOF
        case BatchIncomplete():
            return Fault.SHORT_COUNT
        case _:
            return Fault.MALFORMED

"""Calls: every dial of a daemon, each over circuits of its own, and not stuck where tor is.

An attempt can hang: a relay may still stand for a contact's tor that has died, and tor waits with it for two minutes and
would do the same the next time. So a call that is not decided soon has the onion's descriptor fetched anew, and makes a
second attempt beside the first, which may only be slow. The first stream that comes about is the call's.
"""

import secrets
from collections.abc import Callable
from hashlib import blake2b

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IProtocol, IProtocolFactory
from twisted.python.failure import Failure

from cwtchd.protocol.model import Onion
from cwtchd.tor.addresses import ITorReactor
from cwtchd.tor.control import RunningTor, TorGone, TorRefused
from cwtchd.tor.dial import Dial, dial
from cwtchd.tor.interface import DialFailed

AGAIN_SECONDS = (10, 40)
"""When a call that is not decided makes another attempt."""
FETCH_SECONDS = 5
"""How long such an attempt waits for a fresh descriptor."""

Begin = Callable[[RunningTor, Onion, str, IProtocolFactory], Dial]


class Call:
    """One call. `done` is the interface's promise: the factory's protocol, or DialFailed, or cancelled."""

    def __init__(
        self, reactor: ITorReactor, attempt: Callable[[], Dial], refresh: Callable[[], "Deferred[None]"]
    ) -> None:
        self._attempt = attempt
        self._refresh = refresh
        self._attempts: set[Dial] = set()
        self._over = False
        self.done: Deferred[IProtocol] = Deferred(lambda _: self._end())
        self._timers: list[IDelayedCall] = [
            reactor.callLater(seconds, self._again) for seconds in AGAIN_SECONDS
        ]
        self._begin()

    def fail(self, reason: str, sentence: str) -> None:
        """Gives it up, and says why; nothing where it is over."""
        if not self._over:
            self._end()
            self.done.errback(DialFailed(reason, sentence))

    def _begin(self) -> None:
        if not self._over:
            attempt = self._attempt()
            self._attempts.add(attempt)
            attempt.done.addCallbacks(self._connected, self._failed, (attempt,), {}, (attempt,), {})

    def _again(self) -> None:
        self._refresh().addCallback(lambda _: self._begin())

    def _connected(self, protocol: IProtocol, attempt: Dial) -> None:
        self._attempts.discard(attempt)
        self._end()
        self.done.callback(protocol)

    def _failed(self, failure: Failure, attempt: Dial) -> None:
        self._attempts.discard(attempt)
        if not self._over and not self._attempts:
            self._end()
            self.done.errback(failure)

    def _end(self) -> None:
        self._over = True
        for timer in self._timers:
            if timer.active():
                timer.cancel()
        for attempt in tuple(self._attempts):
            attempt.done.cancel()


class Calls:
    """All calls of a daemon that are under way."""

    def __init__(self, reactor: ITorReactor, begin: Begin | None = None) -> None:
        """`begin` makes an attempt (tests)."""
        self._reactor = reactor
        self._make = begin or (
            lambda tor, onion, word, factory: dial(reactor, tor.socks, onion, word, factory)
        )
        self._calls: set[Call] = set()
        self._awaited: dict[Onion, list[Deferred[None]]] = {}
        self._isolation_key = secrets.token_bytes(32)
        self._attempts = 0

    def call(
        self, tor: RunningTor, onion: Onion, isolation: str, factory: IProtocolFactory
    ) -> "Deferred[IProtocol]":
        """Calls an onion on this tor. Fails with DialFailed; may be cancelled."""
        call = Call(
            self._reactor,
            lambda: self._make(tor, onion, self._word(isolation), factory),
            lambda: self._refresh(tor, onion),
        )
        self._calls.add(call)

        def over(result: IProtocol | Failure) -> IProtocol | Failure:
            self._calls.discard(call)
            return result

        return call.done.addBoth(over)

    def heard(self, event: str) -> None:
        """control-spec HS_DESC: action, address, …."""
        words = event.split()
        if words[:1] in (["RECEIVED"], ["FAILED"]) and len(words) > 1:
            for waiting in self._awaited.pop(Onion(words[1]), ()):
                if not waiting.called:
                    waiting.callback(None)

    def give_up(self, reason: str, sentence: str) -> None:
        """Fails all that are under way."""
        for call in tuple(self._calls):
            call.fail(reason, sentence)

    def _word(self, isolation: str) -> str:
        # Keyed, so that tor never learns whom an isolation is for; counted, since tor would put a second attempt on
        # the circuit of the first, which may lead to a tor that has died unheard.
        self._attempts += 1
        told = f"{self._attempts} {isolation}".encode()
        return blake2b(told, key=self._isolation_key, digest_size=32).hexdigest()

    def _refresh(self, tor: RunningTor, onion: Onion) -> "Deferred[None]":
        fetched: Deferred[None] = Deferred()
        self._awaited.setdefault(onion, []).append(fetched)
        tor.link.ask(f"HSFETCH {onion}").addErrback(_ignore_refusal)
        patience = self._reactor.callLater(FETCH_SECONDS, self.heard, f"FAILED {onion}")

        def over(_: None) -> None:
            if patience.active():
                patience.cancel()

        return fetched.addCallback(over)


def _ignore_refusal(failure: Failure) -> None:
    if not isinstance(failure.value, TorGone | TorRefused):
        failure.raiseException()

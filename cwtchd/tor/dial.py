"""Dialling: a stream through tor's SocksPort to an onion, handed to the factory's protocol with no byte lost."""

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IProtocol, IProtocolFactory, ITCPTransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from cwtchd.config import PEER_PORT
from cwtchd.protocol.machines.socks import SocksClient, SocksRefused
from cwtchd.protocol.model import Onion
from cwtchd.tor.addresses import ITorReactor, SocketAddress, endpoint
from cwtchd.tor.interface import DialFailed

DIAL_SECONDS = 120
"""Tor itself gives an onion up after about as long."""


class Dial:
    """One attempt. `done` is the interface's promise: the factory's protocol, or DialFailed, or cancelled."""

    def __init__(
        self, reactor: ITorReactor, socks: SocketAddress, request: SocksClient, factory: IProtocolFactory
    ) -> None:
        self._given_up = False
        self._stream = _SocksStream(request, factory, self._connected, self._refused)
        self.done: Deferred[IProtocol] = Deferred(lambda _: self._give_up())
        self._patience = reactor.callLater(DIAL_SECONDS, self.fail, *TIMED_OUT)
        self._connecting = endpoint(reactor, socks).connect(_One(self._stream))
        self._connecting.addErrback(self._unreached)

    def fail(self, reason: str, sentence: str) -> None:
        """Gives it up, and says why; nothing where it is over."""
        if not self.done.called and not self._given_up:
            self._give_up()
            self.done.errback(DialFailed(reason, sentence))

    def _give_up(self) -> None:
        self._given_up = True
        if self._patience.active():
            self._patience.cancel()
        self._connecting.cancel()
        self._stream.abort()

    def _connected(self, protocol: IProtocol) -> None:
        self._patience.cancel()
        self.done.callback(protocol)

    def _refused(self, reason: str, sentence: str) -> None:
        self.fail(reason, sentence)

    def _unreached(self, _: Failure) -> None:
        self.fail("tor_unavailable", "Tor's SocksPort does not answer.")


TIMED_OUT = ("timed_out", f"The contact's onion was not reached within {DIAL_SECONDS} s.")


def dial(
    reactor: ITorReactor, socks: SocketAddress, onion: Onion, isolation: str, factory: IProtocolFactory
) -> Dial:
    """Begins an attempt. What has another `isolation` (an opaque word) goes over other circuits."""
    request = SocksClient(f"{onion}.onion", PEER_PORT, isolation.encode(), b"cwtchd")
    return Dial(reactor, socks, request, factory)


class _One(Factory):
    """Hands out one protocol that exists."""

    noisy = False

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        return self._protocol


class _SocksStream(Protocol):
    """Speaks SOCKS, then is the factory's protocol's ear: that writes to the transport itself."""

    transport: ITCPTransport

    def __init__(
        self,
        request: SocksClient,
        factory: IProtocolFactory,
        connected: Callable[[IProtocol], None],
        refused: Callable[[str, str], None],
    ) -> None:
        self._request = request
        self._factory = factory
        self._tell_connected = connected
        self._tell_refused = refused
        self._carried: IProtocol | None = None
        self._over = False

    def connectionMade(self) -> None:
        if self._over:
            self.transport.abortConnection()
        else:
            self.transport.write(self._request.start())

    def dataReceived(self, data: bytes) -> None:
        if self._carried is not None:
            self._carried.dataReceived(data)
            return
        if self._over:
            return
        try:
            self.transport.write(self._request.receive_data(data))
        except SocksRefused as refusal:
            self._tell_refused(refusal.reason, str(refusal))
            return
        if self._request.connected:
            self._carry()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._over = True
        if self._carried is None:
            self._tell_refused("tor_unavailable", "Tor closed the connection before the contact was reached.")
        else:
            self._carried.connectionLost(reason)

    def abort(self) -> None:
        """Ends it, unless it is already carried."""
        self._over = True
        if self._carried is None and self.connected:
            self.transport.abortConnection()

    def _carry(self) -> None:
        protocol = self._factory.buildProtocol(self.transport.getPeer())
        if protocol is None:
            self._tell_refused("given_up", "The connection came about, but is no longer wanted.")
            return
        self._carried = protocol
        protocol.makeConnection(self.transport)
        self._tell_connected(protocol)
        unread = self._request.unread()
        if unread and not self._over:
            protocol.dataReceived(unread)

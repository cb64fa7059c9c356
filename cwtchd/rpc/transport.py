"""The socket: UNIX stream, one JSON value a line, at most 1 MiB a line, several callers at once.

Rules: a caller is known by its uid (SO_PEERCRED): the daemon's own may do everything, any other needs a token; a line that is too long
is passed over to its end, so that the next one is heard; a caller that stops writing still gets its answers.
"""

import os
import socket
from typing import cast

from twisted.internet.interfaces import (
    IAddress,
    IConsumer,
    IDelayedCall,
    IHalfCloseableProtocol,
    IPushProducer,
    IReactorTime,
    ITransport,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from cwtchd.rpc import jsonrpc
from cwtchd.rpc.access import OWNER
from cwtchd.rpc.exchange import EVENTS_UNREAD_BYTES, VALUE_BYTES, Exchange
from cwtchd.rpc.notify import LiveEvents
from cwtchd.rpc.ports import DaemonPort
from cwtchd.tor.addresses import peer_uid

STRANGERS = 64
"""So many connections of other users may be open that have shown no token."""
STRANGER_SECONDS = 10
"""So long they may be."""


class CallerTransport(ITransport, IConsumer, IPushProducer):
    """What Twisted's stream transports are, and its interfaces say in pieces."""

    bufferSize: int  # noqa: N815 - Twisted's name

    def getHandle() -> socket.socket:  # noqa: N802 - Twisted's name; an interface of zope takes no self
        """The socket itself."""

    disconnecting: bool

    def doWrite() -> object:  # noqa: N802 - IWriteDescriptor's
        """Sends what can be sent now."""

    def loseWriteConnection() -> None:  # noqa: N802 - likewise
        """Ends the writing half once what was written has left."""

    def abortConnection() -> None:
        """Ends the connection at once."""


@implementer(IPushProducer, IHalfCloseableProtocol)
class CallerProtocol(Protocol):
    """One caller's connection."""

    def __init__(
        self,
        daemon: DaemonPort,
        live: LiveEvents,
        house: "CallerFactory",
    ) -> None:
        self._daemon = daemon
        self._live = live
        self._house = house
        self._patience: IDelayedCall | None = None
        self._buffer = bytearray()
        self._passing_over = False
        self._answered = False
        self.exchange = Exchange(daemon, live, None, self)

    def connectionMade(self) -> None:
        if peer_uid(self._transport.getHandle()) == os.getuid():
            self.exchange.caller.grant = OWNER
        else:
            self._patience = self._house.clock.callLater(STRANGER_SECONDS, self._give_up_stranger)
        self._house.admit(self)
        self._transport.bufferSize = EVENTS_UNREAD_BYTES
        self._transport.registerProducer(self, True)

    @property
    def _transport(self) -> CallerTransport:
        return cast("CallerTransport", self.transport)

    def dataReceived(self, data: bytes) -> None:
        *lines, rest = data.split(b"\n")
        whole_lines = []
        for line in lines:
            whole = bytes(self._buffer) + line if self._buffer else line
            self._buffer.clear()
            passed_over, self._passing_over = self._passing_over, False
            if passed_over:
                continue
            if len(whole) > VALUE_BYTES:
                self.exchange.refuse(jsonrpc.LINE_TOO_LONG)
            else:
                whole_lines.append(whole)
        if not self._passing_over:
            self._buffer += rest
            if len(self._buffer) > VALUE_BYTES:
                self._buffer.clear()
                self._passing_over = True
                self.exchange.refuse(jsonrpc.LINE_TOO_LONG)
        self.exchange.take(whole_lines)
        self.flush()

    def readConnectionLost(self) -> None:  # noqa: N802 - Twisted's name
        if self._buffer:  # a last line without its end
            self.exchange.take([bytes(self._buffer)])
            self._buffer.clear()
        self.exchange.take_last()

    def writeConnectionLost(self) -> None:  # noqa: N802 - Twisted's name
        self._transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._patience is not None and self._patience.active():
            self._patience.cancel()
        self.exchange.close()
        self._house.left(self)

    @property
    def stranger(self) -> bool:
        """Another user, who has shown no token."""
        return self.exchange.caller.grant is None

    def _give_up_stranger(self) -> None:
        if self.stranger:
            self.exchange.cut()

    # --- what the exchange asks ----------------------------------------------------------------------------------

    def carry(self, value: bytes) -> None:
        self._transport.write(value + b"\n")
        self._answered = True

    def flush(self) -> None:
        # The loop would come to it only after another look at every socket.
        transport = self._transport
        if self._answered and not transport.disconnecting and not self.exchange.stalled:
            transport.doWrite()  # where it can't write, the loop calls it again and sees to that
        self._answered = False

    def hear(self, hearing: bool) -> None:
        steer = self._transport.resumeProducing if hearing else self._transport.pauseProducing
        steer()

    def part(self) -> None:
        self._transport.unregisterProducer()
        self._transport.loseConnection()

    def drop(self) -> None:
        self._transport.abortConnection()

    # --- what the transport asks ---------------------------------------------------------------------------------

    def pauseProducing(self) -> None:
        self.exchange.choke(choked=True)

    def resumeProducing(self) -> None:
        self.exchange.choke(choked=False)

    def stopProducing(self) -> None:
        self.exchange.choke(choked=True)


class CallerFactory(Factory):
    """Makes a connection's protocol for each caller."""

    noisy = False

    def __init__(self, clock: IReactorTime, daemon: DaemonPort, live: LiveEvents) -> None:
        self.clock = clock
        self._daemon = daemon
        self._live = live
        self._callers: dict[CallerProtocol, None] = {}

    def buildProtocol(self, addr: IAddress | None) -> CallerProtocol:
        return CallerProtocol(self._daemon, self._live, self)

    def admit(self, caller: CallerProtocol) -> None:
        """Lets a caller in; where there are too many strangers, the oldest gives way."""
        strangers = [each for each in self._callers if each.stranger] if caller.stranger else []
        if len(strangers) >= STRANGERS:
            strangers[0].exchange.cut()
        self._callers[caller] = None

    def left(self, caller: CallerProtocol) -> None:
        """A caller is gone."""
        self._callers.pop(caller, None)

    def revoked(self, token: int) -> None:
        """Ends the connections that hold to a token."""
        for caller in list(self._callers):
            if caller.exchange.caller.holds_to(token):
                caller.exchange.cut()

    def close(self) -> None:
        """Ends every connection, once what is under way is answered and what was written has left."""
        for caller in list(self._callers):
            caller.exchange.finish()

    def drop(self) -> None:
        """Ends those that are left."""
        for caller in list(self._callers):
            caller.exchange.cut()

    @property
    def empty(self) -> bool:
        """Nobody is there any more."""
        return not self._callers

"""The socket: UNIX stream, one JSON value a line, at most 1 MiB a line, several callers at once.

Rules: a caller is known by its uid (SO_PEERCRED); a line that is too long is passed over to its end, so that the next one is heard;
a caller that does not read is not read from, and one with too many calls under way waits.
"""

import os
import socket
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import cast

from twisted.internet.interfaces import IAddress, IConsumer, IPushProducer, ITransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from cwtchd.app.errors import Unauthorized
from cwtchd.rpc import jsonrpc
from cwtchd.rpc.dispatch import dispatch
from cwtchd.rpc.methods.registry import Begun, Session
from cwtchd.rpc.notify import ConnectionSubscriptions, LiveEvents
from cwtchd.rpc.ports import DaemonPort
from cwtchd.tor.addresses import peer_uid

LINE_BYTES = 1 << 20
CALLS_UNDER_WAY = 64
"""So many calls of one caller run at once: each may have an answer of a whole line."""
UNREAD_BYTES = 1 << 20
"""So much may wait for a caller that does not read: a client may write a thousand calls before it reads the first answer."""


class CallerTransport(ITransport, IConsumer, IPushProducer):
    """What Twisted's UNIX transports are, and its interfaces say in pieces."""

    bufferSize: int  # noqa: N815 - Twisted's name

    def getHandle() -> socket.socket:  # noqa: N802 - Twisted's name; an interface of zope takes no self
        """The socket itself."""


@implementer(IPushProducer)
class CallerProtocol(Protocol):
    """One caller's connection."""

    def __init__(
        self, daemon: DaemonPort, live: LiveEvents, gone: Callable[["CallerProtocol"], None]
    ) -> None:
        self._gone = gone
        self._buffer = bytearray()
        self._passing_over = False
        self._under_way = 0
        self._choked = False
        self._paused = False
        self._working = False
        self._lines: deque[bytes] = deque()
        self._daemon = daemon
        self._subscriptions = ConnectionSubscriptions(daemon, live, self._write_line, self.hang_up)

    def connectionMade(self) -> None:
        if peer_uid(self._transport.getHandle()) != os.getuid():
            self._write_line(jsonrpc.encode_fault(None, jsonrpc.fault_of(Unauthorized())))
            self._transport.loseConnection()
            return
        self._transport.bufferSize = UNREAD_BYTES
        self._transport.registerProducer(self, True)

    @property
    def _transport(self) -> CallerTransport:
        return cast("CallerTransport", self.transport)

    def dataReceived(self, data: bytes) -> None:
        *lines, rest = data.split(b"\n")
        for line in lines:
            whole = bytes(self._buffer) + line if self._buffer else line
            self._buffer.clear()
            passed_over, self._passing_over = self._passing_over, False
            if passed_over:
                continue
            if len(whole) > LINE_BYTES:
                self._answer_too_long()
            else:
                self._lines.append(whole)
        if not self._passing_over:
            self._buffer += rest
            if len(self._buffer) > LINE_BYTES:
                self._buffer.clear()
                self._passing_over = True
                self._answer_too_long()
        self._work()

    def _answer_too_long(self) -> None:
        self._write_line(jsonrpc.encode_fault(None, jsonrpc.LINE_TOO_LONG))

    def _work(self) -> None:
        """Begins the calls that have room. Lines that wait are bounded by what one read brings, since reading stops meanwhile."""
        if self._working:
            return  # an answer that came at once: the loop below goes on by itself
        self._working = True
        while self._lines and self._under_way < CALLS_UNDER_WAY and not self._choked:
            line = self._lines.popleft().strip()
            if line:
                self._under_way += 1
                session = Session(self._daemon, self._subscriptions, [])
                dispatch(session, jsonrpc.decode_line(line), partial(self._answer, session.begun))
        self._working = False
        self._steer()

    def _answer(self, begun: Begun, line: bytes | None) -> None:
        self._under_way -= 1
        if line is not None:
            self._write_line(line)
        for begin in begun:
            begin()
        if self._paused:
            self._work()

    def _write_line(self, line: bytes) -> None:
        self._transport.write(line + b"\n")

    def _steer(self) -> None:
        paused = bool(self._lines) or self._choked
        if paused != self._paused:
            self._paused = paused
            reading = self._transport.pauseProducing if paused else self._transport.resumeProducing
            reading()

    def pauseProducing(self) -> None:
        self._choked = True
        self._subscriptions.choke(choked=True)
        self._steer()

    def resumeProducing(self) -> None:
        self._choked = False
        self._subscriptions.choke(choked=False)
        self._work()

    def stopProducing(self) -> None:
        self._choked = True

    def hang_up(self) -> None:
        """Ends the connection once what was written has left; nothing more is heard."""
        self._choked = True
        self._lines.clear()
        self._transport.unregisterProducer()
        self._transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._choked = True
        self._lines.clear()
        self._subscriptions.close()
        self._gone(self)


class CallerFactory(Factory):
    """Makes a connection's protocol for each caller."""

    noisy = False

    def __init__(self, daemon: DaemonPort, live: LiveEvents) -> None:
        self._daemon = daemon
        self._live = live
        self._callers: set[CallerProtocol] = set()

    def buildProtocol(self, addr: IAddress | None) -> CallerProtocol:
        caller = CallerProtocol(self._daemon, self._live, self._callers.discard)
        self._callers.add(caller)
        return caller

    def close(self) -> None:
        """Ends every connection, once what was written has left."""
        for caller in list(self._callers):
            caller.hang_up()

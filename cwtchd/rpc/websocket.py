"""A WebSocket: each text message is one JSON value, as each line of the socket is.

Rules: a message of bytes, one that is too long or what is no frame ends the connection with the status that says so.
"""

import contextlib

import h11
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Request,
    TextMessage,
)
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from cwtchd.rpc.access import Grant
from cwtchd.rpc.exchange import VALUE_BYTES, Exchange
from cwtchd.rpc.notify import LiveEvents
from cwtchd.rpc.ports import DaemonPort
from cwtchd.rpc.transport import CallerTransport

PIECES = 4096
"""In so many frames a message may come: they need not carry anything, and each takes its time."""


class NotAWebSocket(Exception):
    """The request does not begin one."""


class WebSocket:
    """One connection, from its first request on."""

    def __init__(
        self,
        daemon: DaemonPort,
        live: LiveEvents,
        grant: Grant,
        transport: CallerTransport,
        request: h11.Request,
    ) -> None:
        """Raises NotAWebSocket."""
        self._transport = transport
        self._frames = WSConnection(ConnectionType.SERVER)
        self._text = bytearray()
        self._pieces = 0
        self._ended = False
        try:
            self._frames.initiate_upgrade_connection(list(request.headers), bytes(request.target).decode())
        except (RemoteProtocolError, UnicodeDecodeError):  # the second where a header is no text
            raise NotAWebSocket from None
        self.exchange = Exchange(daemon, live, grant, self)

    def open(self, data: bytes) -> None:
        """Says yes, and takes what came behind the request."""
        for event in self._frames.events():
            if isinstance(event, Request):
                self._send(AcceptConnection())
        if data:
            self.receive(data)

    def receive(self, data: bytes) -> None:
        """Takes what came."""
        if self._ended:
            return
        values: list[bytes] = []
        try:
            self._frames.receive_data(data)
            for event in self._frames.events():
                if not self._take(event, values):
                    break
        except RemoteProtocolError as error:
            hint = error.event_hint
            # The code alone: the library's reason quotes what came.
            code = hint.code if isinstance(hint, CloseConnection) else CloseReason.PROTOCOL_ERROR
            self._end(CloseConnection(code=code))
        self.exchange.take(values)

    def _take(self, event: Event, values: list[bytes]) -> bool:
        """Takes one event; False where it ends the connection."""
        match event:
            case TextMessage(data=text, message_finished=finished):
                self._text += text.encode("utf-8")
                self._pieces = 0 if finished else self._pieces + 1
                if len(self._text) > VALUE_BYTES or self._pieces > PIECES:
                    return self._end(CloseConnection(code=CloseReason.MESSAGE_TOO_BIG))
                if finished:
                    values.append(bytes(self._text))
                    self._text.clear()
            case BytesMessage():
                return self._end(CloseConnection(code=CloseReason.UNSUPPORTED_DATA))
            case Ping():
                if not self.exchange.stalled:  # whoever does not read needs no pong
                    self._send(event.response())
            case CloseConnection():
                return self._end(event.response())
        return True

    def _end(self, event: Event) -> bool:
        self._send(event)
        self._ended = True
        self.exchange.hang_up()
        return False

    def _send(self, event: Event) -> None:
        # What the other side has closed meanwhile takes nothing more: nobody is there to hear it.
        with contextlib.suppress(LocalProtocolError):
            self._transport.write(self._frames.send(event))

    # --- what the exchange asks ----------------------------------------------------------------------------------

    def carry(self, value: bytes) -> None:
        """Sends one value."""
        if not self._ended:
            self._send(TextMessage(data=value.decode("utf-8")))

    def flush(self) -> None:
        """What was sent leaves with the loop's next turn."""

    def hear(self, hearing: bool) -> None:
        """Whether more is to be read."""
        steer = self._transport.resumeProducing if hearing else self._transport.pauseProducing
        steer()

    def drop(self) -> None:
        """Ends the connection now."""
        self._ended = True
        self._transport.abortConnection()

    def part(self) -> None:
        """Says goodbye, and ends the connection once that has left."""
        if not self._ended:
            self._ended = True
            self._send(CloseConnection(code=CloseReason.GOING_AWAY))
        self._transport.unregisterProducer()
        self._transport.loseConnection()

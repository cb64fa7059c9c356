"""What every connection is: bytes in, events out, in packets of one size (wire-peer §2).

Rules: whatever the other side sends is an event or the end of the connection, told once, never an exception. Left out: what packets say.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable

from automat import NoTransition

from cwtchd.protocol.errors import LocalProtocolError, RemoteProtocolError
from cwtchd.protocol.events import ConnectionFailed, Event
from cwtchd.protocol.wire.frame import Framer


class BaseConnection(ABC):
    """One end of a stream."""

    def __init__(self) -> None:
        self._framer = Framer()
        self._to_send: list[bytes] = []
        self._started = False
        self._failed = False

    def start(self) -> bytes:
        """The first bytes, which are sent before anything is read. Raises LocalProtocolError the second time."""
        if self._started:
            raise LocalProtocolError("This connection is started already.")
        self._started = True
        self._begin()
        return self.data_to_send()

    def receive_data(self, data: bytes) -> tuple[Event, ...]:
        """What the other side's bytes mean, however they are cut. A fault that ends the connection is the last event, once.

        Raises LocalProtocolError before `start`, and nothing for whatever the other side sends.
        """
        if not self._started:
            raise LocalProtocolError("This connection is to be started before anything is read.")
        if self._failed:
            return ()
        events: list[Event] = []
        try:
            for packet in self._framer.feed(data):
                events.extend(self._receive_packet(packet))
        except RemoteProtocolError as error:
            events.append(self._fail(error))
        except NoTransition:
            events.append(self._fail(RemoteProtocolError("The peer spoke out of turn.")))
        return tuple(events)

    def data_to_send(self) -> bytes:
        """What is to be written now; reading it clears it."""
        data = b"".join(self._to_send)
        self._to_send.clear()
        return data

    @abstractmethod
    def _begin(self) -> None:
        """Puts what is said first into `_to_send`."""

    @abstractmethod
    def _receive_packet(self, packet: bytes) -> Iterable[Event]:
        """What one packet means. Raises RemoteProtocolError, or NoTransition where it is out of turn."""

    def _fail(self, error: RemoteProtocolError) -> ConnectionFailed:
        self._failed = True
        # Nothing more is said to whoever broke the protocol, and what is left of its bytes is let go.
        self._to_send.clear()
        self._framer = Framer()
        return ConnectionFailed(error)

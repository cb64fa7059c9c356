"""What the protocol says happened on one connection: frozen, past tense."""

from dataclasses import dataclass, field

from cwtchd.protocol.errors import RemoteProtocolError
from cwtchd.protocol.model import Onion, PeerVersion


@dataclass(frozen=True, slots=True)
class Authenticated:
    """The other side proved to be `onion`. Nothing of ours follows until `Connection.admit`."""

    onion: Onion = field(repr=False)


@dataclass(frozen=True, slots=True)
class VersionSettled:
    """It is known how this connection frames peer messages, by what the peer has sent: V2 is final, V1 until a late version message."""

    version: PeerVersion


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A message that is to be stored and acknowledged. `data` is the overlay text as it was sent."""

    id: str = field(repr=False)
    context: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class MessageAcknowledged:
    """The other side says that it has stored our message of this id."""

    id: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class MessageIgnored:
    """A message that real Cwtch would drop as well; the connection goes on. `reason` quotes nothing of it."""

    reason: str


@dataclass(frozen=True, slots=True)
class ConnectionFailed:
    """The other side broke the protocol in a way that ends the connection: close it now."""

    error: RemoteProtocolError


Event = (
    Authenticated | VersionSettled | MessageReceived | MessageAcknowledged | MessageIgnored | ConnectionFailed
)

"""What the protocol says happened on one connection: frozen, past tense."""

from dataclasses import dataclass, field

from cwtchd.protocol.errors import RemoteProtocolError
from cwtchd.protocol.model import EncryptedGroupMessage, Onion, PeerVersion, SpentToken, Token


@dataclass(frozen=True, slots=True)
class Authenticated:
    """The other side proved to be `onion`. On a peer's connection nothing of ours follows until `admit`."""

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


@dataclass(frozen=True, slots=True)
class ReplayRequested:
    """A guest of our board wants everything from the message of this signature on; None for all there is (wire-server §3.2)."""

    last_commit: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class PostReceived:
    """A guest of our board wants this stored, and shows a token for it. Neither is checked yet."""

    message: EncryptedGroupMessage
    token: SpentToken


@dataclass(frozen=True, slots=True)
class ReplayStarted:
    """A server says that so many rows follow."""

    count: int


@dataclass(frozen=True, slots=True)
class RowReceived:
    """A message of a server: `live` where it was posted just now, else a row of the replay under way."""

    message: EncryptedGroupMessage
    live: bool


@dataclass(frozen=True, slots=True)
class ReplayEnded:
    """All rows that the server announced have come; what comes from now on is live."""


@dataclass(frozen=True, slots=True)
class PostAnswered:
    """A server's word on the oldest post that it has not answered. `success` never means that the message is stored."""

    success: bool


@dataclass(frozen=True, slots=True)
class WorkNeeded:
    """A token service asks for a proof of work: `crypto.proof_of_work.solve` takes both (wire-server §2.3)."""

    prng_seed: bytes = field(repr=False)
    challenge: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokensBought:
    """A token service signed our batch, and proved that it did so with its public key. The connection has served."""

    tokens: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class BatchSigned:
    """A guest of our token service has its tokens, so many. The connection has served."""

    count: int


Event = (
    Authenticated
    | VersionSettled
    | MessageReceived
    | MessageAcknowledged
    | MessageIgnored
    | ReplayRequested
    | PostReceived
    | ReplayStarted
    | RowReceived
    | ReplayEnded
    | PostAnswered
    | WorkNeeded
    | TokensBought
    | BatchSigned
    | ConnectionFailed
)

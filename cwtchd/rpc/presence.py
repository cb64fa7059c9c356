"""How each contact, and each server, is connected right now: the one part of an answer that no row holds.

The runtime writes it on the loop, replacing a frozen value on each change; presenters read it on a Ledger's thread.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cwtchd.protocol.model import ConnectionState


@dataclass(frozen=True, slots=True)
class ContactPresence:
    """One contact's connection. Times are milliseconds since the epoch."""

    state: ConnectionState
    since: int
    last_proof_at: int | None = None
    """when the contact was last heard on an authenticated connection"""
    next_dial_at: int | None = None
    """when it is dialled again, None while it is connected or being dialled"""
    last_failure: str | None = None
    """a stable word for why the last dial did not work"""


Presence = Mapping[int, ContactPresence]
"""By conversation. One that is not in it has not been reached for since the profile was opened."""


@dataclass(frozen=True, slots=True)
class SelfDialled:
    """How the daemon's calls to a profile's own onion went. Times are milliseconds since the epoch."""

    last_proof_at: int | None = None
    """when a call from outside last came in: ours, or a peer's that authenticated"""
    last_failure: str | None = None
    next_at: int | None = None


class ServerWord(StrEnum):
    """How a server that a profile uses is connected, as the API shows it (wire-server §3.3)."""

    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    AUTHENTICATED = "authenticated"
    """it proved its address; what it stores is being received"""
    SYNCED = "synced"
    """everything that it stores was received, and what is new comes at once"""


@dataclass(frozen=True, slots=True)
class ServerPresence:
    """One server's session. Times are milliseconds since the epoch."""

    since: int
    state: ServerWord = ServerWord.DISCONNECTED
    received: int = 0
    """rows of this session's replay that came so far"""
    announced: int | None = None
    """how many the server said that there are"""
    next_try_at: int | None = None
    last_failure: str | None = None
    """a stable word for why the last session did not come off, or was cut off"""
    work_tried: int | None = None
    """how often the proof of work for tokens was tried so far, None where none is under way"""


ServerPresences = Mapping[int, ServerPresence]
"""By the server's id."""

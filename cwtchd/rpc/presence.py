"""How each contact is connected right now: the one part of an answer that no row holds.

The runtime writes it on the loop, replacing a frozen value on each change; presenters read it on a Ledger's thread.
"""

from collections.abc import Mapping
from dataclasses import dataclass

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

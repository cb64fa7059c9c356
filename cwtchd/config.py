"""What a daemon is told at its start: one frozen value, handed down from the command line."""

from dataclasses import dataclass, field
from pathlib import Path

from cwtchd.credential import PasswordSources, SecretFile

PEER_PORT = 9878
"""The virtual port of every Cwtch onion (wire-peer §2.1)."""


MESSAGES_IN_FLIGHT = 32
"""So many messages of ours may be unacknowledged on one connection."""

EVENTS_KEPT = 200_000
"""So many rows of each profile's event log are kept, where the configuration names no other number."""
EVENTS_KEPT_LEAST = 1_000


@dataclass(frozen=True, slots=True)
class KdfCost:
    """How dear one attempt at a password is (Argon2id)."""

    memory_bytes: int = 64 << 20
    passes: int = 3


@dataclass(frozen=True, slots=True)
class TorChoice:
    """Which tor to use.

    `attach` is None for a tor of our own, else its control port: `HOST:PORT` or `unix:PATH`.
    `network` is the folder of a private network (`cwtchd tornet`), whose `client.torrc` an own tor reads.
    `executable` is the tor program, None to look it up (PATH, then beside this Python).
    """

    attach: str | None = None
    network: Path | None = None
    executable: Path | None = None
    password: SecretFile | None = None
    """what the control port of a running tor may ask for, where it lets nobody in by cookie"""


@dataclass(frozen=True, slots=True)
class HttpAddress:
    """A loopback address; port 0 lets the system choose."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Serving:
    """A daemon that is only a server. `description` is for the one that it makes where the home has none."""

    description: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Config:
    """The daemon's settings."""

    home: Path
    socket: Path
    tor: TorChoice = TorChoice()
    kdf: KdfCost = KdfCost()
    group: str | None = None
    """a UNIX group whose members may connect; they need a token all the same"""
    http: HttpAddress | None = None
    """where the loopback HTTP transport listens; None: nowhere"""
    metrics: HttpAddress | None = None
    """where sums of the hosted servers are told over HTTP; None: nowhere"""
    events_kept: int = EVENTS_KEPT
    passwords: PasswordSources = field(default_factory=PasswordSources)
    """what opens profiles at the start, without a person"""
    serving: Serving | None = None
    """set where the daemon is only a server, and has no profiles"""

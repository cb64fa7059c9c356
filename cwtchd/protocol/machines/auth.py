"""Authentication: each side proves its onion to the other and both agree on a key, or nothing more is said (wire-peer §3).

Goal: `Proved` is returned only to whoever completed the 3DH with the owner of the address that it names. Each side sends before it
reads. Refused: a host that was not dialled, our own message reflected, keys that are no usable points, a wrong challenge. Left out: time limits, which whoever owns the stream keeps.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from automat import TypeMachineBuilder

from cwtchd.protocol.crypto.handshake import Said, challenge, session_key
from cwtchd.protocol.crypto.onion import onion_of
from cwtchd.protocol.crypto.primitives import SEED_SIZE, equal, public_key_of_seed
from cwtchd.protocol.errors import RemoteProtocolError
from cwtchd.protocol.model import Identity, Onion, Role
from cwtchd.protocol.wire.auth import AuthMessage, encode_auth


@dataclass(frozen=True, slots=True)
class SendPlain:
    """To be sent in a plain packet."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyAgreed:
    """From now on packets are sealed with this key, both ways."""

    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SendSealed:
    """To be sent in a sealed packet."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Proved:
    """The other side is this onion."""

    onion: Onion = field(repr=False)


Steps = tuple[SendPlain | KeyAgreed | SendSealed | Proved, ...]


class Auth(Protocol):
    """What can happen to an authentication."""

    def begin(self) -> Steps:
        """The stream is open"""

    def got_keys(self, theirs: AuthMessage) -> Steps:
        """The other side's first packet, decoded"""

    def got_proof(self, proof: bytes) -> Steps:
        """The other side's second packet, opened"""


@dataclass(slots=True)
class AuthState:
    """What an authentication works with. `dialled` is whom the outbound side called."""

    role: Role
    identity: Identity = field(repr=False)
    dialled: Onion | None = field(repr=False)
    randomness: Callable[[int], bytes] = field(repr=False)
    ephemeral: bytes = field(default=b"", repr=False)
    expected: bytes = field(default=b"", repr=False)
    remote: Onion | None = field(default=None, repr=False)


_builder = TypeMachineBuilder(Auth, AuthState)
silent = _builder.state("silent")
"""nothing was sent or heard"""
introduced = _builder.state("introduced")
"""our keys are sent; theirs are awaited"""
challenged = _builder.state("challenged")
"""our proof is sent; theirs is awaited"""
authenticated = _builder.state("authenticated")
"""both proofs are right"""


def _own(state: AuthState) -> AuthMessage:
    return AuthMessage(state.identity.public_key, public_key_of_seed(state.ephemeral))


@silent.upon(Auth.begin).to(introduced)
def _introduce(auth: Auth, state: AuthState) -> Steps:
    state.ephemeral = state.randomness(SEED_SIZE)
    return (SendPlain(encode_auth(_own(state))),)


@introduced.upon(Auth.got_keys).to(challenged)
def _challenge(auth: Auth, state: AuthState, theirs: AuthMessage) -> Steps:
    own = _own(state)
    if equal(theirs.ephemeral, own.ephemeral) or equal(theirs.long_term, own.long_term):
        raise RemoteProtocolError("The peer sent our own keys back.")
    remote = onion_of(theirs.long_term)
    if state.dialled is not None and remote != state.dialled:
        raise RemoteProtocolError("The peer is not the one that was dialled.")
    key = session_key(state.role, state.identity.seed, state.ephemeral, theirs.long_term, theirs.ephemeral)
    # What goes into the transcript is the parse, marshalled anew, as Go does (wire-peer §3.6).
    # A key of this connection alone: forgotten as soon as it has served.
    state.ephemeral = b""
    us, them = Said(state.identity.onion, encode_auth(own)), Said(remote, encode_auth(theirs))
    drawn = challenge(us, them) if state.role is Role.OUTBOUND else challenge(them, us)
    state.remote = remote
    state.expected = drawn + remote.encode()
    return (KeyAgreed(key), SendSealed(drawn + state.identity.onion.encode()))


@challenged.upon(Auth.got_proof).to(authenticated)
def _prove(auth: Auth, state: AuthState, proof: bytes) -> Steps:
    if state.remote is None or not equal(proof, state.expected):
        raise RemoteProtocolError("The peer's proof is wrong.")
    return (Proved(state.remote),)


build_auth = _builder.build()

"""A connection between two onions that have proved themselves to each other, sealed from then on (wire-peer §3).

Left out: what is said once that is done, which is the peers' or the board's.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import ParamSpec

from automat import NoTransition

from cwtchd.protocol.connection.base import BaseConnection
from cwtchd.protocol.crypto.primitives import NONCE_SIZE
from cwtchd.protocol.errors import LocalProtocolError
from cwtchd.protocol.events import Authenticated, Event
from cwtchd.protocol.machines.auth import (
    AuthState,
    KeyAgreed,
    Proved,
    SendPlain,
    SendSealed,
    Steps,
    build_auth,
)
from cwtchd.protocol.model import Identity, Onion, Role
from cwtchd.protocol.wire.auth import decode_auth
from cwtchd.protocol.wire.frame import decode_plain, decode_sealed, encode_plain, encode_sealed

P = ParamSpec("P")


class AuthenticatedConnection(BaseConnection):
    """One end. `dialled` is whom an outbound one called; `randomness` gives ephemeral keys and nonces."""

    def __init__(
        self, role: Role, identity: Identity, dialled: Onion | None, randomness: Callable[[int], bytes]
    ) -> None:
        super().__init__()
        if (role is Role.OUTBOUND) != (dialled is not None):
            raise LocalProtocolError("An outbound connection names whom it dialled, an inbound one nobody.")
        self.dialled = dialled
        """whom we called; None where they called us"""
        self._randomness = randomness
        self._auth = build_auth(AuthState(role, identity, dialled, randomness))
        self._key: bytes | None = None
        self._remote: Onion | None = None

    @property
    def remote(self) -> Onion | None:
        """Who the other side proved to be."""
        return self._remote

    @abstractmethod
    def _receive_message(self, data: bytes) -> Iterable[Event]:
        """What a message means, once both sides have proved themselves."""

    def _check_authenticated(self) -> None:
        if self._remote is None:
            raise LocalProtocolError("Nobody is authenticated on this connection.")

    def _say(
        self, otherwise: str, move: Callable[P, Iterable[bytes]], *args: P.args, **kwargs: P.kwargs
    ) -> bytes:
        """Makes a machine's move and seals what is to be said of it.

        Raises LocalProtocolError where nobody is authenticated, and, with the sentence `otherwise`, where the move is out of turn.
        """
        self._check_authenticated()
        try:
            return self._sealed(move(*args, **kwargs))
        except NoTransition:
            raise LocalProtocolError(otherwise) from None

    def _begin(self) -> None:
        for _ in self._take_steps(self._auth.begin()):
            pass

    def _receive_packet(self, packet: bytes) -> Iterable[Event]:
        if self._remote is not None:
            return self._receive_message(decode_sealed(self._session_key(), packet))
        if self._key is not None:
            return self._take_steps(self._auth.got_proof(decode_sealed(self._key, packet)))
        return self._take_steps(self._auth.got_keys(decode_auth(decode_plain(packet))))

    def _take_steps(self, steps: Steps) -> Iterator[Event]:
        for step in steps:
            match step:
                case SendPlain(data):
                    self._to_send.append(encode_plain(data))
                case KeyAgreed(key):
                    self._key = key
                case SendSealed(data):
                    self._to_send.append(self._sealed((data,)))
                case Proved(onion):
                    self._remote = onion
                    yield Authenticated(onion)

    def _sealed(self, messages: Iterable[bytes]) -> bytes:
        key = self._session_key()
        return b"".join([encode_sealed(key, data, self._randomness(NONCE_SIZE)) for data in messages])

    def _session_key(self) -> bytes:
        if self._key is None:
            raise LocalProtocolError("There is no key on this connection yet.")
        return self._key

"""Connection: bytes in, events out, for one stream between two onions.

It joins framing, authentication and the peer machine, and it alone decides what a peer's fault costs: a bad frame or a failed
authentication ends the connection; a peer message that can't be read is dropped and the connection kept, as real Cwtch does, since it
is for ever unreadable and closing would block its sender's outbox for ever (wire-peer §2.11).
"""

from collections.abc import Callable, Iterator

from automat import NoTransition

from cwtchd.protocol.crypto.primitives import NONCE_SIZE
from cwtchd.protocol.errors import LocalProtocolError, RemoteProtocolError
from cwtchd.protocol.events import Authenticated, ConnectionFailed, Event, MessageIgnored
from cwtchd.protocol.machines.auth import (
    AuthState,
    KeyAgreed,
    Proved,
    SendPlain,
    SendSealed,
    Steps,
    build_auth,
)
from cwtchd.protocol.machines.peer import PeerState, build_peer
from cwtchd.protocol.model import Identity, Onion, PeerMessage, PeerVersion, Role
from cwtchd.protocol.wire.auth import decode_auth
from cwtchd.protocol.wire.frame import Framer, decode_plain, decode_sealed, encode_plain, encode_sealed
from cwtchd.protocol.wire.peer import data_limit, decode_peer_message


class Connection:
    """One end of a stream. `dialled` is whom an outbound one called; `randomness` gives ephemeral keys and nonces."""

    def __init__(
        self, role: Role, identity: Identity, dialled: Onion | None, randomness: Callable[[int], bytes]
    ) -> None:
        self._randomness = randomness
        if (role is Role.OUTBOUND) != (dialled is not None):
            raise LocalProtocolError("An outbound connection names whom it dialled, an inbound one nobody.")
        self.dialled = dialled
        """whom we called; None where they called us"""
        self._framer = Framer()
        self._auth = build_auth(AuthState(role, identity, dialled, randomness))
        self._peer_state = PeerState()
        self._peer = build_peer(self._peer_state)
        self._key: bytes | None = None
        self._remote: Onion | None = None
        self._to_send: list[bytes] = []
        self._started = False
        self._failed = False

    @property
    def version(self) -> PeerVersion:
        """How messages are framed at this moment."""
        return self._peer_state.version

    @property
    def remote(self) -> Onion | None:
        """Who the other side proved to be."""
        return self._remote

    def start(self) -> bytes:
        """The first packet, which is sent before anything is read. Raises LocalProtocolError the second time."""
        try:
            steps = self._auth.begin()
        except NoTransition:
            raise LocalProtocolError("This connection is started already.") from None
        self._started = True
        for _ in self._take_steps(steps):
            pass
        return self.data_to_send()

    def receive_data(self, data: bytes) -> tuple[Event, ...]:
        """What the peer's bytes mean, however they are cut. A fault that ends the connection is the last event, once.

        Raises LocalProtocolError before `start`, and nothing for whatever the peer sends.
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

    def admit(self) -> bytes:
        """The version message: from now on messages may be sent. Raises LocalProtocolError where nobody is authenticated."""
        if self._remote is None:
            raise LocalProtocolError("Nobody is authenticated on this connection.")
        try:
            return self._sealed(*self._peer.admit())
        except NoTransition:
            raise LocalProtocolError("The peer on this connection is admitted already.") from None

    def send(self, message: PeerMessage) -> bytes:
        """A message's packet, at the connection's version. Raises MessageTooLarge, and LocalProtocolError before `admit`."""
        try:
            return self._sealed(*self._peer.send(message))
        except NoTransition:
            raise LocalProtocolError("Nothing is sent before the peer is admitted.") from None

    def data_limit(self, message_id: str, context: str) -> int:
        """The most bytes of data that a message of this id and context can hold at the connection's version."""
        return data_limit(self.version, message_id, context)

    def _fail(self, error: RemoteProtocolError) -> ConnectionFailed:
        self._failed = True
        # Nothing more is said to whoever broke the protocol, and what is left of its bytes is let go.
        self._to_send.clear()
        self._framer = Framer()
        return ConnectionFailed(error)

    def _receive_packet(self, packet: bytes) -> Iterator[Event]:
        if self._remote is not None:
            yield from self._receive_message(decode_sealed(self._session_key(), packet))
        elif self._key is not None:
            yield from self._take_steps(self._auth.got_proof(decode_sealed(self._key, packet)))
        else:
            yield from self._take_steps(self._auth.got_keys(decode_auth(decode_plain(packet))))

    def _receive_message(self, data: bytes) -> tuple[Event, ...]:
        try:
            message = decode_peer_message(self.version, data)
        except RemoteProtocolError as error:
            return (MessageIgnored(str(error)),)
        return self._peer.got_message(message)

    def _take_steps(self, steps: Steps) -> Iterator[Event]:
        for step in steps:
            match step:
                case SendPlain(data):
                    self._to_send.append(encode_plain(data))
                case KeyAgreed(key):
                    self._key = key
                case SendSealed(data):
                    self._to_send.append(self._sealed(data))
                case Proved(onion):
                    self._remote = onion
                    yield Authenticated(onion)

    def _sealed(self, *messages: bytes) -> bytes:
        key = self._session_key()
        return b"".join(encode_sealed(key, data, self._randomness(NONCE_SIZE)) for data in messages)

    def _session_key(self) -> bytes:
        if self._key is None:
            raise LocalProtocolError("There is no key on this connection yet.")
        return self._key

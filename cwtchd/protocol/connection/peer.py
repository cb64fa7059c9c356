"""A connection between two peers (wire-peer §4).

It alone decides what a peer's fault costs: a bad frame or a failed authentication ends the connection; a peer message that can't be
read is dropped and the connection kept, as real Cwtch does, since it is for ever unreadable and closing would block its sender's outbox
for ever (wire-peer §2.11).
"""

from collections.abc import Callable

from cwtchd.protocol.connection.authenticated import AuthenticatedConnection
from cwtchd.protocol.errors import RemoteProtocolError
from cwtchd.protocol.events import Event, MessageIgnored
from cwtchd.protocol.machines.peer import PeerState, build_peer
from cwtchd.protocol.model import Identity, Onion, PeerMessage, PeerVersion, Role
from cwtchd.protocol.wire.peer import data_limit, decode_peer_message


class PeerConnection(AuthenticatedConnection):
    """One end. `dialled` is whom an outbound one called; `randomness` gives ephemeral keys and nonces."""

    def __init__(
        self, role: Role, identity: Identity, dialled: Onion | None, randomness: Callable[[int], bytes]
    ) -> None:
        super().__init__(role, identity, dialled, randomness)
        self._peer_state = PeerState()
        self._peer = build_peer(self._peer_state)

    @property
    def version(self) -> PeerVersion:
        """How messages are framed at this moment."""
        return self._peer_state.version

    def admit(self) -> bytes:
        """The version message: from now on messages may be sent. Raises LocalProtocolError where nobody is authenticated."""
        return self._say("The peer on this connection is admitted already.", self._peer.admit)

    def send(self, message: PeerMessage) -> bytes:
        """A message's packet, at the connection's version. Raises MessageTooLarge, and LocalProtocolError before `admit`."""
        return self._say("Nothing is sent before the peer is admitted.", self._peer.send, message)

    def data_limit(self, message_id: str, context: str) -> int:
        """The most bytes of data that a message of this id and context can hold at the connection's version."""
        return data_limit(self.version, message_id, context)

    def _receive_message(self, data: bytes) -> tuple[Event, ...]:
        try:
            message = decode_peer_message(self.version, data)
        except RemoteProtocolError as error:
            return (MessageIgnored(str(error)),)
        return self._peer.got_message(message)

"""A peer that does as the test says: real bytes over a real socket to a daemon's onion of a LocalTor, without a daemon behind it."""

import contextlib
import os
import socket
from pathlib import Path

from cwtchd.protocol.connection import PeerConnection
from cwtchd.protocol.crypto.onion import identity_from_seed
from cwtchd.protocol.events import Authenticated, ConnectionFailed, Event, VersionSettled
from cwtchd.protocol.model import Identity, Onion, PeerMessage, Role
from cwtchd.protocol.wire.constants import CONTEXT_RAW, PACKET_SIZE

PATIENCE = 10.0

opened: list["RawPeer"] = []
"""Every connection of the running test, ended with it (tests/network/conftest.py)."""


def someone() -> Identity:
    """Somebody new."""
    return identity_from_seed(os.urandom(32))


class RawPeer:
    """One connection, to an onion or from one who called us."""

    def __init__(self, stream: socket.socket, identity: Identity, role: Role, dialled: Onion | None) -> None:
        stream.settimeout(PATIENCE)
        self.stream = stream
        self.identity = identity
        self.connection = PeerConnection(role, identity, dialled, os.urandom)
        self.first_packet = self.connection.start()
        self.events: list[Event] = []
        self.sent = b""
        opened.append(self)

    @classmethod
    def call(cls, onions: Path, onion: str, identity: Identity | None = None) -> "RawPeer":
        """Dials a daemon's onion."""
        stream = socket.socket(socket.AF_UNIX)
        stream.connect(str(onions / onion[:16]))
        return cls(stream, identity or someone(), Role.OUTBOUND, Onion(onion))

    def write(self, data: bytes) -> None:
        self.sent += data
        self.stream.sendall(data)

    def read(self) -> bool:
        """Takes in what comes next; False where the daemon has closed."""
        try:
            data = self.stream.recv(1 << 16)
        except ConnectionResetError:
            return False
        if not data:
            return False
        self.events += self.connection.receive_data(data)
        self.write(self.connection.data_to_send())
        return True

    def authenticate(self) -> "RawPeer":
        """Does its half of the handshake."""
        self.write(self.first_packet)
        while not any(isinstance(event, Authenticated) for event in self.events):
            assert self.read(), "closed during authentication"
        assert not any(isinstance(event, ConnectionFailed) for event in self.events)
        return self

    def admit(self) -> "RawPeer":
        """Says which version it speaks, and hears which the daemon does."""
        self.write(self.connection.admit())
        while not any(isinstance(event, VersionSettled) for event in self.events):
            assert self.read(), "closed right after authentication"
        return self

    def say(self, text: str, message_id: str = "1", context: str = CONTEXT_RAW) -> None:
        self.write(self.connection.send(PeerMessage(message_id, context, text.encode())))

    def until_closed(self) -> bool:
        """Whether the daemon closes; what it says before that is kept."""
        try:
            while self.read():
                pass
        except TimeoutError:
            return False
        except BrokenPipeError:
            return True
        return True

    def until(self, kind: type[Event], count: int) -> list[Event]:
        """The first so many events of a kind."""
        while len(found := [event for event in self.events if isinstance(event, kind)]) < count:
            assert self.read(), f"closed before {count} of {kind.__name__}"
        return found

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.stream.close()


def packets(data: bytes) -> int:
    """How many whole packets that is."""
    assert len(data) % PACKET_SIZE == 0
    return len(data) // PACKET_SIZE

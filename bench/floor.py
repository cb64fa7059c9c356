"""The floor: onions that do nothing but echo, on the very tors that the daemons use, and bare dials to them."""

import base64
import contextlib
import secrets
import socket
import threading
import time
from pathlib import Path

from cwtchd.config import PEER_PORT
from cwtchd.protocol.crypto.onion import expanded_key, identity_from_seed
from cwtchd.protocol.machines.socks import SocksClient, SocksRefused
from cwtchd.tor.blocking_control import BlockingControl
from tests.support.tor_process import TorProcess

PATIENCE = 60.0


class BareOnions:
    """Echoing onions on a tor; they go when this is closed."""

    def __init__(self, tor: TorProcess) -> None:
        self._folder = tor.folder
        cookie = tor.folder / "data" / "control_auth_cookie"
        self._control = BlockingControl(tor.control, cookie, lambda: None)
        self._control.ask("SETEVENTS HS_DESC")
        self._listeners: list[socket.socket] = []

    def publish(self, unit: int = 1) -> str:
        """A new one, reachable; its address. It sends back `unit` bytes once it has them all."""
        seed = secrets.token_bytes(32)
        onion = identity_from_seed(seed).onion
        path = self._folder / f"echo-{secrets.token_hex(4)}"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen()
        self._listeners.append(listener)
        threading.Thread(target=_serve, args=(listener, unit), daemon=True).start()
        key = base64.b64encode(expanded_key(seed)).decode()
        self._control.ask(f"ADD_ONION ED25519-V3:{key} Flags=DiscardPK Port={PEER_PORT},unix:{path}")
        self._control.wait_for(f"HS_DESC UPLOADED {onion}")
        return onion

    def close(self) -> None:
        """Takes them away."""
        self._control.close()
        for listener in self._listeners:
            listener.close()


def _serve(listener: socket.socket, unit: int) -> None:
    with contextlib.suppress(OSError):
        while True:
            stream, _ = listener.accept()
            threading.Thread(target=_echo, args=(stream, unit), daemon=True).start()


def _echo(stream: socket.socket, unit: int) -> None:
    held = b""
    with stream, contextlib.suppress(OSError):
        while data := stream.recv(1 << 16):
            held += data
            whole = len(held) - len(held) % unit
            stream.sendall(held[:whole])
            held = held[whole:]


def dial(socks: Path, onion: str) -> socket.socket:
    """A bare connection to an onion, on circuits of its own."""
    end = time.monotonic() + PATIENCE
    while True:
        stream = socket.socket(socket.AF_UNIX)
        stream.settimeout(PATIENCE)
        stream.connect(str(socks))
        request = SocksClient(f"{onion}.onion", PEER_PORT, secrets.token_hex(8).encode(), b"bench")
        stream.sendall(request.start())
        try:
            while not request.connected:
                stream.sendall(request.receive_data(stream.recv(4096)))
        except SocksRefused:
            stream.close()
            if time.monotonic() > end:
                raise
        else:
            return stream


def round_trip(stream: socket.socket, size: int) -> float:
    """Seconds until so many bytes came back."""
    data = secrets.token_bytes(size)
    began = time.perf_counter()
    stream.sendall(data)
    back = 0
    while back < size:
        back += len(stream.recv(1 << 16))
    return time.perf_counter() - began

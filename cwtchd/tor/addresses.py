"""Where a local socket is, and what is asked of a reactor to get there."""

import contextlib
import os
import re
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint, UNIXClientEndpoint
from twisted.internet.interfaces import (
    IReactorProcess,
    IReactorTCP,
    IReactorTime,
    IReactorUNIX,
    IStreamClientEndpoint,
)

CONNECT_SECONDS = 10


class ITorReactor(IReactorTime, IReactorTCP, IReactorUNIX, IReactorProcess):
    """The parts of a reactor that Tor needs: the clock, sockets, processes."""


_CREDENTIALS = struct.Struct("3i")
"""pid, uid, gid (unix(7))"""

UNIX_PATH_BYTES = 107
"""Where AF_UNIX ends (unix(7))."""


@dataclass(frozen=True, slots=True)
class UnixAddress:
    """A UNIX socket."""

    path: Path


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """A TCP socket on loopback."""

    host: str
    port: int


SocketAddress = UnixAddress | TcpAddress


class AddressUnclear(Exception):
    """A text is no address of a socket on this machine. The text is a sentence."""


def parse(text: str) -> SocketAddress:
    """Reads `unix:PATH` or `HOST:PORT`, as in a torrc; a wildcard HOST is loopback. Raises AddressUnclear."""
    if text.startswith("unix:"):
        path = text.removeprefix("unix:").strip('"')
        if not 0 < len(os.fsencode(path)) <= UNIX_PATH_BYTES:
            raise AddressUnclear(f"The path of a UNIX socket has 1 to {UNIX_PATH_BYTES} bytes.")
        return UnixAddress(Path(path))
    split = re.fullmatch(r"(?:\[([0-9a-fA-F:]+)\]|([^:]+)):([0-9]{1,5})", text)
    if split is None:
        raise AddressUnclear("A control port is HOST:PORT or unix:PATH.")
    host = split[1] or split[2]
    host = {"localhost": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - not to listen
    if host != "::1" and not re.fullmatch(r"127(\.[0-9]{1,3}){3}", host):
        raise AddressUnclear(
            "A tor on another machine can't reach this daemon: attach to one on this machine."
        )
    port = int(split[3])
    if not 0 < port < 1 << 16:
        raise AddressUnclear("A port is a number from 1 to 65535.")
    return TcpAddress(host, port)


def parse_listeners(text: str) -> list[SocketAddress]:
    """Reads tor's list of listeners (control-spec `net/listeners`); UNIX sockets first, unusable ones left out."""
    found: list[SocketAddress] = []
    for quoted in re.findall(r'"((?:[^"\\]|\\.)*)"', text[: 1 << 16]):
        with contextlib.suppress(AddressUnclear):
            found.append(parse(re.sub(r"\\(.)", r"\1", quoted)))
    return sorted(found, key=lambda address: isinstance(address, TcpAddress))


def endpoint(reactor: ITorReactor, address: SocketAddress) -> IStreamClientEndpoint:
    """What connects to it."""
    if isinstance(address, UnixAddress):
        return UNIXClientEndpoint(reactor, str(address.path), CONNECT_SECONDS)  # type: ignore[no-untyped-call]
    if ":" in address.host:
        return TCP6ClientEndpoint(reactor, address.host, address.port, CONNECT_SECONDS)  # type: ignore[no-untyped-call]
    return TCP4ClientEndpoint(reactor, address.host, address.port, CONNECT_SECONDS)


def peer_uid(handle: socket.socket) -> int:
    """Who is at the other end of a UNIX socket, by the kernel's word (SO_PEERCRED, unix(7))."""
    credentials = handle.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return int(_CREDENTIALS.unpack(credentials)[1])

"""SOCKS: ask a proxy for a stream to an onion, and know why if there is none. Says nothing before it may.

RFC 1928 with a user name and password (RFC 1929): tor keeps apart what has different ones. The reasons are those of
RFC 1928 and of Tor's extended errors. Left out: every other method and command, and addresses that are no names.
"""

from dataclasses import dataclass, field
from typing import Protocol

from automat import TypeMachineBuilder

from cwtchd.protocol.errors import LocalProtocolError, RemoteProtocolError

_BY_USERNAME = 0x02
_STRANGE = ("unsupported", "What answers does not speak SOCKS5 as tor does: is it tor's SocksPort?")

REASONS: dict[int, tuple[str, str]] = {
    0x01: ("general_failure", "Tor could not build a connection to the contact."),
    0x02: ("not_allowed", "Tor is set up not to allow this connection."),
    0x03: ("network_unreachable", "Tor has no network now."),
    0x04: ("host_unreachable", "The contact is not online, as far as Tor can tell."),
    0x05: ("connection_refused", "The contact's onion is there, but nothing answers at it."),
    0x06: ("timed_out", "The contact's onion did not answer in time."),
    0x07: _STRANGE,
    0x08: _STRANGE,
    0xF0: ("not_published", "The contact is not online: its onion is not published."),
    0xF1: ("descriptor_invalid", "What is published at the contact's onion can't be read."),
    0xF2: ("introduction_failed", "The contact's onion is published, but could not be reached."),
    0xF3: ("rendezvous_failed", "The contact's onion was reached, but no circuit to it came about."),
    0xF4: ("client_authorization_missing", "The contact's onion asks for a key that we don't have."),
    0xF5: ("client_authorization_wrong", "The contact's onion does not take our key."),
    0xF6: ("bad_address", "Tor does not take this for an onion."),
    0xF7: ("introduction_timed_out", "The contact's onion did not answer in time."),
}
"""Reply codes: RFC 1928 §6, and Tor's socks-extensions (`ExtendedErrors` of a SocksPort) → stable word, sentence."""


class SocksRefused(RemoteProtocolError):
    """There is no stream. `reason` is a stable word."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


class Socks(Protocol):
    """What a proxy may say, in order. Each returns the bytes to send."""

    def chose(self, method: int) -> bytes:
        """It chose a way to authenticate."""

    def judged(self, status: int) -> bytes:
        """It took the user name and password, or not."""

    def replied(self, code: int) -> bytes:
        """It connected, or not."""


@dataclass(slots=True)
class _Request:
    login: bytes = field(repr=False)
    connect: bytes = field(repr=False)


_machine = TypeMachineBuilder(Socks, _Request)
_greeted, _identified = _machine.state("greeted"), _machine.state("identified")
_asked, _connected = _machine.state("asked"), _machine.state("connected")


@_greeted.upon(Socks.chose).to(_identified)
def _identify(proxy: Socks, request: _Request, method: int) -> bytes:
    if method != _BY_USERNAME:
        raise SocksRefused(*_STRANGE)
    return request.login


@_identified.upon(Socks.judged).to(_asked)
def _ask(proxy: Socks, request: _Request, status: int) -> bytes:
    if status != 0:
        raise SocksRefused(*_STRANGE)
    return request.connect


@_asked.upon(Socks.replied).to(_connected)
def _accept(proxy: Socks, request: _Request, code: int) -> bytes:
    if code != 0:
        raise SocksRefused(*REASONS.get(code, REASONS[0x01]))
    return b""


build_socks = _machine.build()


def _sized(part: bytes) -> bytes:
    if not 0 < len(part) < 1 << 8:
        raise LocalProtocolError("A SOCKS name, user name or password is 1 to 255 bytes long.")
    return bytes([len(part)]) + part


class SocksClient:
    """One request for a stream to `host` (a name with its `.onion`): the proxy's bytes in, ours out."""

    def __init__(self, host: str, port: int, username: bytes, password: bytes) -> None:
        connect = b"\x05\x01\x00\x03" + _sized(host.encode("ascii")) + port.to_bytes(2, "big")
        proxy: Socks = build_socks(_Request(b"\x01" + _sized(username) + _sized(password), connect))
        self._awaited = [(5, proxy.chose), (1, proxy.judged), (5, proxy.replied)]
        self._heard = bytearray()
        self.connected = False

    def start(self) -> bytes:
        """The first bytes to send."""
        return bytes([5, 1, _BY_USERNAME])

    def receive_data(self, data: bytes) -> bytes:
        """Takes the proxy's bytes; returns what to send. SocksRefused: there is no stream, close it."""
        self._heard += data
        answer = b""
        while self._awaited and len(self._heard) >= (size := self._size()):
            version, hear = self._awaited[0]
            if self._heard[0] != version:
                raise SocksRefused(*_STRANGE)
            answer += hear(self._heard[1])
            del self._heard[:size], self._awaited[0]
        self.connected = not self._awaited
        return answer

    def unread(self) -> bytes:
        """What came behind the last answer: the stream's first bytes."""
        return bytes(self._heard)

    def _size(self) -> int:
        if len(self._awaited) > 1:
            return 2
        kind, length = (self._heard + bytes(5))[3:5]
        return 6 + (1 + length if kind == 3 else 16 if kind == 4 else 4)  # noqa: PLR2004 - RFC 1928 §5: name, IPv6, IPv4

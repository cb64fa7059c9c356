"""A tor's control port: commands, answers and events, typed. The only module that knows txtorcon, which is not.

No command's text leaves it in an exception: an ADD_ONION carries a profile's key.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure
from txtorcon.torcontrolprotocol import TorControlProtocol, TorDisconnectError, TorProtocolError

from cwtchd.credential import SecretFile, Unusable, read_secret
from cwtchd.tor.addresses import ITorReactor, SocketAddress, UnixAddress, endpoint, peer_uid

ANSWER_SECONDS = 10
"""How long a control port may take to let us in."""


class TorUnready(Exception):
    """There is no tor to use now. The text is a sentence for a person."""


class TorGone(Exception):
    """The control connection has ended."""

    def __init__(self) -> None:
        super().__init__("The connection to tor has ended.")


class TorRefused(Exception):
    """Tor refused a command; `code` is control-spec's."""

    def __init__(self, code: int) -> None:
        super().__init__(f"Tor refused a command ({code}).")
        self.code = code


_COOKIE_BYTES = 32


class _Protocol(TorControlProtocol):  # type: ignore[misc] # txtorcon is untyped
    """txtorcon's, but for the cookie: the tor names the file, so no more is read of it than a cookie is long."""

    def _read_cookie(self, cookiefile: str) -> None:
        with Path(cookiefile).open("rb") as file:
            self._cookie_data = file.read(_COOKIE_BYTES + 1)
        if len(self._cookie_data) != _COOKIE_BYTES:
            raise RuntimeError("A cookie has 32 bytes.")


class _Protocols(Factory[_Protocol]):
    noisy = False

    def __init__(self, password: SecretFile | None) -> None:
        self._password = password

    def buildProtocol(self, addr: IAddress | None) -> _Protocol:
        """The password is read where the tor asks for it, each time anew, and kept nowhere."""
        return _Protocol(None if self._password is None else partial(read_secret, self._password))


class ControlLink:
    """One authenticated control connection."""

    def __init__(self, protocol: Any, version: str, peer_uid: int | None) -> None:
        self._protocol = protocol
        self._gone = False
        self.version = version
        self.peer_uid = peer_uid
        """the user that tor runs as, where the kernel says so (a UNIX socket)"""
        protocol.when_disconnected().addErrback(self._note_end)

    @property
    def gone(self) -> bool:
        """Whether it has ended."""
        return self._gone

    def ask(self, command: str) -> "Deferred[str]":
        """Sends a command; the answer's lines without their codes. Fails with TorRefused or TorGone."""
        if self._gone:
            return fail(TorGone())
        asked: Deferred[str] = self._protocol.queue_command(command)
        return asked.addErrback(_without_text)

    def listen(self, event: str, heard: Callable[[str], object]) -> "Deferred[object]":
        """Calls `heard` with the text of each event of this name, from now on. Fails like `ask`."""
        if self._gone:
            return fail(TorGone())
        asked: Deferred[object] = self._protocol.add_event_listener(event, heard)
        return asked.addErrback(_without_text)

    def when_gone(self) -> "Deferred[None]":
        """Fires once it has ended, for whatever reason."""
        ended: Deferred[None] = self._protocol.when_disconnected()
        return ended.addErrback(_only_ended)

    def hang_up(self) -> None:
        """Ends it; a tor that we own ends with it."""
        if not self._gone:
            self._protocol.transport.loseConnection()

    def _note_end(self, _: Failure) -> None:
        self._gone = True


async def connect(
    reactor: ITorReactor, address: SocketAddress, password: SecretFile | None = None
) -> ControlLink:
    """Connects and authenticates: by cookie, else by the password in that file. Raises TorUnready."""
    try:
        protocol: Any = await endpoint(reactor, address).connect(_Protocols(password))
    except ConnectError as error:
        raise TorUnready("Tor's control port does not answer: is that tor running?") from error
    try:
        await protocol.post_bootstrap.addTimeout(ANSWER_SECONDS, reactor)
    except Unusable as error:
        protocol.transport.abortConnection()
        raise TorUnready(f"Tor's control port asks for a password, which can't be had. {error}") from None
    except (RuntimeError, KeyError, ValueError, DeferredTimeout) as error:
        protocol.transport.abortConnection()
        # What failed is named by its class only: txtorcon's texts quote paths and commands.
        raise TorUnready(
            "Tor's control port did not let us in: it must offer cookie authentication, and this user must be able to "
            f"read the cookie; or --tor-password-file must name its password ({type(error).__name__})."
        ) from None
    except BaseException:
        protocol.transport.abortConnection()
        raise
    uid = peer_uid(protocol.transport.getHandle()) if isinstance(address, UnixAddress) else None
    return ControlLink(protocol, str(protocol.version), uid)


def _without_text(failure: Failure) -> str:
    error: object = failure.value
    if isinstance(error, TorProtocolError):
        raise TorRefused(int(error.code)) from None
    if isinstance(error, TorDisconnectError):
        raise TorGone from None
    failure.raiseException()


def _only_ended(failure: Failure) -> None:
    if not isinstance(failure.value, TorDisconnectError):
        failure.raiseException()


@dataclass(frozen=True, slots=True)
class RunningTor:
    """A tor that can be used."""

    link: ControlLink
    socks: SocketAddress
    reaches_sockets: bool
    """it can connect to a UNIX socket of ours; an onion's listener is on loopback TCP else"""
    warning: str | None
    end: "Callable[[], Deferred[None]]"
    """ends what of it is ours, and nothing else"""

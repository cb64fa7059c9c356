"""A tor of our own: its torrc, its process, its end. It dies with us, however we die, and leaves no socket behind.

Both ways of owning are needed: `__OwningControllerProcess` alone is looked at every 15 s, and until then a tor that
outlives a killed daemon holds the data directory (private-tor-network.md).
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IDelayedCall, IProcessTransport
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from cwtchd.config import Config
from cwtchd.tor.addresses import ITorReactor, UnixAddress
from cwtchd.tor.control import ControlLink, RunningTor, TorGone, TorRefused, TorUnready, connect
from cwtchd.tor.locate import TorMissing, find_tor
from cwtchd.tor.sockets import SocketFolder
from cwtchd.tor.torrc import quoted

START_SECONDS = 30
"""How long a tor may take to answer, and how long a data directory in use is waited for."""
END_SECONDS = 5
"""How long a tor may take to end when asked, before it is killed."""
_STEP_SECONDS = 0.05
_MOST_TORRC_BYTES = 1 << 16
_MOST_LOG_BYTES = 1 << 14


class _DataInUse(TorUnready):
    def __init__(self) -> None:
        super().__init__(
            "Another tor uses this home's data directory and does not end: stop the daemon that it belongs to."
        )


class OwnTor(ProcessProtocol):
    """One tor process of ours."""

    transport: IProcessTransport

    def __init__(self, reactor: ITorReactor) -> None:
        self._reactor = reactor
        self._waiting: list[Deferred[None]] = []
        self._kill: IDelayedCall | None = None
        self.link: ControlLink | None = None
        self.ended = False

    def processEnded(self, reason: Failure) -> None:
        self.ended = True
        if self._kill is not None and self._kill.active():
            self._kill.cancel()
        for waiting in self._waiting:
            if not waiting.called:
                waiting.callback(None)

    def when_ended(self) -> "Deferred[None]":
        """Fires once the process is gone."""
        waiting: Deferred[None] = Deferred()
        if self.ended:
            waiting.callback(None)
        else:
            self._waiting.append(waiting)
        return waiting

    def end(self) -> "Deferred[None]":
        """Ends the process, with force where it does not end when asked, whoever waits for it."""
        if self.link is not None:
            self.link.hang_up()
        self._signal("TERM")
        if not self.ended and self._kill is None:
            self._kill = self._reactor.callLater(END_SECONDS, self._signal, "KILL")
        return self.when_ended()

    def _signal(self, name: str) -> None:
        with suppress(ProcessExitedAlready):
            self.transport.signalProcess(name)


async def launch(
    reactor: ITorReactor, config: Config, sockets: SocketFolder, say: Callable[[str], None]
) -> RunningTor:
    """Starts a tor on the home's data directory, and owns it. `say` is told in a sentence why it takes long. Raises TorUnready."""
    try:
        program = find_tor(config.tor.executable)
    except TorMissing as missing:
        raise TorUnready(str(missing)) from missing
    give_up = reactor.seconds() + START_SECONDS
    while True:
        try:
            return await _launch(reactor, program, config, sockets)
        except _DataInUse:
            if reactor.seconds() >= give_up:
                raise
            say("Another tor still uses this home's data directory; waiting for it to end.")


async def _launch(reactor: ITorReactor, program: Path, config: Config, sockets: SocketFolder) -> RunningTor:
    folder = config.home.absolute() / "tor"
    control, socks = sockets.new(), sockets.new()
    try:
        torrc = _prepare(folder, control, socks, config.tor.network)
        own = _spawn(reactor, program, torrc, folder / "tor.log")
    except (OSError, ValueError) as error:
        raise TorUnready(
            f"Tor could not be started: {error.strerror if isinstance(error, OSError) else error}."
        ) from error
    try:
        own.link = await _own(reactor, own, control, folder / "tor.log")
    except BaseException:
        await own.end()
        raise
    return RunningTor(own.link, UnixAddress(socks), reaches_sockets=True, warning=None, end=own.end)


async def _own(reactor: ITorReactor, own: OwnTor, control: Path, log: Path) -> ControlLink:
    give_up = reactor.seconds() + START_SECONDS
    while not os.access(control, os.F_OK):
        if own.ended:
            raise _why(log, TorUnready("Tor ended at its start: tor/tor.log in the daemon's home says why."))
        if reactor.seconds() >= give_up:
            raise TorUnready(f"Tor started, but did not answer within {START_SECONDS} s.")
        await deferLater(reactor, _STEP_SECONDS)
    try:
        link = await connect(reactor, UnixAddress(control))
    except TorUnready as error:
        # Tor opens its sockets before it looks whether the data directory is free, and ends 5 s later if it isn't.
        raise _why(log, error) from error
    try:
        await link.ask("TAKEOWNERSHIP")
    except (TorGone, TorRefused) as error:
        raise TorUnready("Tor ended while it was being started.") from error
    return link


def _why(log: Path, otherwise: TorUnready) -> TorUnready:
    with log.open("rb") as file:
        said = file.read(_MOST_LOG_BYTES)
    return _DataInUse() if b"another Tor process is running" in said else otherwise


def _prepare(folder: Path, control: Path, socks: Path, network: Path | None) -> Path:
    (folder / "data").mkdir(mode=0o700, parents=True, exist_ok=True)
    for made in (folder, folder / "data"):
        made.chmod(0o700)
    lines = [
        f"DataDirectory {quoted(folder / 'data')}\n",
        f"ControlPort unix:{quoted(control)}\n",
        "CookieAuthentication 1\n",
        f"SocksPort unix:{quoted(socks)} OnionTrafficOnly IsolateSOCKSAuth ExtendedErrors\n",
        f"__OwningControllerProcess {os.getpid()}\n",
        "DormantCanceledByStartup 1\n",
        "Log notice stdout\n",
        _joining(network),
    ]
    torrc = folder / "torrc"
    torrc.unlink(missing_ok=True)
    descriptor = os.open(torrc, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.writelines(lines)
    return torrc


def _joining(network: Path | None) -> str:
    if network is None:
        return ""
    try:
        with (network / "client.torrc").open("rb") as file:
            return file.read(_MOST_TORRC_BYTES).decode()
    except OSError as error:
        raise TorUnready(
            "The private network's folder has no client.torrc that can be read: start the network with `cwtchd tornet start`."
        ) from error


def _spawn(reactor: ITorReactor, program: Path, torrc: Path, log: Path) -> OwnTor:
    own = OwnTor(reactor)
    nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        command = [str(program), "--defaults-torrc", os.devnull, "-f", str(torrc)]
        # Only these descriptors: the home's lock must not live on in a tor.
        reactor.spawnProcess(own, str(program), command, None, childFDs={0: nothing, 1: said, 2: said})
    finally:
        os.close(nothing)
        os.close(said)
    return own

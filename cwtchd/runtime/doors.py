"""Where callers come in: the socket, for the daemon's own user and perhaps a group, and HTTP on loopback where that is wanted.

Rules: one daemon a socket, by a lock beside it that ends with the process; a folder that is there is somebody's and stays as it is.
"""

import fcntl
import grp
import os
import stat
from pathlib import Path
from typing import Protocol, cast

from twisted.internet.address import IPv4Address
from twisted.internet.defer import maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import ServerFactory
from twisted.internet.task import deferLater

from cwtchd import log
from cwtchd.config import Config, HttpAddress
from cwtchd.rpc.notify import LiveEvents
from cwtchd.rpc.ports import DaemonPort
from cwtchd.rpc.transport import CallerFactory
from cwtchd.store.durable import private_folder
from cwtchd.tor.addresses import ITorReactor

SOCKET_PATH_BYTES = 100
"""AF_UNIX ends at 107 bytes; the contract stops at 100, which leaves room for the lock beside it."""
CALLERS_WAITING = 1024
"""So many may connect at one moment: a UNIX socket that is full refuses those that can't wait."""
OWNER_MODE, GROUP_MODE = 0o600, 0o660
GROUP_FOLDER_MODE = 0o750


LEAVING_SECONDS = 2
LEAVING_TURNS = 100


class CannotStart(Exception):
    """Why the daemon does not start, as one sentence for whoever started it."""


class Callers(Protocol):
    """Those who came in by one door."""

    def revoked(self, token: int) -> None:
        """Ends the connections that hold to a token."""

    def close(self) -> None:
        """Ends every connection, once what is under way is answered and what was written has left."""

    def drop(self) -> None:
        """Ends those that are left."""

    @property
    def empty(self) -> bool:
        """Nobody is there any more."""


class Doors:
    """The daemon's listening sockets, and the callers that came in by them."""

    def __init__(self, reactor: ITorReactor, config: Config, daemon: DaemonPort, live: LiveEvents) -> None:
        self._reactor = reactor
        self._config = config
        self._daemon = daemon
        self._live = live
        self._factories: list[Callers] = []
        self._ports: list[IListeningPort] = []
        self._locks: list[int] = []

    def open(self) -> None:
        """Begins to listen. Raises CannotStart, OSError."""
        path = self._config.socket
        if len(os.fsencode(path)) > SOCKET_PATH_BYTES:
            raise CannotStart(
                f"The socket's path is longer than {SOCKET_PATH_BYTES} bytes: name a shorter one with --socket."
            )
        group = None if self._config.group is None else _group(self._config.group)
        self._prepare_folder(path.parent, group)
        self.hold(
            path.with_name(path.name + ".lock"),
            "Another cwtchd answers on this socket: stop it, or name another with --socket.",
        )
        if path.exists() or path.is_symlink():
            if not stat.S_ISSOCK(path.lstat().st_mode):
                raise CannotStart(
                    "Something that is not a socket stands at the socket's path: name another with --socket."
                )
            path.unlink()  # left by a daemon that was killed: the lock says that none is there
        mode = OWNER_MODE if group is None else GROUP_MODE
        callers = CallerFactory(self._reactor, self._daemon, self._live)
        self._factories.append(callers)
        self._ports.append(self._reactor.listenUNIX(str(path), callers, backlog=CALLERS_WAITING, mode=mode))
        if group is not None:
            os.chown(path, -1, group)
        if self._config.http is not None:
            self._open_http(self._config.http)
        if self._config.metrics is not None:
            self._open_metrics(self._config.metrics)

    def _open_http(self, address: HttpAddress) -> None:
        from cwtchd.rpc.http import HttpFactory  # noqa: PLC0415 - who doesn't want HTTP shouldn't wait for it

        callers = HttpFactory(self._reactor, self._daemon, self._live)
        self._factories.append(callers)
        self._listen("HTTP answers on loopback", "--http", address, callers)

    def _open_metrics(self, address: HttpAddress) -> None:
        from cwtchd.rpc.metrics import MetricsFactory  # noqa: PLC0415 - likewise

        self._listen(
            "metrics are told on loopback",
            "--metrics",
            address,
            MetricsFactory(self._reactor, self._daemon.hosting.metrics),
        )

    def _listen(self, what: str, option: str, address: HttpAddress, factory: ServerFactory) -> None:
        try:
            listening = self._reactor.listenTCP(address.port, factory, interface=address.host)
        except CannotListenError as error:
            raise CannotStart(
                f"The port of {option} is taken: name another, or 0 to have one chosen."
            ) from error
        self._ports.append(listening)
        log.info(what, port=cast("IPv4Address", listening.getHost()).port)

    def _prepare_folder(self, folder: Path, group: int | None) -> None:
        if folder == self._config.home and group is not None:
            raise CannotStart(
                "No group may enter the home: with --group, name a socket in a folder of its own with --socket."
            )
        if not folder.exists():
            private_folder(folder)
            if group is not None:
                os.chown(folder, -1, group)
                folder.chmod(GROUP_FOLDER_MODE)
            return
        found = folder.stat()
        entered = found.st_mode & 0o001 or (found.st_gid == group and found.st_mode & 0o010)
        if group is not None and not entered:
            raise CannotStart(
                "The socket's folder is closed to the group: let it in with chgrp and chmod 0750, or name a new one."
            )

    def hold(self, path: Path, taken: str) -> None:
        """Holds a lock that ends with the process, however that ends. Raises CannotStart with the sentence, OSError."""
        descriptor = os.open(
            path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600
        )
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise CannotStart(taken) from None
        self._locks.append(descriptor)

    def revoked(self, token: int) -> None:
        """Ends the connections that hold to a token."""
        for callers in self._factories:
            callers.revoked(token)

    async def close(self) -> None:
        """Lets nobody in any more, hears no further call; what is under way is still answered."""
        for callers in self._factories:
            callers.close()
        for port in self._ports:
            try:
                await maybeDeferred(port.stopListening)
            except OSError as error:  # somebody removed the socket's file: nobody can come in by it any more
                log.unforeseen("a listener could not be closed in order", error)

    async def emptied(self) -> None:
        """Waits until everybody has what was written to them, for two seconds at most."""
        for _ in range(LEAVING_TURNS):
            if all(callers.empty for callers in self._factories):
                return
            await deferLater(self._reactor, LEAVING_SECONDS / LEAVING_TURNS)
        for callers in self._factories:
            callers.drop()


def _group(name: str) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise CannotStart("There is no such group: name one that exists with --group.") from None

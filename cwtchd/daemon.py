"""The daemon: the one place that knows everyone. Configuration to store, Tor, runtime and API; the order of start and stop."""

import os
import random
import resource
import sys
import time
from collections.abc import Sequence
from typing import cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IReactorCore,
    IReactorFDSet,
    IReactorFromThreads,
    IReactorProcess,
)
from twisted.python.failure import Failure

import cwtchd
from cwtchd import log
from cwtchd.app.errors import OnlyServes, TorUnavailable, WrongPassword
from cwtchd.config import Config
from cwtchd.protocol.crypto.primitives import random_bytes
from cwtchd.rpc import schema
from cwtchd.rpc.notify import LiveEvents
from cwtchd.rpc.profile_port import ProfilePort
from cwtchd.runtime.api_tokens import ApiTokens
from cwtchd.runtime.doors import CannotStart, Doors
from cwtchd.runtime.home import Home
from cwtchd.runtime.hosting import Hosting
from cwtchd.runtime.profile import OpenProfile
from cwtchd.runtime.serving import Serve
from cwtchd.runtime.supervisor import Supervisor, standing
from cwtchd.runtime.surroundings import Surroundings
from cwtchd.runtime.threads import RealThreads
from cwtchd.runtime.unattended import Unattended
from cwtchd.runtime.work import ProofsOfWork
from cwtchd.store.daemon_database import DaemonDatabase
from cwtchd.store.durable import NotOurFolder, own_folder
from cwtchd.store.server_vault import ServerVault
from cwtchd.store.vault import Vault
from cwtchd.tor.addresses import ITorReactor
from cwtchd.tor.interface import DialFailed, Tor, TorStatus
from cwtchd.tor.service import TorService


class Reactor(ITorReactor, IReactorCore, IReactorFDSet, IReactorFromThreads, IReactorProcess):
    """The powers of Twisted's reactor that the daemon needs."""


def now_ms() -> int:
    """Milliseconds since the epoch, UTC."""
    return time.time_ns() // 1_000_000


class Daemon:
    """A running daemon. `reactor` is Twisted's; `tor` keeps the promise of `tor.interface`."""

    def __init__(self, reactor: "Reactor", config: Config, tor: Tor) -> None:
        self._reactor = reactor
        self._config = config
        self._tor = tor
        self._started_at = now_ms()
        self._stopping: Deferred[None] | None = None
        self._live = LiveEvents(now_ms)
        self._doors = Doors(reactor, config, self, self._live)
        self._threads = RealThreads(reactor, now_ms, random_bytes, config.events_kept)
        database = DaemonDatabase(config.home / "daemon.db", now_ms, random_bytes)
        self._api_tokens = ApiTokens(database, self._threads, now_ms, self._doors.revoked)
        chance = random.SystemRandom().random
        self._work = ProofsOfWork(reactor)
        around = Surroundings(reactor, now_ms, random_bytes, chance, tor, self._work)
        self._home = Home(Vault(config.home, config.kdf, random_bytes), self._threads, around, self._live)
        servers = ServerVault(config.home, config.kdf, random_bytes)
        self._hosting = Hosting(servers, self._threads, around, self._live)
        self._serve = (
            None if config.serving is None else Serve(self._hosting, config.serving, config.passwords)
        )
        self._unattended = Unattended(
            reactor,
            config.passwords,
            lambda password: Deferred.fromCoroutine(self._unlock_unattended(password)),
        )

    # --- start and stop ------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Takes the home and the socket, opens the API, then begins with Tor. Raises CannotStart."""
        home = self._config.home
        try:
            own_folder(home)
            self._doors.hold(
                home / "lock", "Another cwtchd runs on this home: stop it, or name another home with --home."
            )
            self._doors.open()
        except NotOurFolder as error:
            raise CannotStart(str(error)) from error
        except OSError as error:
            raise CannotStart(
                f"The home or the socket can't be used: {os.strerror(error.errno or 0)}."
            ) from error
        self._tor.start()
        Deferred.fromCoroutine(self._begin())

    async def _begin(self) -> None:
        """What is to be there without a person: servers first, since a password may open more of them."""
        if self._serve is None:
            await self._hosting.begin()
        else:
            await self._serve.begin()
        await self._unattended.begin()

    async def _unlock_unattended(self, password: str) -> int:
        """Opens the profiles, and starts the servers, that a password of the start is for. How many these are."""
        if self._serve is not None:
            return await self._serve.unlocked(password)
        started = await self._hosting.unlock(password)
        try:
            return started + len(await self._home.unlock(password, unattended=True))
        except WrongPassword:
            if not started:
                raise
            return started

    def give_up(self) -> None:
        """Ends what a start that did not come off had begun."""
        self._threads.stop()

    def stop(self) -> "Deferred[None]":
        """Ends everything that it began, in the order opposite to the start. May be asked twice."""
        if self._stopping is None:
            self._live.publish(None, "daemon.stopping", schema.Nothing())
            self._stopping = Deferred.fromCoroutine(self._stop())
        return self._stopping

    async def _stop(self) -> None:
        self._unattended.close()
        await self._doors.close()
        try:
            self._work.close()
            await self._home.close()
            await self._hosting.close()
            await self._doors.emptied()
        finally:
            await self._tor.stop()
            self._threads.stop()

    # --- what the API asks ---------------------------------------------------------------------------------------

    @property
    def version(self) -> str:
        """The daemon's own."""
        return cwtchd.__version__

    @property
    def uptime(self) -> int:
        """Milliseconds since the start."""
        return now_ms() - self._started_at

    @property
    def now(self) -> int:
        """The clock, milliseconds since the epoch."""
        return now_ms()

    @property
    def api_tokens(self) -> ApiTokens:
        """Who else may call."""
        return self._api_tokens

    @property
    def tor_status(self) -> TorStatus:
        """How Tor stands."""
        return self._tor.status

    @property
    def standing(self) -> str:
        """How everything stands, for whoever supervises the process."""
        opened = self._home.listed()
        online = sum(profile.published_since is not None for profile in opened)
        tried = self._unattended
        return standing(
            self._tor.status,
            len(opened),
            online,
            self._hosting.running,
            tried.waiting,
            tried.useless,
            only_serves=self._serve is not None,
        )

    @property
    def hosting(self) -> Hosting:
        """The servers that it runs."""
        return self._hosting

    def reset_tor(self) -> "Deferred[None]":
        """New circuits; fails with TorUnavailable."""

        def failed(failure: Failure) -> None:
            if isinstance(failure.value, DialFailed):
                raise TorUnavailable
            failure.raiseException()

        return self._tor.new_circuits().addErrback(failed)

    def shut_down(self) -> None:
        """Begins to stop, once what was answered by now has left."""
        self._reactor.callLater(0, self._reactor.stop)

    def open_profile(self, profile: str) -> OpenProfile | None:
        """The open profile of this id."""
        return self._home.get(profile)

    def open_profiles(self) -> Sequence[OpenProfile]:
        """Those that are open."""
        return self._home.listed()

    def create_profile(self, name: str, password: str) -> "Deferred[ProfilePort]":
        """A new one, open."""
        if self._serve is not None:
            raise OnlyServes
        return self._home.create(name, password).addCallback(_as_port)

    def unlock_profiles(self, password: str) -> "Deferred[Sequence[ProfilePort]]":
        """All that the password opens."""
        if self._serve is not None:
            raise OnlyServes
        return self._home.unlock(password).addCallback(list)

    def lock_profile(self, profile: ProfilePort) -> "Deferred[None]":
        """Closes one."""
        return self._home.lock(profile.onion)

    @property
    def unlock_slowed(self) -> bool:
        """Whether the next attempt at a password has to wait for a failed one."""
        return self._home.unlock_slowed

    def vault_idle(self) -> "Deferred[None]":
        """Fires when every create, unlock and lock that was asked by now is done."""
        return self._home.idle()


def _as_port(profile: OpenProfile) -> ProfilePort:
    return profile


def harden() -> None:
    """What a process that holds keys does for itself: private files, no core dumps, room for its connections."""
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # each peer and each caller is a descriptor


def run_daemon(config: Config, tor: Tor | None = None) -> int:
    """Runs the daemon until a signal or `daemon.shutdown`; returns the exit status. The reactor was chosen before.

    `tor` is for tests: without it, the one that the Config chooses.
    """
    from twisted.internet import reactor as installed  # noqa: PLC0415 - importing it installs one

    reactor = cast("Reactor", installed)
    supervisor = Supervisor.of(reactor, os.environ)
    harden()
    log.take_over()
    if tor is None:
        tor = TorService(reactor, config, now_ms)
    tor.watch(_Progress())
    daemon = Daemon(reactor, config, tor)
    try:
        daemon.start()
    except CannotStart as error:
        print(f"cwtchd: {error}", file=sys.stderr)  # noqa: T201 - the command's own word to its user
        daemon.give_up()
        return 1
    log.info("the API answers")
    tor.watch(lambda _: supervisor.tell())
    reactor.callWhenRunning(supervisor.ready, lambda: daemon.standing)
    reactor.addSystemEventTrigger("before", "shutdown", supervisor.stopping)
    reactor.addSystemEventTrigger("before", "shutdown", daemon.stop)
    reactor.run()
    supervisor.close()
    return 0


class _Progress:
    """Tells whoever started the daemon how Tor comes up, a line a step."""

    def __init__(self) -> None:
        self._said = ""

    def __call__(self, status: TorStatus) -> None:
        said = f"Tor {status.progress}% {status.state.value}: {status.summary}"
        if said != self._said:
            self._said = said
            log.info(said)

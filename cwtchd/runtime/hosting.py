"""The servers that a daemon runs: made, started, stopped, deleted, one request at a time.

Keys are in memory while a server runs, and at no other time. What blocks is done on the vault's thread. A server that can't be started
spoils nothing for the others.
"""

from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import msgspec
from twisted.internet.defer import Deferred, DeferredLock

from cwtchd import log
from cwtchd.app.errors import (
    InvalidSettings,
    LimitExceeded,
    NotFound,
    Refusal,
    ServerDamaged,
    Stopping,
    StorageFailed,
    WrongPassword,
)
from cwtchd.protocol.model import KeyBundle
from cwtchd.protocol.wire.bundle import encode_bundle
from cwtchd.rpc.hosting_schema import DeletedHosted, Hosted, HostedStats
from cwtchd.rpc.notify import LiveEvents
from cwtchd.runtime.attempts import Attempts
from cwtchd.runtime.hosted import HostedServer
from cwtchd.runtime.opening import Threads, ended, first_unit, open_ledger
from cwtchd.runtime.surroundings import Surroundings
from cwtchd.server.keys import ServerKeys
from cwtchd.server.settings import (
    ServerSettings,
    SettingsUnreadable,
    changed,
    decode_settings,
    encode_settings,
)
from cwtchd.store.board import start_of
from cwtchd.store.server_vault import KeysClosed, KeysUnreadable, ServerFolder, ServerUnknown, ServerVault

T = TypeVar("T")

SERVERS = 16
"""So many may a home have."""
IN_THE_CLEAR = "Its keys lie unencrypted: whoever can read this machine's disk can pose as this server."


class Hosting:
    """The servers of one home."""

    def __init__(self, vault: ServerVault, threads: Threads, around: Surroundings, live: LiveEvents) -> None:
        self._vault = vault
        self._threads = threads
        self._around = around
        self._live = live
        self._one_at_a_time = DeferredLock()
        self._attempts = Attempts(around.clock, around.now)
        self._running: dict[str, HostedServer] = {}
        self._bundles: dict[str, KeyBundle] = {}
        """what the keys of those that ran since the start tell everyone"""
        self._stopping = False

    @property
    def running(self) -> int:
        """How many run."""
        return len(self._running)

    # --- what the API asks ---------------------------------------------------------------------------------------

    def create(self, settings: ServerSettings, password: str | None) -> "Deferred[Hosted]":
        """A new one, started where it is to start by itself."""
        return self._in_turn(self._create, settings, password)

    def listed(self) -> "Deferred[list[Hosted]]":
        """All of them, oldest first."""
        return Deferred.fromCoroutine(self._listed())

    def get(self, server: str) -> "Deferred[Hosted]":
        """One of them."""
        return Deferred.fromCoroutine(self._get(server))

    def change(self, server: str, changes: Mapping[str, object]) -> "Deferred[Hosted]":
        """Other settings, by the fields of ServerSettings."""
        return self._in_turn(self._change, server, changes)

    def start(self, server: str, password: str | None) -> "Deferred[Hosted]":
        """Runs it."""
        return self._attempts.run(lambda: self._in_turn(self._start, server, password))

    def stop(self, server: str) -> "Deferred[Hosted]":
        """Runs it no more."""
        return self._in_turn(self._stop, server)

    def stats(self, server: str) -> "Deferred[HostedStats]":
        """Its sums."""
        return Deferred.fromCoroutine(self._stats(server))

    def delete(self, server: str, password: str | None) -> "Deferred[None]":
        """Removes it for good."""
        return self._attempts.run(lambda: self._in_turn(self._delete, server, password))

    def metrics(self) -> "Deferred[bytes]":
        """The sums of those that run, for Prometheus."""
        return Deferred.fromCoroutine(self._metrics())

    async def _metrics(self) -> bytes:
        from cwtchd.runtime.metrics import page  # noqa: PLC0415 - who doesn't want metrics shouldn't wait for them

        told = {}
        for server, running in list(self._running.items()):
            with suppress(StorageFailed):  # one whose disk fails is left out
                told[server] = await running.sums()
        return page(told)

    # --- what the daemon asks ------------------------------------------------------------------------------------

    def begin(self) -> "Deferred[int]":
        """Starts those that start by themselves and whose keys lie in the clear; fires with how many run."""
        return self._in_turn(self._begin, None)

    def unlock(self, password: str) -> "Deferred[int]":
        """Starts those that start by themselves and whose keys this password opens; fires with how many these are."""
        return self._in_turn(self._begin, password)

    def close(self) -> "Deferred[None]":
        """Ends every server, and starts none any more."""
        self._stopping = True
        return self._one_at_a_time.run(lambda: Deferred.fromCoroutine(self._close()))

    # --- one request ---------------------------------------------------------------------------------------------

    def _in_turn(
        self, work: "Callable[..., Coroutine[Deferred[Any], Any, T]]", *given: object
    ) -> "Deferred[T]":
        async def run() -> T:
            if self._stopping:
                raise Stopping
            return await work(*given)

        return self._one_at_a_time.run(lambda: Deferred.fromCoroutine(run()))

    async def _create(self, settings: ServerSettings, password: str | None) -> Hosted:
        servers = len(await self._on_vault(self._vault.listed))
        if servers >= SERVERS:
            raise LimitExceeded(limit=SERVERS, size=servers + 1)
        # On that thread too: the first use of the group loads its library.
        keys = await self._on_vault(lambda: ServerKeys.new(self._around.randomness))
        made = await self._on_vault(
            lambda: self._vault.create(keys.encode(), encode_settings(settings), password)
        )
        self._bundles[made.id] = keys.bundle()
        if settings.autostart:
            # A server that was made is told of, whether it could be started or not: its state says which.
            with suppress(StorageFailed):
                await self._run(made, keys)
        return await self._tell(made)

    async def _listed(self) -> list[Hosted]:
        return [await self._shown(folder) for folder in await self._on_vault(self._vault.listed)]

    async def _get(self, server: str) -> Hosted:
        return await self._shown(await self._folder(server))

    async def _change(self, server: str, changes: Mapping[str, object]) -> Hosted:
        folder = await self._folder(server)
        before = await self._settings(folder)
        try:
            settings = changed(before, changes)
        except msgspec.ValidationError:
            raise InvalidSettings from None
        await self._on_vault(lambda: folder.write_settings(encode_settings(settings)))
        if server in self._running:
            self._running[server].apply(settings)
        return await self._tell(folder)

    async def _start(self, server: str, password: str | None) -> Hosted:
        folder = await self._folder(server)
        if server not in self._running:
            await self._run(folder, await self._keys(folder, password))
        return await self._tell(folder)

    async def _stop(self, server: str) -> Hosted:
        folder = await self._folder(server)
        await self._end(server)
        return await self._tell(folder)

    async def _stats(self, server: str) -> HostedStats:
        folder = await self._folder(server)
        running = self._running.get(server)
        if running is None:
            return HostedStats(id=folder.id)
        sums = await running.sums()
        return HostedStats(
            id=folder.id,
            running_since=running.running_since,
            messages=sums.totals.messages,
            bytes=sums.totals.bytes,
            posts=sums.totals.posts,
            connections=sums.connections,
            synced=sums.synced,
            replays=sums.replays,
            tokens_signed=sums.tokens_signed,
        )

    async def _delete(self, server: str, password: str | None) -> None:
        folder = await self._folder(server)
        # Also where it runs: who may stop it may not destroy it. What has no keys any more is nobody's.
        with suppress(ServerDamaged):
            await self._keys(folder, password)
        await self._end(server)
        await self._on_vault(lambda: self._vault.delete(server))
        self._bundles.pop(server, None)
        self._live.publish(None, "hosting.deleted", DeletedHosted(id=folder.id))

    async def _begin(self, password: str | None) -> int:
        if password is None:
            await self._on_vault(self._vault.sweep)
        begun = 0
        for folder in await self._on_vault(self._vault.listed):
            try:
                if folder.id in self._running or not (await self._settings(folder)).autostart:
                    continue
                if (password is not None) == await self._on_vault(partial(_sealed, folder)):
                    await self._run(folder, await self._keys(folder, password))
                    begun += 1
                    await self._tell(folder)
            except WrongPassword:
                continue
            except Refusal as refusal:
                log.info("a server could not be started", reason=refusal.name)
        return begun

    async def _close(self) -> None:
        for server in list(self._running):
            await self._end(server)

    # --- a server comes and goes ---------------------------------------------------------------------------------

    async def _run(self, folder: ServerFolder, keys: ServerKeys) -> None:
        settings = await self._settings(folder)
        ledger = await open_ledger(self._threads, "a server", folder.open_board, lambda: None)
        newest = await first_unit(ledger, "a server", lambda uow: start_of(uow, None).last)
        running = self._running[folder.id] = HostedServer(self._around, keys, settings, ledger, newest)
        self._bundles[folder.id] = running.bundle
        running.start()

    async def _end(self, server: str) -> None:
        running = self._running.pop(server, None)
        if running is not None:
            await ended(running.close)

    async def _tell(self, folder: ServerFolder) -> Hosted:
        shown = await self._shown(folder)
        self._live.publish(None, "hosting.changed", shown)
        return shown

    # --- what lies on the disk -----------------------------------------------------------------------------------

    async def _folder(self, server: str) -> ServerFolder:
        try:
            return await self._on_vault(lambda: self._vault.get(server))
        except ServerUnknown:
            raise NotFound from None

    async def _settings(self, folder: ServerFolder) -> ServerSettings:
        try:
            return decode_settings(await self._on_vault(folder.settings))
        except SettingsUnreadable as error:
            log.info("a server's settings can't be used", reason=str(error))
            raise ServerDamaged from None

    async def _keys(self, folder: ServerFolder, password: str | None) -> ServerKeys:
        try:
            return await self._on_vault(lambda: ServerKeys.decode(self._vault.open(folder.id, password)))
        except KeysClosed:
            raise WrongPassword from None
        except (KeysUnreadable, ValueError) as error:
            log.unforeseen("a server's keys can't be used", error)
            raise ServerDamaged from None

    async def _shown(self, folder: ServerFolder) -> Hosted:
        try:
            settings = await self._settings(folder)
            sealed = await self._on_vault(partial(_sealed, folder))
            if not sealed and folder.id not in self._bundles:
                self._bundles[folder.id] = (await self._keys(folder, None)).bundle()
        except ServerDamaged:
            return _damaged(folder)
        bundle, running = self._bundles.get(folder.id), self._running.get(folder.id)
        return Hosted(
            id=folder.id,
            state="stopped" if running is None else "running",
            sealed=sealed,
            warning=None if sealed else IN_THE_CLEAR,
            onion=None if bundle is None else bundle.server,
            token_onion=None if bundle is None else bundle.token_service,
            bundle=None if bundle is None else encode_bundle(bundle),
            published_since=None if running is None else running.published_since,
            **msgspec.structs.asdict(settings),
        )

    async def _on_vault(self, work: Callable[[], T]) -> T:
        try:
            return await self._threads.on_vault(work)
        except FileNotFoundError:
            raise ServerDamaged from None
        except OSError as error:
            log.unforeseen("a server's folder could not be read or written", error)
            raise StorageFailed from None


def _sealed(folder: ServerFolder) -> bool:
    return folder.sealed


def _damaged(folder: ServerFolder) -> Hosted:
    """What is shown of a server whose files can't be used: that it is there, and can be deleted."""
    return Hosted(
        id=folder.id,
        state="damaged",
        sealed=False,
        warning=ServerDamaged.sentence,
        onion=None,
        token_onion=None,
        bundle=None,
        published_since=None,
        **msgspec.structs.asdict(ServerSettings()),
    )

"""A home: its vault, and the profiles of it that are open.

Whatever touches the vault runs one at a time, in the order in which it was asked, on one thread: Argon2 blocks for 70 ms, and two
unlocks must not open one profile twice.
"""

import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from twisted.internet.defer import Deferred, DeferredLock

from cwtchd import log
from cwtchd.app import profile as profiles
from cwtchd.app.errors import Refusal, Stopping, StorageFailed, WrongPassword
from cwtchd.app.profile import Woken
from cwtchd.rpc import present, schema
from cwtchd.rpc.notify import LiveEvents
from cwtchd.rpc.presence import ContactPresence, ServerPresence
from cwtchd.rpc.server_schema import ServerProgress
from cwtchd.runtime.attempts import Attempts
from cwtchd.runtime.opening import Threads, ended, first_unit, open_ledger
from cwtchd.runtime.profile import OpenProfile
from cwtchd.runtime.surroundings import Surroundings
from cwtchd.store.database import Database, UnitOfWork
from cwtchd.store.vault import OpenedVault, Vault
from cwtchd.tor.interface import TorStatus

T = TypeVar("T")
Opening = Callable[[UnitOfWork], Woken | None]


class _LeftClosed(Exception):
    """The profile does not start by itself, and nobody is there who asks for it."""

    def __init__(self) -> None:
        super().__init__("The profile is left closed.")


class Home:
    """The profiles of one home."""

    def __init__(self, vault: Vault, threads: Threads, around: Surroundings, live: LiveEvents) -> None:
        self._vault = vault
        self._threads = threads
        self._around = around
        self._live = live
        self._one_at_a_time = DeferredLock()
        self._attempts = Attempts(around.clock, around.now)
        self._open: dict[str, OpenProfile] = {}
        self._closing: dict[str, OpenProfile] = {}
        self._stopping = False
        self._tor_state = around.tor.status.state
        around.tor.watch(self._tor_changed)

    # --- what is open --------------------------------------------------------------------------------------------

    def get(self, onion: str) -> OpenProfile | None:
        """The open profile of this id."""
        return next((profile for profile in self._open.values() if profile.onion == onion), None)

    def listed(self) -> Sequence[OpenProfile]:
        """Those that are open, oldest first."""
        return sorted(self._open.values(), key=lambda profile: profile.created_at)

    # --- opening and closing -------------------------------------------------------------------------------------

    def create(self, name: str, password: str) -> "Deferred[OpenProfile]":
        """A new profile, open. Fails with StorageFailed."""
        return self._one_at_a_time.run(lambda: Deferred.fromCoroutine(self._create(name, password)))

    async def _create(self, name: str, password: str) -> OpenProfile:
        self._check_running()
        made = await self._on_vault(lambda: self._vault.create(password))
        try:
            opened = await self._open_vault(made, lambda uow: profiles.create(uow, name))
        except Refusal:
            await self._on_vault(lambda: self._vault.discard(made))
            raise
        assert opened is not None
        await self._finish(made)
        return opened

    def unlock(self, password: str, *, unattended: bool = False) -> "Deferred[Sequence[OpenProfile]]":
        """Every profile that the password fits, open before or not; where nobody asked, those that start by themselves.

        One that can't be read spoils nothing for the others; where there is no other, the call fails with StorageFailed. Fails
        with WrongPassword where the password fits none.
        """
        return self._attempts.run(
            lambda: self._one_at_a_time.run(
                lambda: Deferred.fromCoroutine(self._unlock(password, unattended))
            )
        )

    async def _unlock(self, password: str, unattended: bool) -> Sequence[OpenProfile]:
        self._check_running()
        opened: list[OpenProfile] = []
        unreadable = left_closed = False
        for vault in await self._on_vault(lambda: self._vault.open(password)):
            await self._finish_closing(vault.folder.name)
            try:
                profile = self._open.get(vault.folder.name)
                profile = profile or await self._open_vault(vault, profiles.wake, unattended)
            except _LeftClosed:
                left_closed = True
                continue
            except StorageFailed:
                unreadable = True
                continue
            if profile is not None:
                opened.append(profile)
                if vault.unfinished:
                    await self._finish(vault)
            elif vault.unfinished:
                await self._on_vault(partial(self._vault.discard, vault))
            else:
                log.info("a profile could not be opened", reason="its file holds no profile")
                unreadable = True
        if not opened and not left_closed:
            raise StorageFailed if unreadable else WrongPassword
        return opened

    async def _finish(self, vault: OpenedVault) -> None:
        """Takes the creation's mark off. The profile is there, and is kept, also where the disk refuses that."""
        with contextlib.suppress(StorageFailed):
            await self._on_vault(vault.finish)

    def lock(self, onion: str) -> "Deferred[None]":
        """Closes a profile: nothing that is asked of it from now on is done; its file is closed when the Deferred fires."""
        for name, profile in list(self._open.items()):
            if profile.onion == onion:
                self._closing[name] = self._open.pop(name)
        return self._one_at_a_time.run(lambda: Deferred.fromCoroutine(self._finish_closings()))

    async def _finish_closings(self) -> None:
        for name in list(self._closing):
            await self._finish_closing(name)

    async def _finish_closing(self, name: str) -> None:
        profile = self._closing.pop(name, None)
        if profile is None:
            return
        shown = present.profile(profile)
        await ended(profile.close)
        self._live.publish(None, "profile.locked", shown, about=profile)
        self._live.publish(profile.onion, "profile.locked", shown)
        self._live.closed(profile.onion)

    @property
    def unlock_slowed(self) -> bool:
        """Whether the next attempt at a password has to wait for a failed one."""
        return self._attempts.slowed

    def idle(self) -> "Deferred[None]":
        """Fires when everything that was asked by now is done."""
        return self._attempts.idle().addCallback(lambda _: self._one_at_a_time.run(lambda: None))

    def close(self) -> "Deferred[None]":
        """Closes every profile, and opens none any more."""
        self._stopping = True
        return self._one_at_a_time.run(lambda: Deferred.fromCoroutine(self._close()))

    async def _close(self) -> None:
        # In its turn, so that what an unlock under way still opened is closed as well.
        self._closing.update(self._open)
        self._open.clear()
        await self._finish_closings()

    def _check_running(self) -> None:
        if self._stopping:
            raise Stopping

    async def _on_vault(self, work: Callable[[], T]) -> T:
        try:
            return await self._threads.on_vault(work)
        except OSError as error:
            log.unforeseen("the vault could not be read or written", error)
            raise StorageFailed from None

    async def _open_vault(
        self, vault: OpenedVault, begin: Opening, unattended: bool = False
    ) -> OpenProfile | None:
        """Opens a profile's database on a Ledger of its own; None where nobody's profile is in it. Raises _LeftClosed."""
        awake: list[OpenProfile] = []

        def grew() -> None:
            for profile in awake:
                profile.log_grew()

        make = vault.unfinished
        ledger = await open_ledger(
            self._threads, "a profile", lambda: Database.open(vault.database, vault.key, make=make), grew
        )
        woken = await first_unit(ledger, "a profile", begin)
        if woken is None:
            await ended(ledger.close)
            return None
        if unattended and not woken.profile.autostart:
            await ended(ledger.close)
            raise _LeftClosed
        profile = OpenProfile(self._around, ledger, woken, self._presence_changed, self._server_changed)
        awake.append(profile)
        self._open[vault.folder.name] = profile
        profile.start()
        self._live.opened(profile)
        self._live.publish(None, "profile.unlocked", present.profile(profile), about=profile)
        return profile

    # --- what changes --------------------------------------------------------------------------------------------

    def _tor_changed(self, status: TorStatus) -> None:
        before, self._tor_state = self._tor_state, status.state
        self._live.publish(None, "tor.changed", present.tor(status))
        for profile in self._open.values():
            profile.tor_changed(before, status)

    def _presence_changed(self, profile: OpenProfile, conversation: int, presence: ContactPresence) -> None:
        change = schema.ConnectionChange(conversation=conversation, connection=present.connection(presence))
        self._live.publish(profile.onion, "connection.changed", change, about=conversation)

    def _server_changed(self, profile: OpenProfile, server: int, presence: ServerPresence) -> None:
        progress = ServerProgress(server=server, connection=present.server_connection(presence))
        self._live.publish(profile.onion, "server.progress", progress)

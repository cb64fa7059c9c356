"""A home: its vault, and the profiles of it that are open.

Whatever touches the vault runs one at a time, in the order in which it was asked, on one thread: Argon2 blocks for 70 ms, and two
unlocks must not open one profile twice.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol, TypeVar, cast

from twisted.internet.defer import Deferred, DeferredLock

from cwtchd import log
from cwtchd.app import profile as profiles
from cwtchd.app.effects import Outcome
from cwtchd.app.errors import Refusal, StorageFailed, WrongPassword
from cwtchd.app.profile import Woken
from cwtchd.rpc import present, schema
from cwtchd.rpc.notify import LiveEvents
from cwtchd.rpc.presence import ContactPresence
from cwtchd.runtime.ledger import Ledger
from cwtchd.runtime.profile import OpenProfile, Surroundings
from cwtchd.store.database import Database, DatabaseUnreadable, UnitOfWork
from cwtchd.store.vault import OpenedVault, Vault
from cwtchd.tor.interface import TorStatus

T = TypeVar("T")
Opening = Callable[[UnitOfWork], Woken | None]


class Threads(Protocol):
    """How blocking work is done: on threads, or inline in tests."""

    def on_vault(self, work: Callable[[], T]) -> "Deferred[T]":
        """Runs the work on the vault's thread."""

    def new_ledger(
        self,
        open_database: Callable[[], Database],
        opened: Callable[[Exception | None], None],
        log_grew: Callable[[], None],
    ) -> Ledger:
        """Starts a profile's Ledger; `opened` is called on the loop once its database is open, or can't be."""


class Home:
    """The profiles of one home."""

    def __init__(self, vault: Vault, threads: Threads, around: Surroundings, live: LiveEvents) -> None:
        self._vault = vault
        self._threads = threads
        self._around = around
        self._live = live
        self._one_at_a_time = DeferredLock()
        self._open: dict[str, OpenProfile] = {}
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
        made = await self._on_vault(lambda: self._vault.create(password))
        try:
            opened = await self._open_vault(made, lambda uow: profiles.create(uow, name))
        except Refusal:
            await self._on_vault(lambda: self._vault.discard(made))
            raise
        assert opened is not None
        return opened

    def unlock(self, password: str) -> "Deferred[Sequence[OpenProfile]]":
        """Every profile that the password fits, open before or not. Fails with WrongPassword, StorageFailed."""
        return self._one_at_a_time.run(lambda: Deferred.fromCoroutine(self._unlock(password)))

    async def _unlock(self, password: str) -> Sequence[OpenProfile]:
        fitting = await self._on_vault(lambda: self._vault.open(password))
        opened = []
        for vault in fitting:
            profile = self._open.get(vault.folder.name) or await self._open_vault(vault, profiles.wake)
            if profile is None:
                await self._on_vault(partial(self._vault.discard, vault))
            else:
                opened.append(profile)
        if not opened:
            raise WrongPassword
        return opened

    def lock(self, profile: OpenProfile) -> "Deferred[None]":
        """Closes a profile; its file is closed when the Deferred fires."""
        return self._one_at_a_time.run(lambda: Deferred.fromCoroutine(self._lock(profile)))

    async def _lock(self, profile: OpenProfile) -> None:
        names = [name for name, known in self._open.items() if known is profile]
        if not names:
            return
        del self._open[names[0]]
        shown = present.profile(profile)
        await _fired(profile.close)
        self._live.publish(None, "profile.locked", shown)
        self._live.publish(profile.onion, "profile.locked", shown)

    def close(self) -> "Deferred[None]":
        """Closes every profile."""
        return self._one_at_a_time.run(lambda: Deferred.fromCoroutine(self._close()))

    async def _close(self) -> None:
        for profile in list(self._open.values()):
            await self._lock(profile)

    async def _on_vault(self, work: Callable[[], T]) -> T:
        try:
            return await self._threads.on_vault(work)
        except OSError as error:
            log.unforeseen("the vault could not be read or written", error)
            raise StorageFailed from None

    async def _open_vault(self, vault: OpenedVault, begin: Opening) -> OpenProfile | None:
        """Opens a profile's database on a Ledger of its own; None where nobody's profile is in it."""
        awake: list[OpenProfile] = []
        opened: Deferred[None] = Deferred()

        def told(error: Exception | None) -> None:
            if error is None:
                opened.callback(None)
            else:
                opened.errback(error)

        def grew() -> None:
            for profile in awake:
                profile.log_grew()

        ledger = self._threads.new_ledger(lambda: Database.open(vault.database, vault.key), told, grew)
        try:
            await opened
        except DatabaseUnreadable as error:
            log.info("a profile could not be opened", reason=str(error))
            raise StorageFailed from None
        except Exception as error:  # noqa: BLE001 - whatever the disk or the driver says, the caller is told storage_failed
            log.unforeseen("a profile could not be opened", error)
            raise StorageFailed from None
        woken = await _run(ledger, begin)
        if woken is None:
            await _fired(ledger.close)
            return None
        profile = OpenProfile(self._around, ledger, woken, self._presence_changed)
        awake.append(profile)
        self._open[vault.folder.name] = profile
        profile.start()
        self._live.publish(None, "profile.unlocked", present.profile(profile))
        return profile

    # --- what changes --------------------------------------------------------------------------------------------

    def _tor_changed(self, status: TorStatus) -> None:
        before, self._tor_state = self._tor_state, status.state
        self._live.publish(None, "tor.changed", present.tor(status))
        for profile in self._open.values():
            profile.tor_changed(before, status)

    def _presence_changed(self, profile: OpenProfile, conversation: int, presence: ContactPresence) -> None:
        change = schema.ConnectionChange(conversation=conversation, connection=present.connection(presence))
        self._live.publish(profile.onion, "connection.changed", change)


async def _run(ledger: Ledger, begin: Opening) -> Woken | None:
    """The first unit of an opened profile."""
    ran: Deferred[Woken | None] = Deferred()

    def done(outcome: Outcome[object] | Exception) -> None:
        if isinstance(outcome, Exception):
            ran.errback(outcome)
        else:
            ran.callback(cast("Woken | None", outcome.value))

    ledger.submit(lambda uow: Outcome(begin(uow)), done)
    try:
        return await ran
    except Exception as error:  # noqa: BLE001 - as above
        log.unforeseen("a profile could not be woken", error)
        await _fired(ledger.close)
        raise StorageFailed from None


async def _fired(close: Callable[[Callable[[], None]], None]) -> None:
    """Waits for a close that calls back."""
    closed: Deferred[None] = Deferred()
    close(lambda: closed.callback(None))
    await closed

"""The API tokens of a running daemon: kept in its own database, and in memory with what each of them grants.

Rules: what a token grants is read from memory, so that a call costs no disk; memory follows the disk, after each commit. The database
is used on the vault's thread, one unit at a time.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from cwtchd import log
from cwtchd.app import api_tokens
from cwtchd.app.errors import Refusal, StorageFailed, Unauthorized
from cwtchd.rpc.access import Binding, Grant, Pace
from cwtchd.store import api_tokens as rows
from cwtchd.store.api_tokens import ApiTokenRow, Scope
from cwtchd.store.daemon_database import DaemonDatabase
from cwtchd.store.database import DatabaseUnreadable, UnitOfWork

T = TypeVar("T")


class BlockingWork(Protocol):
    """Who does what blocks."""

    def on_vault(self, work: Callable[[], T]) -> "Deferred[T]":
        """Runs the work on the vault's thread."""


class ApiTokens:
    """Who else may call. Everything fails with StorageFailed where the database can't be used."""

    def __init__(
        self,
        database: DaemonDatabase,
        threads: BlockingWork,
        now: Callable[[], int],
        revoked: Callable[[int], None],
    ) -> None:
        """`revoked` ends the connections that hold to a token."""
        self._database = database
        self._threads = threads
        self._now = now
        self._revoked = revoked
        self._grants: dict[int, Grant] | None = None

    def grant(self, text: str) -> "Deferred[Grant]":
        """What the token that a caller shows grants; fails with Unauthorized."""

        def look(grants: dict[int, Grant]) -> Grant:
            number = api_tokens.id_of(text)
            found = None if number is None else grants.get(number)
            if not api_tokens.is_token(text, None if found is None else found.token) or found is None:
                raise Unauthorized
            return found

        return self._loaded().addCallback(look)

    def listed(self) -> "Deferred[Sequence[Grant]]":
        """Every token, oldest first."""
        return self._loaded().addCallback(lambda grants: list(grants.values()))

    def create(self, label: str, scope: Scope, binding: Binding) -> "Deferred[tuple[ApiTokenRow, str]]":
        """A new one, and the text that its holder shows; fails with LimitExceeded."""
        mark = None if binding.profile is None else binding.profile.mark

        def make(uow: UnitOfWork) -> tuple[ApiTokenRow, str]:
            return api_tokens.create(uow, label, scope, mark, binding.conversations, binding.folders)

        def made(token: tuple[ApiTokenRow, str]) -> "Deferred[tuple[ApiTokenRow, str]]":
            def keep(grants: dict[int, Grant]) -> tuple[ApiTokenRow, str]:
                grants.setdefault(token[0].id, self._grant_of(token[0]))
                return token

            return self._loaded().addCallback(keep)

        return self._run(make).addCallback(made)

    def revoke(self, token: int) -> "Deferred[None]":
        """Ends one, with the connections that hold to it; fails with NotFound."""

        def ended(_: None) -> None:
            grant = None if self._grants is None else self._grants.pop(token, None)
            if grant is not None and grant.pace is not None:
                grant.pace.revoked = True  # also for what waits, wherever it does
            self._revoked(token)

        return self._run(lambda uow: api_tokens.revoke(uow, token)).addCallback(ended)

    def _loaded(self) -> "Deferred[dict[int, Grant]]":
        """What every token grants, read at its first use."""

        def keep(found: Sequence[ApiTokenRow]) -> dict[int, Grant]:
            if self._grants is None:
                self._grants = {row.id: self._grant_of(row) for row in found}
            return self._grants

        known: Deferred[dict[int, Grant]] = Deferred()
        if self._grants is None and self._database.empty:
            self._grants = {}
        if self._grants is None:
            return self._run(rows.listed).addCallback(keep)
        known.callback(self._grants)
        return known

    def _run(self, unit: Callable[[UnitOfWork], T]) -> "Deferred[T]":
        """One unit of the daemon's own database."""

        def failed(failure: Failure) -> Failure:
            if isinstance(failure.value, Refusal):
                return failure
            if isinstance(failure.value, DatabaseUnreadable):
                log.info(
                    "daemon.db can't be read: put a copy back, or move it away and make the API tokens anew"
                )
            else:
                log.unforeseen("the daemon's own database could not be used", failure.value)
            raise StorageFailed from None

        return self._threads.on_vault(lambda: self._database.run(unit)).addErrback(failed)

    def _grant_of(self, row: ApiTokenRow) -> Grant:
        return Grant(row.scope, row, Pace(self._now))

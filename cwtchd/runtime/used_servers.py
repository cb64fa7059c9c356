"""The servers that an open profile uses: kept synced, their tokens bought ahead, what is queued for them posted.

Goal: the rows say what is wanted, and all of it is taken up again at the next start. Each of the three goes by its own clock, and none of them is
told of another, so that a server sees nothing that it could join (extensions 0-ground, 4.2-4.5).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IDelayedCall

from cwtchd import log
from cwtchd.app import posts, servers, wallet
from cwtchd.app.effects import Outcome
from cwtchd.app.errors import NotFound
from cwtchd.app.wallet import Purchase
from cwtchd.rpc.presence import ServerPresence, ServerPresences
from cwtchd.runtime.post_call import PostCall
from cwtchd.runtime.server_sync import ServerSync
from cwtchd.runtime.surroundings import Surroundings
from cwtchd.runtime.sync_session import RunUnit
from cwtchd.runtime.token_purchase import TokenPurchase
from cwtchd.store.database import UnitOfWork
from cwtchd.store.posts import PostRow
from cwtchd.store.servers import ServerRow

POSTS_AT_ONCE = 4
BUSY_SECONDS = 1.0
"""How soon is looked again while something that is due is under way, or waits for its place."""
LOOK_SECONDS = 60.0
"""How often is looked for what is due, at the latest: a clock that was set back must not put it off for ever."""
TOLD_SECONDS = 0.5
"""How far apart clients are told of a replay's or a work's progress."""

T = TypeVar("T")
Changed = Callable[[int, ServerPresence], None]


class UsedServers:
    """All of them. `changed` is told how each is connected."""

    def __init__(self, around: Surroundings, run: RunUnit, changed: Changed) -> None:
        self._around = around
        self._run = run
        self._changed = changed
        self._syncs: dict[int, ServerSync] = {}
        self._working: dict[int, int] = {}
        self._told: dict[int, tuple[ServerPresence, float]] = {}
        self._purchases: dict[int, TokenPurchase] = {}
        self._posts: dict[int, PostCall] = {}
        self._onions: dict[int, ServerRow] = {}
        self._tor_ready = False
        self._timer: IDelayedCall | None = None
        self._looking = False
        self._again = False
        self._asked: list[tuple[int, Deferred[None]]] = []
        """syncs that wait for the next look at the rows"""
        self._open = True

    @property
    def presence(self) -> ServerPresences:
        """How each is connected."""
        return {server: self._presence_of(server) for server in self._syncs}

    def look(self) -> None:
        """Something of what is wanted may have changed: what is due is begun, what is wanted no more ends."""
        if not self._open:
            return
        if self._looking:
            self._again = True
            return
        self._looking = True
        self._run(_wanted, self._found)

    def tor_ready(self, ready: bool) -> None:
        """Tor came or went."""
        self._tor_ready = ready
        for sync in self._syncs.values():
            sync.tor_ready(ready)
        if ready:
            self._run(_put_off, lambda _: self.look())
        else:
            self.look()

    def sync(self, server: int) -> "Deferred[None]":
        """Fires once a session with it is synced; fails with ServerUnreachable, NotFound."""
        found = self._syncs.get(server)
        if found is not None:
            return found.sync()
        # It may have been added just now: the rows say.
        asked: Deferred[None] = Deferred()
        self._asked.append((server, asked))
        self.look()
        return asked

    def close(self) -> None:
        """The profile is locked."""
        self._open = False
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        for sync in self._syncs.values():
            sync.close()
        for purchase in self._purchases.values():
            purchase.close()
        for post in self._posts.values():
            post.close()
        self._answer_asked()

    # --- what is wanted ------------------------------------------------------------------------------------------

    def _found(self, outcome: "Outcome[_Wanted] | Exception") -> None:
        self._looking = False
        if not self._open:
            return
        if isinstance(outcome, Exception):
            log.unforeseen("what is wanted of servers could not be read", outcome)
            self._answer_asked()
            self._look_in(LOOK_SECONDS)
            return
        wanted = outcome.value
        self._onions = {row.id: row for row in wanted.servers}
        used = {row.id for row in wanted.servers if row.wanted}
        for server in [server for server in self._syncs if server not in used]:
            self._syncs.pop(server).close()
            self._told.pop(server, None)
        for server in used - self._syncs.keys():
            self._begin_sync(self._onions[server])
        if self._tor_ready:
            for server in wanted.purchases:
                self._buy(server)
            for post in wanted.posts:
                self._show(post)
        if self._again:
            self._again = False
            self.look()
        else:
            self._answer_asked()
            self._look_in(self._until(wanted))

    def _until(self, wanted: "_Wanted") -> float:
        """Seconds to the next look. Behind what is due and under way something else may fall due at any time."""
        if wanted.next_at is None:
            return LOOK_SECONDS
        if wanted.next_at <= wanted.at:
            return BUSY_SECONDS
        return min(LOOK_SECONDS, max(0.0, (wanted.next_at - self._around.now()) / 1000))

    def _answer_asked(self) -> None:
        asked, self._asked = self._asked, []
        for server, waiting in asked:
            sync = self._syncs.get(server)
            (fail(NotFound()) if sync is None else sync.sync()).chainDeferred(waiting)

    def _look_in(self, seconds: float) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        # Without Tor nothing that is due can be done: its coming looks again.
        self._timer = self._around.clock.callLater(seconds if self._tor_ready else LOOK_SECONDS, self.look)

    def _begin_sync(self, row: ServerRow) -> None:
        server = row.id
        sync = ServerSync(self._around, self._run, server, row.onion, lambda: self._tell(server))
        self._syncs[server] = sync
        sync.tor_ready(self._tor_ready)

    def _buy(self, server: int) -> None:
        if server in self._purchases:
            return

        def begun(outcome: Outcome[Purchase | None] | Exception) -> None:
            if isinstance(outcome, Exception):
                log.unforeseen("a purchase could not be begun", outcome)
            elif outcome.value is not None and self._open and server not in self._purchases:
                self._purchases[server] = TokenPurchase(
                    self._around,
                    self._run,
                    outcome.value,
                    lambda tried: self._worked(server, tried),
                    lambda: self._bought(server),
                )

        self._run(lambda uow: wallet.begin_purchase(uow, server), begun)

    def _worked(self, server: int, tried: int | None) -> None:
        if tried is None:
            self._working.pop(server, None)
        else:
            self._working[server] = tried
        self._tell(server)

    def _bought(self, server: int) -> None:
        self._purchases.pop(server, None)
        self.look()

    def _show(self, post: PostRow) -> None:
        server = self._onions.get(post.server)
        if post.id in self._posts or server is None or len(self._posts) >= POSTS_AT_ONCE:
            return
        self._posts[post.id] = PostCall(
            self._around, self._run, post.id, server.onion, lambda: self._posted(post.id)
        )

    def _posted(self, post: int) -> None:
        self._posts.pop(post, None)
        self.look()

    # --- what clients see ----------------------------------------------------------------------------------------

    def _presence_of(self, server: int) -> ServerPresence:
        return replace(self._syncs[server].presence, work_tried=self._working.get(server))

    def _tell(self, server: int) -> None:
        if server not in self._syncs or not self._open:
            return
        now, presence = self._around.clock.seconds(), self._presence_of(server)
        before, at = self._told.get(server, (None, 0.0))
        same = before is not None and (before.state, before.work_tried is None) == (
            presence.state,
            presence.work_tried is None,
        )
        if same and now - at < TOLD_SECONDS:
            return
        self._told[server] = (presence, now)
        self._changed(server, presence)


class _Wanted:
    """What the rows say is to be done."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.servers = servers.listed(uow)
        self.purchases = wallet.due(uow)
        self.posts = posts.due(uow, POSTS_AT_ONCE)
        self.at = uow.now
        times = (wallet.next_due_at(uow), posts.next_due_at(uow))
        self.next_at = min((at for at in times if at is not None), default=None)


def _put_off(uow: UnitOfWork) -> Outcome[None]:
    posts.put_off(uow)
    return wallet.put_off(uow)


def _wanted(uow: UnitOfWork) -> Outcome[_Wanted]:
    return Outcome(_Wanted(uow))

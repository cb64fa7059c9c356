"""Feed: follows the daemon and each open profile, and tells what happens.

Rules: it asks only because something happened, never on a timer; a profile's events are followed first and what there is is asked
for then, so that nothing falls in between; a lost daemon is waited for without end. Trying to connect is not a call.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from typing import Any

from cwtch_client import (
    AsyncClient,
    ClientError,
    ConnectionLost,
    Conversation,
    DaemonAbsent,
    Event,
    NoAnswer,
    Profile,
    RpcError,
    TorStatus,
)
from cwtch_tui import happenings as h
from cwtch_tui.state import State

_PAUSE_SECONDS = 0.5
_PASSING = (DaemonAbsent, ConnectionLost, NoAnswer)
_BEGUN_ANEW = {"profile_locked", "stopping", "cursor_expired"}
"""After these a profile is followed from the log's head on, and what there is is asked for again."""
_COUNTED = {"message.received", "message.read", "message.queued"}
"""After these a conversation's own numbers are others, and no event carries them."""


class Feed:
    """`happen` is told everything; `state` is what came of it so far; `complain` gets a sentence for the person."""

    def __init__(
        self,
        client: AsyncClient,
        happen: Callable[[h.Happening], None],
        state: Callable[[], State],
        complain: Callable[[str], None],
        how_to_start: str,
    ) -> None:
        self._client = client
        self._happen = happen
        self._state = state
        self._complain = complain
        self._how_to_start = how_to_start
        self._following: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stale: set[tuple[str, int]] = set()
        self._refreshing = False

    async def run(self) -> None:
        """Follows until it is cancelled."""
        try:
            while True:
                events = self._client.events(None, begun=self._met, lost=self._lost, found=self._met)
                try:
                    async with aclosing(events):
                        async for event in events:
                            self._happen(h.EventTold(event))
                except _PASSING:
                    self._lost()
                except ClientError as error:
                    self._lost(str(error))
                await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            await self._end([*self._following.values(), *self._tasks])

    def settle(self) -> None:
        """Follows the profiles that are open, and no others."""
        state = self._state()
        wanted = set(state.profiles) if state.there else set()
        for profile in set(self._following) - wanted:
            self._following.pop(profile).cancel()
        for profile in wanted - set(self._following):
            self._following[profile] = asyncio.create_task(self._keep_following(profile))

    # --- the daemon ----------------------------------------------------------------------------------------------

    def _lost(self, why: str = "") -> None:
        self._happen(h.DaemonLost(why or str(DaemonAbsent(self._client.path, self._how_to_start))))

    def _met(self) -> None:
        self._spawn(self._greet())

    async def _greet(self) -> None:
        tor = await self._client.ask(TorStatus, "tor.status")
        profiles = await self._client.ask(list[Profile], "profile.list")
        self._happen(h.DaemonFound(tor, profiles))

    # --- profiles ------------------------------------------------------------------------------------------------

    async def _keep_following(self, profile: str) -> None:
        while profile in self._state().profiles:
            await self._guarded(self._follow(profile), profile)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _follow(self, profile: str) -> None:
        def stands() -> None:
            self._spawn(self._sync(profile))

        async with aclosing(self._client.events(profile, begun=stands, found=stands)) as events:
            async for event in events:
                if event.type == "profile.locked":
                    self._happen(h.ProfileClosed(profile))
                    return
                self._happen(h.EventTold(event))
                self._count_again(profile, event)

    async def _sync(self, profile: str) -> None:
        listed = await self._client.ask(list[Conversation], "conversation.list", profile=profile)
        self._happen(h.ConversationsListed(profile, listed))

    def _count_again(self, profile: str, event: Event) -> None:
        message = event.message() if event.type in _COUNTED else None
        if message is None:
            return
        self._stale.add((profile, message.conversation))
        if not self._refreshing:
            self._refreshing = True
            self._spawn(self._refresh())

    async def _refresh(self) -> None:
        try:
            while self._stale:
                profile, number = self._stale.pop()
                try:
                    found = await self._client.ask(
                        Conversation, "conversation.get", profile=profile, conversation=number
                    )
                except RpcError:
                    continue  # deleted or locked meanwhile, which an event of its own tells
                self._happen(h.ConversationTold(profile, found))
        finally:
            self._refreshing = False

    # --- tasks ---------------------------------------------------------------------------------------------------

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Coroutine[Any, Any, None], profile: str | None = None) -> None:
        try:
            await work
        except _PASSING:
            pass  # whoever follows the daemon tells of it
        except RpcError as error:
            if error.name == "profile_locked" and profile is not None:
                self._happen(h.ProfileClosed(profile))
            elif error.name not in _BEGUN_ANEW:
                self._complain(error.sentence)
        except ClientError as error:
            self._complain(str(error))

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

"""BotRun: one life of a bot, from its start to its end.

Rules: an event's place is kept after its handlers have returned, never before; what passes by itself is waited for, and the handler
is run again; a log line has constant words and numbers, never a text, a name or an address.
"""

import asyncio
import inspect
import logging
import signal
import time
import traceback
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

from cwtch_client.aio import AsyncClient
from cwtch_client.bot_answers import Answers, Handler
from cwtch_client.bot_incoming import Occasion
from cwtch_client.bot_place import Place
from cwtch_client.client import Client
from cwtch_client.errors import BadAnswer, ClientError, CursorExpired, RpcError
from cwtch_client.following import passes
from cwtch_client.model import Event, Profile

log = logging.getLogger("cwtch_client.bot")

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
_LIMITED_TRIES = 8
"""A limit may be one of a second, which passes, or one of a full outbox, which may not: a handler is not run for ever into it."""

_UNKEPT = 256
"""So many events that nobody handled may be read again after a crash."""


class BotUnable(ClientError):
    """The bot can't work as it was told to."""


class NotOpen(ClientError):
    """The profile to work for is locked, or not there."""

    def __init__(self) -> None:
        super().__init__("The profile to work for is not open: `cwtch profile unlock` opens it.")


class Stopped(Exception):
    """The bot is to end, and what it was at is not done."""


class BotRun:
    """A bot at work. `client` is for handlers, `following` for what the kit does beside them."""

    def __init__(
        self, name: str, answers: Answers, client: Client, following: AsyncClient, state: Path
    ) -> None:
        self.client = client
        self.profile = ""
        self.state = state
        self._name = name
        self._answers = answers
        self._following = following
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._cursor = 0
        self._kept = 0
        self._due = [0.0 for _ in answers.ticks]

    def stop(self) -> None:
        """Ends once the handler that runs has returned; from any thread."""
        self._loop.call_soon_threadsafe(self._stopping.set)

    async def work(self, wanted: str | None, *, from_beginning: bool, signals: bool) -> None:
        """Works for the profile of this name or id, or for the only open one, until it is stopped."""
        if signals:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, self._interrupted)
        try:
            self.profile = await self._lasting(lambda: self._find_profile(wanted))
            await self._lasting(self._check_types)
            with Place(self.state, self.profile) as place:
                await self._begin(place, from_beginning=from_beginning)
                try:
                    await self._follow(place)
                finally:
                    self._keep(place)
        except Stopped:
            pass
        log.info("%s has ended.", self._name)

    def _interrupted(self, _number: int, _frame: object) -> None:
        # Python's own handler, not the loop's: a plain handler of the bot may keep the loop waiting.
        self._loop.call_soon_threadsafe(self._stopping.set)
        signal.signal(
            signal.SIGINT, signal.default_int_handler
        )  # who asks again does not want to wait for it
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    # --- the beginning -----------------------------------------------------------------------------------------------

    async def _lasting(self, ask: Callable[[], Any]) -> Any:
        """What `ask` returns, once it does: what passes by itself is waited for."""
        pause, told = _FIRST_PAUSE, ""
        while True:
            try:
                return await ask()
            except ClientError as error:
                if not passes(error) and not isinstance(error, NotOpen):
                    raise
                if str(error) != told:
                    told = str(error)
                    log.info("%s Waiting.", told)
            await self._pause(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _find_profile(self, wanted: str | None) -> str:
        opened: list[Profile] = await self._following.profile.list()
        fitting = [each.id for each in opened if wanted is None or wanted in (each.id, each.name)]
        if len(fitting) > 1:
            raise BotUnable("Several profiles are open that may be meant: say which one with --profile.")
        if not fitting:
            raise NotOpen
        return fitting[0]

    async def _check_types(self) -> None:
        known = (await self._following.rpc.discover()).get("x-events")
        unknown = [
            type_ for type_, _ in self._answers.events if isinstance(known, dict) and type_ not in known
        ]
        if unknown:
            raise BotUnable(f"There are no events of the type {unknown[0]!r}: docs/rpc.md lists the types.")

    async def _begin(self, place: Place, *, from_beginning: bool) -> None:
        known = place.read()
        if known is None:
            known = 0 if from_beginning else await self._lasting(self._head)
            place.write(known)
        self._cursor = self._kept = known
        log.info("%s follows the profile's events from %d on.", self._name, known + 1)

    async def _head(self) -> int:
        try:
            return (await self._following.event.list(profile=self.profile, after=0, limit=1)).head
        except CursorExpired as expired:
            return expired.head

    # --- events ------------------------------------------------------------------------------------------------------

    async def _follow(self, place: Place) -> None:
        while True:
            try:
                following = self._following.events(
                    self.profile,
                    self._cursor,
                    lost=lambda: log.info("The daemon is away or the profile is locked. Waiting."),
                    found=lambda: log.info("The profile's events are followed again."),
                )
                async with aclosing(following) as events:
                    await self._take(events, place)
            except CursorExpired as expired:
                # A cursor that is ahead of the log is of another copy of the profile: what was handled of this one, nobody knows.
                ahead = self._cursor > expired.head
                self._cursor = expired.head if ahead else expired.oldest - 1
                log.warning("Events that were not handled are gone: going on at event %d.", self._cursor + 1)
                self._keep(place)
            except ClientError as error:
                if not passes(error):
                    raise
                await self._pause(_LONGEST_PAUSE)

    async def _take(self, events: AsyncGenerator[Event, None], place: Place) -> None:
        """Handles events as they come, and runs in between what is due."""
        stopping = asyncio.ensure_future(self._stopping.wait())
        coming = asyncio.ensure_future(anext(events))
        try:
            while True:
                await self._tick()
                left = min((due - time.monotonic() for due in self._due), default=None)
                await asyncio.wait(
                    {coming, stopping},
                    timeout=None if left is None else max(0.0, left),
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if stopping.done():
                    raise Stopped
                if coming.done():
                    await self._handle(coming.result(), place)
                    coming = asyncio.ensure_future(anext(events))
        finally:
            for task in (coming, stopping):
                task.cancel()
            await asyncio.gather(coming, stopping, return_exceptions=True)

    async def _handle(self, event: Event, place: Place) -> None:
        try:
            calls = self._answers.to(event)
        except BadAnswer:
            log.warning("Event %s has a shape that this version does not know: passed over.", event.seq)
            calls = []
        for number, (handler, call) in enumerate(calls):
            mark = None if event.seq is None else f"bot:{self._name}:{event.seq}:{number}"
            await self._run_handler(handler, call, mark, event.seq)
        if event.seq is not None:
            self._cursor = event.seq
            if calls or self._cursor - self._kept >= _UNKEPT:
                self._keep(place)

    def _keep(self, place: Place) -> None:
        if self._cursor != self._kept:
            place.write(self._cursor)
            self._kept = self._cursor

    # --- handlers ----------------------------------------------------------------------------------------------------

    async def _run_handler(
        self, handler: Handler, call: Callable[[Occasion], Any], mark: str | None, seq: int | None
    ) -> None:
        pause, tries = _FIRST_PAUSE, 0
        while True:
            tries += 1
            try:
                await _finished(call(Occasion(self.client, self.profile, mark)))
            except Exception as error:  # noqa: BLE001 - whatever a handler raises is its own affair, not the bot's end
                if mark is None or not _worth_another_try(error, tries):
                    _log_failure(handler, error, seq)
                    return
            else:
                return
            if tries == 1:
                log.info("The handler of event %s is run again when the daemon takes what it sends.", seq)
            await self._pause(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _tick(self) -> None:
        for number, (seconds, handler) in enumerate(self._answers.ticks):
            if self._due[number] <= time.monotonic():
                try:
                    await _finished(handler())
                except Exception as error:  # noqa: BLE001 - likewise
                    if not passes(error):
                        _log_failure(handler, error, None)
                self._due[number] = time.monotonic() + seconds

    async def _pause(self, seconds: float) -> None:
        """Raises Stopped where the bot is stopped meanwhile."""
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return
        raise Stopped


async def _finished(result: Any) -> None:
    if inspect.isawaitable(result):
        await result


def _worth_another_try(error: Exception, tries: int) -> bool:
    limited = isinstance(error, RpcError) and error.name == "limit_exceeded"
    return passes(error) and not (limited and tries >= _LIMITED_TRIES)


def _log_failure(handler: Handler, error: Exception, seq: int | None) -> None:
    """Says which error, and where, but not what it says: that may be a text of somebody."""
    kind = type(error).__name__
    if isinstance(error, RpcError) and error.name is not None:
        kind = f"{kind} {error.name}"
    # The innermost line of the handler's own module: the library's below it would tell its author less.
    module = inspect.getsourcefile(inspect.unwrap(handler))
    own = [each for each in traceback.extract_tb(error.__traceback__) if each.filename == module]
    where = f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else "a place outside of its module"
    log.error(
        "The handler %s failed at event %s: %s at %s.", getattr(handler, "__name__", "?"), seq, kind, where
    )

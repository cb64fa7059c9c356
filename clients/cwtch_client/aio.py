"""AsyncClient: the same calls, events and errors as Client, for asyncio.

Rules: any number of tasks may call at once, over one connection that is made when first needed and again after it was lost;
each iterator of events has a connection of its own and carries its cursor over to the next one. One event loop at a time.
A call is never sent twice: only the caller knows whether that would be right.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import Self

from cwtch_client import calls
from cwtch_client.aio_lines import AsyncLines, connected
from cwtch_client.bearer import Bearer
from cwtch_client.calls import CALL_SECONDS
from cwtch_client.errors import BadAnswer, ClientError, ConnectionLost, NoAnswer
from cwtch_client.following import Following
from cwtch_client.methods import AsyncNouns
from cwtch_client.model import Event, Incoming, Json, Subscribed, convert


def _nothing() -> None:
    pass


class AsyncClient(AsyncNouns):
    """The daemon at the other end of a UNIX socket. `timeout` is in seconds, for each call.

    Each method of the API is one of this: `await client.message.send(profile=…, conversation=1, text="…")`; `call` takes any by name.
    With `token`, or the path of a file that holds one, each connection shows the token before anything else.
    """

    def __init__(
        self,
        path: str | Path,
        timeout: float = CALL_SECONDS,
        *,
        token: str | None = None,
        token_file: str | Path | None = None,
    ) -> None:
        self.path = Path(path)
        self._timeout = timeout
        self._bearer = Bearer(token, token_file)
        self._connecting = asyncio.Lock()
        self._calls: _Connection | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the connection, and the calls that wait on it with ConnectionLost; a later call makes another."""
        made, self._calls = self._calls, None
        if made is not None:
            await made.close()

    async def call(self, method: str, /, **params: object) -> Json:
        async with self._connecting:
            if self._calls is None or self._calls.ended:
                await self.close()
                self._calls = await self._connected()
            made = self._calls
        return await made.call(method, params)

    async def events(
        self,
        profile: str | None = None,
        after: int | None = None,
        types: Sequence[str] | None = None,
        *,
        patience: float | None = None,
        begun: Callable[[], None] = _nothing,
        lost: Callable[[], None] = _nothing,
        found: Callable[[], None] = _nothing,
    ) -> AsyncGenerator[Event, None]:
        """Follows a profile's events, or the daemon's own where `profile` is None; waits for the next one for ever.

        `after` is the seq of the last event that was handled: what came since is told first; None tells only what is new.
        The first subscription fails at once, as `call` does; `begun` is called when it stands: what is asked for from then on and
        what is told miss nothing between them. Later, where the connection is lost or the profile is locked,
        `lost` is called once and the subscription is tried again, for `patience` seconds (None: for ever), from the last
        seq that was yielded; `found` is called when it is there again. Raises CursorExpired where the log has lost its place.
        A loop that is left early closes its connection at once when the iterator is in `contextlib.aclosing`.
        """
        following = self.raw_events(
            profile, after, types, patience=patience, begun=begun, lost=lost, found=found
        )
        async with aclosing(following):
            async for raw in following:
                yield convert(raw, Event)

    async def raw_events(
        self,
        profile: str | None = None,
        after: int | None = None,
        types: Sequence[str] | None = None,
        *,
        patience: float | None = None,
        begun: Callable[[], None] = _nothing,
        lost: Callable[[], None] = _nothing,
        found: Callable[[], None] = _nothing,
    ) -> AsyncGenerator[dict[str, Json], None]:
        """The same events as `events`, as the daemon sent them."""
        place = Following(profile, after, types, patience)
        lines = await self._subscribed(place)
        begun()
        while True:
            try:
                while True:
                    told = calls.event_of(calls.heard(await lines.receive()))
                    if told is None:
                        continue
                    raw, event = told
                    goes_on = place.tells_on(event)
                    yield raw
                    if not goes_on:
                        break
            except ConnectionLost:
                pass
            finally:
                await lines.close()
            lost()
            lines = await self._subscribed_again(place)
            found()

    async def _subscribed_again(self, place: Following) -> AsyncLines:
        place.lost(time.monotonic())
        while True:
            try:
                return await self._subscribed(place)
            except ClientError as error:
                pause = place.pause(error, time.monotonic())
            await asyncio.sleep(pause)

    async def _subscribed(self, place: Following) -> AsyncLines:
        """A connection on which the next lines are events: nobody else calls on it, so it needs no reader of its own."""
        lines = await connected(self.path, self._timeout)
        try:
            if (shown := self._bearer.params()) is not None:
                await self._alone(lines, "rpc.authenticate", shown)
            answer = await self._alone(lines, "event.subscribe", place.params())
            place.subscribed(convert(answer, Subscribed).head)
        except BaseException:
            await lines.close()
            raise
        return lines

    async def _alone(self, lines: AsyncLines, method: str, params: dict[str, object]) -> Json:
        """A call on a connection that has no other."""
        try:
            async with asyncio.timeout(self._timeout):
                await lines.send(calls.call_line(1, method, params))
                while (answer := calls.heard(await lines.receive())).method is not None:
                    pass
                return calls.result_of(answer)
        except TimeoutError:
            raise NoAnswer(self._timeout) from None

    async def _connected(self) -> "_Connection":
        shown = self._bearer.params()
        made = _Connection(await connected(self.path, self._timeout), self._timeout)
        try:
            if shown is not None:
                await made.call("rpc.authenticate", shown)
        except BaseException:
            await made.close()
            raise
        return made


class _Connection:
    """One connection, the calls that wait on it, and the task that reads their answers."""

    def __init__(self, lines: AsyncLines, seconds: float) -> None:
        self._lines = lines
        self._seconds = seconds
        self._number = 0
        self._waiting: dict[int, asyncio.Future[Incoming]] = {}
        self._end: type[ConnectionLost | BadAnswer] | None = None
        self._reading = asyncio.create_task(self._read())

    @property
    def ended(self) -> bool:
        return self._end is not None

    async def close(self) -> None:
        self._reading.cancel()
        self._lost(ConnectionLost)
        await self._lines.close()

    async def call(self, method: str, params: dict[str, object]) -> Json:
        self._number += 1
        number = self._number
        line = calls.call_line(number, method, params)
        if self._end is not None:
            raise self._end
        answer: asyncio.Future[Incoming] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            async with asyncio.timeout(self._seconds):
                await self._lines.send(line)
                return calls.result_of(await answer)
        except TimeoutError:
            raise NoAnswer(self._seconds) from None
        finally:
            self._waiting.pop(number, None)  # an answer that comes after it was given up is passed over

    async def _read(self) -> None:
        try:
            while True:
                self._told(calls.heard(await self._lines.receive()))
        except ConnectionLost:
            self._lost(ConnectionLost)
        except BadAnswer:
            self._lost(BadAnswer)

    def _told(self, answer: Incoming) -> None:
        if answer.method is not None:
            return
        # A refusal without an id is of a line that the daemon could not read: whose it was, nobody can tell.
        of = [answer.id] if answer.id is not None else list(self._waiting) if answer.error is not None else []
        for number in of:
            waiting = self._waiting.get(number)
            if waiting is not None and not waiting.done():
                waiting.set_result(answer)

    def _lost(self, end: type[ConnectionLost | BadAnswer]) -> None:
        self._end = self._end or end
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(end())

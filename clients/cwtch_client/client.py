"""Client: calls, and events that survive a lost connection.

Rules: one thread at a time; calls go over one connection, made when first needed and again after it was lost; each iterator
of events has a connection of its own and carries its cursor over to the next one, so that a stored event is seen once.
A call is never sent twice: only the caller knows whether that would be right.
"""

import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from cwtch_client import calls
from cwtch_client.bearer import Bearer
from cwtch_client.calls import CALL_SECONDS
from cwtch_client.errors import ClientError, ConnectionLost, RpcError
from cwtch_client.following import Following
from cwtch_client.lines import LineSocket
from cwtch_client.methods import Nouns
from cwtch_client.model import Event, Json, Subscribed, convert


def _nothing() -> None:
    pass


class Client(Nouns):
    """The daemon at the other end of a UNIX socket. `timeout` is in seconds, for each call.

    Each method of the API is one of this: `client.message.send(profile=…, conversation=1, text="…")`; `call` takes any by name.
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
        self._calls: _Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection; a later call makes another."""
        if self._calls is not None:
            self._calls.close()
            self._calls = None

    def call(self, method: str, /, **params: object) -> Json:
        if self._calls is None:
            self._calls = self._connected()
        try:
            return self._calls.call(method, params)
        except RpcError:
            raise
        except ClientError:
            self.close()
            raise

    def events(
        self,
        profile: str | None = None,
        after: int | None = None,
        types: Sequence[str] | None = None,
        *,
        patience: float | None = None,
        begun: Callable[[], None] = _nothing,
        lost: Callable[[], None] = _nothing,
        found: Callable[[], None] = _nothing,
    ) -> Generator[Event, None, None]:
        """Follows a profile's events, or the daemon's own where `profile` is None; waits for the next one for ever.

        `after` is the seq of the last event that was handled: what came since is told first; None tells only what is new.
        The first subscription fails at once, as `call` does; `begun` is called when it stands: what is asked for from then on and
        what is told miss nothing between them. Later, where the connection is lost or the profile is locked,
        `lost` is called once and the subscription is tried again, for `patience` seconds (None: for ever), from the last
        seq that was yielded; `found` is called when it is there again. Raises CursorExpired where the log has lost its place.
        """
        for raw in self.raw_events(
            profile, after, types, patience=patience, begun=begun, lost=lost, found=found
        ):
            yield convert(raw, Event)

    def raw_events(
        self,
        profile: str | None = None,
        after: int | None = None,
        types: Sequence[str] | None = None,
        *,
        patience: float | None = None,
        begun: Callable[[], None] = _nothing,
        lost: Callable[[], None] = _nothing,
        found: Callable[[], None] = _nothing,
    ) -> Generator[dict[str, Json], None, None]:
        """The same events as `events`, as the daemon sent them."""
        place = Following(profile, after, types, patience)
        connection = self._subscribed(place)
        begun()
        while True:
            try:
                while True:
                    raw, event = connection.next_event()
                    goes_on = place.tells_on(event)
                    yield raw
                    if not goes_on:
                        break
            except ConnectionLost:
                pass
            finally:
                connection.close()
            lost()
            connection = self._subscribed_again(place)
            found()

    def _subscribed_again(self, place: Following) -> "_Connection":
        place.lost(time.monotonic())
        while True:
            try:
                return self._subscribed(place)
            except ClientError as error:
                pause = place.pause(error, time.monotonic())
            time.sleep(pause)

    def _subscribed(self, place: Following) -> "_Connection":
        connection = self._connected()
        try:
            place.subscribed(convert(connection.call("event.subscribe", place.params()), Subscribed).head)
        except BaseException:
            connection.close()
            raise
        return connection

    def _connected(self) -> "_Connection":
        shown = self._bearer.params()
        connection = _Connection(self.path, self._timeout)
        try:
            if shown is not None:
                connection.call("rpc.authenticate", shown)
        except BaseException:
            connection.close()
            raise
        return connection


class _Connection:
    """One connection, and the answers on it."""

    def __init__(self, path: Path, timeout: float) -> None:
        self._lines = LineSocket(path, timeout)
        self._timeout = timeout
        self._number = 0

    def close(self) -> None:
        self._lines.close()

    def call(self, method: str, params: dict[str, object]) -> Json:
        self._number += 1
        self._lines.send(calls.call_line(self._number, method, params))
        deadline = time.monotonic() + self._timeout
        while True:
            answer = calls.heard(self._lines.receive(deadline))
            # An answer to a call that was given up, or a notification, is not what is waited for; a refusal without an id is.
            if answer.id == self._number or (answer.id is None and answer.error is not None):
                return calls.result_of(answer)

    def next_event(self) -> tuple[dict[str, Json], Event]:
        while True:
            told = calls.event_of(calls.heard(self._lines.receive(None)))
            if told is not None:
                return told

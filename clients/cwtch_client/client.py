"""Client: calls, and events that survive a lost connection.

Rules: one thread at a time; calls go over one connection, made when first needed and again after it was lost; each iterator
of events has a connection of its own and carries its cursor over to the next one, so that a stored event is seen once.
A call is never sent twice: only the caller knows whether that would be right.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from cwtch_client.errors import (
    BadAnswer,
    ClientError,
    ConnectionLost,
    DaemonAbsent,
    NoAnswer,
    NotText,
    RpcError,
)
from cwtch_client.lines import LineSocket
from cwtch_client.model import Event, Incoming, Json, Subscribed, convert

T = TypeVar("T")

CALL_SECONDS = 60.0
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 0.5
_incoming = msgspec.json.Decoder(Incoming)
_encode = msgspec.json.Encoder().encode


def _nothing() -> None:
    pass


class Client:
    """The daemon at the other end of a UNIX socket. `timeout` is in seconds, for each call."""

    def __init__(self, path: str | Path, timeout: float = CALL_SECONDS) -> None:
        self.path = Path(path)
        self._timeout = timeout
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
        """Calls a method of the contract and returns its result; a param that is None is left out.

        Raises RpcError where the daemon refuses, DaemonAbsent where none is there, and other ClientErrors.
        """
        if self._calls is None:
            self._calls = _Connection(self.path, self._timeout)
        try:
            return self._calls.call(method, params)
        except RpcError:
            raise
        except ClientError:
            self.close()
            raise

    def ask(self, kind: type[T], method: str, /, **params: object) -> T:
        """Like `call`, with the result as a noun of the contract, such as `Profile` or `list[Conversation]`."""
        return convert(self.call(method, **params), kind)

    def events(
        self,
        profile: str | None = None,
        after: int | None = None,
        types: Sequence[str] | None = None,
        *,
        patience: float | None = None,
        lost: Callable[[], None] = _nothing,
    ) -> Iterator[Event]:
        """Follows a profile's events, or the daemon's own where `profile` is None; waits for the next one for ever.

        `after` is the seq of the last event that was handled: what came since is told first; None tells only what is new.
        The first subscription fails at once, as `call` does. Later, where the connection is lost or the profile is locked,
        `lost` is called once and the subscription is tried again, for `patience` seconds (None: for ever), from the last
        seq that was yielded.
        """
        for raw in self.raw_events(profile, after, types, patience=patience, lost=lost):
            yield convert(raw, Event)

    def raw_events(
        self,
        profile: str | None = None,
        after: int | None = None,
        types: Sequence[str] | None = None,
        *,
        patience: float | None = None,
        lost: Callable[[], None] = _nothing,
    ) -> Iterator[dict[str, Json]]:
        """The same events as `events`, as the daemon sent them."""
        connection, head = _subscribed(self.path, self._timeout, profile, after, types)
        cursor = head if after is None else after
        while True:
            try:
                while True:
                    raw, event = connection.next_event()
                    if event.seq is not None:
                        cursor = event.seq
                    yield raw
                    if event.type == "profile.locked" and profile is not None:
                        break  # the daemon has nothing more to tell here until the profile is open again
            except ConnectionLost:
                pass
            finally:
                connection.close()
            lost()
            until = None if patience is None else time.monotonic() + patience
            connection = self._subscribed_again(profile, cursor, types, until)

    def _subscribed_again(
        self, profile: str | None, cursor: int, types: Sequence[str] | None, until: float | None
    ) -> "_Connection":
        pause = _FIRST_PAUSE
        while True:
            try:
                after = None if profile is None else cursor
                return _subscribed(self.path, self._timeout, profile, after, types)[0]
            except (DaemonAbsent, ConnectionLost, NoAnswer, RpcError) as error:
                passing = not isinstance(error, RpcError) or error.name == "profile_locked"
                if not passing or (until is not None and time.monotonic() + pause > until):
                    raise
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


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
        given = {name: value for name, value in params.items() if value is not None}
        self._lines.send(_line({"jsonrpc": "2.0", "id": self._number, "method": method, "params": given}))
        deadline = time.monotonic() + self._timeout
        while True:
            answer = _decoded(self._lines.receive(deadline))
            if answer.error is not None and answer.id in (self._number, None):
                raise RpcError(answer.error.code, answer.error.message, answer.error.data)
            # An answer to a call that was given up, or a notification, is not what is waited for.
            if answer.id == self._number:
                return _value(answer.result)

    def next_event(self) -> tuple[dict[str, Json], Event]:
        while True:
            line = _decoded(self._lines.receive(None))
            if line.method == "event":
                raw = _value(line.params)
                if not isinstance(raw, dict):
                    raise BadAnswer
                raw.pop("subscription", None)  # a number of this connection, which means nothing after it
                return raw, convert(raw, Event)


def _subscribed(
    path: Path, timeout: float, profile: str | None, after: int | None, types: Sequence[str] | None
) -> tuple[_Connection, int]:
    connection = _Connection(path, timeout)
    try:
        wanted: dict[str, object] = {"profile": profile, "after": after, "types": types and list(types)}
        return connection, convert(connection.call("event.subscribe", wanted), Subscribed).head
    except BaseException:
        connection.close()
        raise


def _line(call: dict[str, object]) -> bytes:
    try:
        return _encode(call)
    except UnicodeEncodeError:
        raise NotText from None


def _decoded(line: bytes) -> Incoming:
    try:
        return _incoming.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise BadAnswer from None


def _value(raw: msgspec.Raw | msgspec.UnsetType) -> Json:
    if isinstance(raw, msgspec.UnsetType):
        raise BadAnswer
    try:
        value: Json = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise BadAnswer from None
    return value

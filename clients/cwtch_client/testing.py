"""FakeDaemon: a daemon for tests of clients, with profiles, contacts, messages and events in memory.

It speaks the contract's lines over a real UNIX socket, from threads of its own; nothing is encrypted, stored or sent anywhere.
A test plays the other side with `receive` and `deliver`, breaks things with `drop`, `stop`, `start` and `refuse`, and waits with
`until` (`eventually` on asyncio). What it leaves out: limits, paging by size, batches, and every method that is not in `fake_methods`.
"""

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from cwtch_client.fake_access import check
from cwtch_client.fake_errors import Refused, Values, no_such_method, unauthorized
from cwtch_client.fake_methods import METHODS
from cwtch_client.fake_world import World, onion
from cwtch_client.model import Conversation, Json, Message, Profile, convert

__all__ = ["FakeDaemon", "Refused", "onion"]

_UNTIL_SECONDS = 10.0
_POLL_SECONDS = 0.01


class FakeDaemon:
    """A fake daemon on `path`; a context manager. `calls` lists what it was asked, as (method, params).

    With `needs_token`, whoever shows none is refused, as another user of the machine is.
    """

    def __init__(self, path: str | Path, *, needs_token: bool = False) -> None:
        self.path = Path(path)
        self.needs_token = needs_token
        self.world = World()
        self.calls: list[tuple[str, dict[str, Json]]] = []
        self._refusals: dict[str, Refused] = {}
        self._lock = threading.RLock()
        self._listener: socket.socket | None = None
        self._open: list[_FakeConnection] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Answers on the path, with what was there before still there."""
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen(64)
        self._spawn(partial(self._accept, self._listener))

    def stop(self, *, lock: bool = True) -> None:
        """Ends as a killed daemon does: every connection goes, the profiles are locked unless `lock` is false."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            self.path.unlink(missing_ok=True)
        self.drop()
        if lock:
            with self._lock:
                for profile in self.world.profiles.values():
                    profile.open = False
                self.world.hosting.begin_anew()
        for thread in list(self._threads):
            if thread is not threading.current_thread():
                thread.join()

    def drop(self) -> None:
        """Ends all connections that are there now."""
        with self._lock:
            for connection in self._open:
                connection.close()

    def refuse(self, method: str, code: int, name: str, sentence: str) -> None:
        """The next call of the method is refused in these words."""
        self._refusals[method] = Refused(code, sentence, name)

    def receive(self, profile: str, address: str, text: str | None, overlay: int = 1) -> dict[str, Json]:
        """Somebody at `address` writes to the profile; a stranger becomes a request. Returns the Message."""
        with self._lock:
            return self.world.receive(profile, address, text, overlay)

    def deliver(self, profile: str, message: int) -> None:
        """The other side acknowledges an outgoing message."""
        with self._lock:
            self.world.deliver(profile, message)

    def tell(self, profile: str | None, type_: str, data: Json, *, stored: bool = False) -> None:
        """An event of any type, live-only unless `stored`."""
        with self._lock:
            self.world.tell(profile, type_, data, stored=stored)

    def create(self, name: str, password: str | None = None) -> Profile:
        """A new open profile; its password is its name where none is given."""
        with self._lock:
            return convert(self.world.create(name, password or name).shown(), Profile)

    def contact(self, profile: str, name: str = "bob", address: str | None = None) -> Conversation:
        """An accepted contact of the profile; its address comes from the name where none is given."""
        with self._lock:
            own = self.world.profiles[profile]
            return convert(
                self.world.add_conversation(own, address or onion(name), name, "accepted"), Conversation
            )

    def create_token(self, scope: str = "send", **params: Json) -> str:
        """A token, made as `token.create` does."""
        with self._lock:
            return str(self.world.tokens.create({"scope": scope, **params})["token"])

    def forget(self, profile: str, kept: int = 0) -> None:
        """The profile's log holds its newest `kept` events only: a cursor before them has expired."""
        with self._lock:
            log = self.world.profiles[profile].log
            del log[: len(log) - kept]

    def sent(self, profile: str) -> list[Message]:
        """What the profile's clients have queued, oldest first."""
        with self._lock:
            rows = self.world.profiles[profile].messages.values()
            return [convert(each, Message) for each in rows if each["outgoing"]]

    def subscriptions(self) -> int:
        """How many are open; one whose caller has gone counts till the daemon notices, a moment later."""
        with self._lock:
            return len(self.world.listeners)

    def until(self, test: Callable[[], bool], seconds: float = _UNTIL_SECONDS) -> None:
        """Waits till the test is true; raises TimeoutError after so many seconds."""
        end = time.monotonic() + seconds
        while not test():
            if time.monotonic() > end:
                raise TimeoutError("what the test waits for did not happen: look at the fake daemon's calls")
            time.sleep(_POLL_SECONDS)

    async def eventually(self, test: Callable[[], bool], seconds: float = _UNTIL_SECONDS) -> None:
        """Like `until`, for a test on asyncio: its loop goes on meanwhile."""
        await asyncio.to_thread(self.until, test, seconds)

    def _spawn(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                made, _ = listener.accept()
            except OSError:
                return
            self._spawn(partial(self._serve, made))

    def _serve(self, made: socket.socket) -> None:
        connection = _FakeConnection(made)
        with self._lock:
            if self._listener is None:
                connection.close()
            self._open.append(connection)
        try:
            with made.makefile("rb") as lines:
                for line in lines:
                    with self._lock:
                        self._answer(connection, line)
        except OSError:
            pass  # dropped, which tests do
        finally:
            with self._lock:
                self._open.remove(connection)
                self.world.listeners[:] = [
                    each for each in self.world.listeners if each.tell != connection.event
                ]
            made.close()

    def _answer(self, connection: "_FakeConnection", line: bytes) -> None:
        try:
            asked = json.loads(line)
        except ValueError:
            connection.send({"id": None, "error": {"code": -32700, "message": "This line is not JSON."}})
            return
        method, params = asked["method"], asked.get("params", {})
        self.calls.append((method, params))
        try:
            if (refusal := self._refusals.pop(method, None)) is not None:
                raise refusal
            if method == "rpc.authenticate":
                connection.granted = self.world.tokens.grant(params)
                connection.send({"id": asked["id"], "result": connection.granted})
                return
            if connection.granted is not None:
                check(connection.granted, method, params)
            elif self.needs_token:
                raise unauthorized()
            if method == "event.subscribe":
                subscribed, begin = self.world.subscribe(params, connection.event)
                connection.send({"id": asked["id"], "result": subscribed})
                begin()
                return
            connection.send({"id": asked["id"], "result": METHODS.get(method, _unknown)(self.world, params)})
        except Refused as refused:
            connection.send({"id": asked["id"], "error": refused.as_json()})
        if method == "daemon.shutdown":
            self._spawn(self.stop)


class _FakeConnection:
    """One caller."""

    def __init__(self, made: socket.socket) -> None:
        self._socket = made
        self.granted: Values | None = None

    def send(self, value: dict[str, Json]) -> None:
        self._socket.sendall(json.dumps({"jsonrpc": "2.0", **value}).encode() + b"\n")

    def event(self, params: dict[str, Json]) -> None:
        with contextlib.suppress(OSError):  # the caller has gone: its thread notices
            self.send({"method": "event", "params": params})

    def close(self) -> None:
        with contextlib.suppress(OSError):  # the caller was faster
            self._socket.shutdown(socket.SHUT_RDWR)


def _unknown(world: World, params: dict[str, Json]) -> Json:  # noqa: ARG001 - every method has the same shape
    raise no_such_method()

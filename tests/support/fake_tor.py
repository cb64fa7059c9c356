"""A control link and a tor that a test plays: commands are noted and answered, events are said, the end is called."""

from collections.abc import Callable
from pathlib import Path

from twisted.internet.defer import Deferred, fail, succeed

from cwtchd.tor.addresses import UnixAddress
from cwtchd.tor.control import ControlLink, RunningTor, TorGone, TorRefused


class FakeLink(ControlLink):
    """A ControlLink with nothing behind it."""

    def __init__(self) -> None:
        self.version = "0.0.0"
        self.peer_uid = None
        self.commands: list[str] = []
        self.phase = "NOTICE BOOTSTRAP PROGRESS=100 TAG=done"
        self.refusals: list[int] = []
        """codes with which the next ADD_ONIONs are refused"""
        self._ended = False
        self._heard: dict[str, list[Callable[[str], object]]] = {}
        self._waiting: list[Deferred[None]] = []

    @property
    def gone(self) -> bool:
        return self._ended

    def ask(self, command: str) -> "Deferred[str]":
        if self._ended:
            return fail(TorGone())
        self.commands.append(command)
        if command.startswith("ADD_ONION") and self.refusals:
            return fail(TorRefused(self.refusals.pop(0)))
        return succeed("status/bootstrap-phase=" + self.phase if command.startswith("GETINFO") else "")

    def listen(self, event: str, heard: Callable[[str], object]) -> "Deferred[object]":
        self._heard.setdefault(event, []).append(heard)
        return succeed(None)

    def when_gone(self) -> "Deferred[None]":
        waiting: Deferred[None] = Deferred()
        self._waiting.append(waiting)
        return waiting

    def hang_up(self) -> None:
        self.die()

    def say(self, event: str, text: str) -> None:
        """Tor says an event."""
        for heard in self._heard[event]:
            heard(text)

    def die(self) -> None:
        """The tor is gone."""
        self._ended = True
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.called:
                each.callback(None)

    def asked(self, start: str) -> list[str]:
        """The commands that begin so."""
        return [command for command in self.commands if command.startswith(start)]


class FakeTor:
    """A tor with such a link."""

    def __init__(self, *, reaches_sockets: bool = True, warning: str | None = None) -> None:
        self.link = FakeLink()
        self.ends = 0
        self.running = RunningTor(
            self.link, UnixAddress(Path("/nowhere")), reaches_sockets, warning, self._end
        )

    def _end(self) -> "Deferred[None]":
        self.ends += 1
        self.link.die()
        return succeed(None)

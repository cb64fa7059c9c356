"""A person of the play: a daemon of their own, the `cwtch` commands that they type, and what their `cwtch watch` tells."""

import json
import os
import shlex
import subprocess
from collections.abc import Callable
from typing import TypeVar

import msgspec

from cwtch_client import (
    BadAnswer,
    Conversation,
    Event,
    Hosted,
    Message,
    MessagePage,
    Profile,
    Server,
    TorStatus,
    convert,
)
from demo.show import Show
from demo.stage import PlayFailed, Stage

T = TypeVar("T")

_START_SECONDS = 30
_READ_BYTES = 1 << 16
_SHORT = 6
_BUNDLE_SHOWN = 20


class Person:
    """Alice, or Bob."""

    def __init__(self, stage: Stage, show: Show, name: str) -> None:
        self.name = name
        self.events: list[Event] = []
        self.address = ""
        self._stage = stage
        self._show = show
        self._socket = stage.folder / f"{name}.sock"
        self._log = stage.folder / f"{name}.log"
        self._password = os.urandom(12).hex()
        self._daemon: subprocess.Popen[bytes] | None = None
        self._watch: subprocess.Popen[bytes] | None = None
        self._unread = b""
        self._tell: Callable[[Event], None] = lambda _event: None

    # --- the daemon ----------------------------------------------------------------------------------------------

    def start_daemon(self) -> None:
        """`cwtchd run`, till its API answers."""
        home = self._stage.folder / self.name
        self._show.command(self.name, "cwtchd run --tor-network net &")
        words = (
            "--home",
            str(home),
            "--socket",
            str(self._socket),
            "--tor-network",
            str(self._stage.network),
        )
        daemon = self._stage.start("cwtchd", "run", *words, output=self._log)
        self._daemon = daemon

        def answers() -> bool:
            if daemon.poll() is not None:
                raise PlayFailed(f"{self.name}'s daemon ended at its start: {self._last_line()}")
            return (
                self._stage.run("cwtch", "--socket", str(self._socket), "--json", "daemon", "status")[0] == 0
            )

        self._stage.until(f"{self.name}'s daemon answered", answers, _START_SECONDS, every=0.2)
        self._show.result(f"the daemon answers, pid {daemon.pid}")

    def kill_daemon(self) -> None:
        """`kill -9`."""
        assert self._daemon is not None
        self._show.command("you", f"kill -9 {self._daemon.pid}    # {self.name}'s daemon")
        self._stage.kill(self._daemon)

    def tor(self) -> TorStatus:
        """How this person's Tor stands."""
        return self._ask(TorStatus, "tor", "status")

    def reachable(self) -> bool:
        """Whether contacts can find this person."""
        return self._ask(Profile, "profile", "get").published_since is not None

    def _last_line(self) -> str:
        return self._log.read_text("utf-8", "replace").strip().rpartition("\n")[2] or "it said nothing"

    # --- commands ------------------------------------------------------------------------------------------------

    def create_profile(self) -> None:
        """A profile, with a password of which nobody learns."""
        words = ("profile", "create", self.name)
        self._type(*words)
        made = self._ask(Profile, *words, "--password-stdin", given=self._password)
        self.address = made.id
        self._show.result(f"a profile with the address {made.id}")

    def unlock(self) -> None:
        """Opens the profile again."""
        self._type("profile", "unlock")
        opened = self._ask(list[Profile], "profile", "unlock", "--password-stdin", given=self._password)
        self._show.result(f"{len(opened)} profile is open: {', '.join(each.name for each in opened)}")

    def add(self, other: "Person", greeting: str) -> None:
        """Adds the other by address, with a greeting."""
        more = ("--name", other.name, "--message", greeting)
        self._type("contact", "add", f"{other.address[:_SHORT]}…{other.address[-_SHORT:]}", *more)
        made = self._ask(Conversation, "contact", "add", other.address, *more)
        self._show.result(f"conversation {made.id} with {made.name}; the greeting waits for {other.name}")

    def requests(self) -> list[Conversation]:
        """Who waits for an answer."""
        return [each for each in self._ask(list[Conversation], "contact", "list") if each.state == "pending"]

    def accept(self, address: str) -> None:
        """Says yes to a request."""
        self._type("contact", "accept", f"{address[:_SHORT]}…{address[-_SHORT:]}")
        made = self._ask(Conversation, "contact", "accept", address)
        self._show.result(f"conversation {made.id} is {made.state}")

    def send(self, other: "Person", text: str) -> Message:
        """Writes to the other."""
        # Alice gave Bob a petname; Bob has only her address.
        word = other.name if self.name == "alice" else other.address
        shown = word if word == other.name else f"{word[:_SHORT]}…{word[-_SHORT:]}"
        self._type("message", "send", shown, text)
        sent = self._ask(Message, "message", "send", word, "-", given=text)
        self._show.result(f"message {sent.id} is {sent.state}")
        return sent

    def messages(self, other: "Person") -> list[Message]:
        """The whole conversation with the other."""
        return self._ask(MessagePage, "message", "list", other.address, "--limit", "1000").messages

    def host(self, description: str) -> Hosted:
        """Runs a server, for others to use."""
        words = ("hosting", "create", "--description", description, "--unsealed", "--autostart")
        self._type(*words)
        made = self._ask(Hosted, *words)
        self._show.result(
            f"a server is {made.state}; its bundle begins with {(made.bundle or '')[:_BUNDLE_SHOWN]}…"
        )
        return made

    def hosted(self, server: str) -> Hosted:
        """How the server stands that this person runs."""
        return self._ask(Hosted, "hosting", "get", server)

    def use(self, bundle: str) -> Server:
        """Uses a server from now on, as its bundle says."""
        self._type("server", "add", f"{bundle[:_BUNDLE_SHOWN]}…")
        added = self._ask(Server, "server", "add", bundle)
        self._show.result(f"server {added.id} is trusted from now on, with the keys that it has now")
        return added

    def used(self, server: Server) -> Server:
        """How the server stands that this person uses."""
        return self._ask(Server, "server", "get", str(server.id))

    def _type(self, *words: str) -> None:
        self._show.command(self.name, "cwtch " + " ".join(_quoted(word) for word in words))

    def _ask(self, kind: type[T], *words: str, given: str = "") -> T:
        command = ("--socket", str(self._socket), "--json", *words)
        status, output, said = self._stage.run("cwtch", *command, given=given.encode())
        if status:
            raise PlayFailed(f"{self.name}'s `cwtch {words[0]} {words[1]}` failed with {status}: {said}")
        try:
            return convert(json.loads(output), kind)
        except (ValueError, BadAnswer):
            raise PlayFailed(
                f"{self.name}'s `cwtch {words[0]} {words[1]}` printed something else than its result."
            ) from None

    # --- events --------------------------------------------------------------------------------------------------

    def watch(self, tell: Callable[[Event], None]) -> None:
        """`cwtch watch`, from the log's beginning, for the rest of the play."""
        self._tell = tell
        words = ("--socket", str(self._socket), "--json", "watch", "--after", "0", "--profile", self.address)
        self._watch = self._stage.start("cwtch", *words)
        assert self._watch.stdout is not None
        os.set_blocking(self._watch.stdout.fileno(), False)
        self._stage.read_along(self._take)

    def told(self, type_: str, text: str) -> int | None:
        """When an event of this type told of a message with this text, in milliseconds since the epoch."""
        for event in self.events:
            if event.type == type_ and (found := event.message()) is not None and found.text == text:
                return event.at
        return None

    def _take(self) -> None:
        assert self._watch is not None
        assert self._watch.stdout is not None
        try:
            while read := os.read(self._watch.stdout.fileno(), _READ_BYTES):
                self._unread += read
        except BlockingIOError:
            pass
        else:
            raise PlayFailed(f"{self.name}'s `cwtch watch` ended by itself.")
        *lines, self._unread = self._unread.split(b"\n")
        for line in lines:
            try:
                event = msgspec.json.decode(line, type=Event)
            except msgspec.DecodeError:
                raise PlayFailed(
                    f"{self.name}'s `cwtch watch` printed something else than an event."
                ) from None
            self.events.append(event)
            self._tell(event)


def _quoted(word: str) -> str:
    """A word as a person would type it in a shell."""
    if "…" in word and " " not in word:
        return word  # an address that was shortened for the eye
    return f'"{word}"' if "'" in word and not set(word) & set('"$`\\!') else shlex.quote(word)

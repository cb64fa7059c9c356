"""Peers of a conversation: whole daemons but for their threads, their Tor and their clock, which the test moves."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import Clock

from cwtchd.app import contacts, messages
from cwtchd.app.effects import Outcome
from cwtchd.config import KdfCost
from cwtchd.protocol.model import Onion
from cwtchd.rpc.notify import LiveEvents
from cwtchd.runtime.home import Home
from cwtchd.runtime.profile import OpenProfile
from cwtchd.runtime.surroundings import Surroundings
from cwtchd.runtime.work import ProofsOfWork
from cwtchd.store import contacts as contact_rows
from cwtchd.store import events
from cwtchd.store import messages as message_rows
from cwtchd.store.database import UnitOfWork
from cwtchd.store.vault import Vault
from tests.support.inline import InlineThreads
from tests.support.memory_tor import MemoryLink, MemoryNetwork, MemoryTor
from tests.support.reactor import reactor

T = TypeVar("T")

CHEAP = KdfCost(1 << 20, 1)


class MortalClock:
    """A process's own view of the clock: what it planned ends with it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.dead = False

    def seconds(self) -> float:
        return self._clock.seconds()

    def callLater(
        self, delay: float, call: Callable[..., object], *args: object, **kwargs: object
    ) -> IDelayedCall:
        def alive() -> None:
            if not self.dead:
                call(*args, **kwargs)

        return self._clock.callLater(delay, alive)


class World:
    """A network and its clock, which only the test moves."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.network = MemoryNetwork(self.clock)

    def flush(self) -> None:
        """Lets everything happen that is due now."""
        due = True
        while due:
            self.network.flush()
            due = any(call.getTime() <= self.clock.seconds() for call in self.clock.getDelayedCalls())
            self.clock.advance(0)

    def wait(self, seconds: float) -> None:
        """Lets time go by, step by step through everything that was planned."""
        end = self.clock.seconds() + seconds
        while True:
            self.flush()
            if self.clock.seconds() == end:
                return
            due = min((call.getTime() for call in self.clock.getDelayedCalls()), default=end)
            self.clock.rightNow = min(
                due, end
            )  # set, not added up: a sum of floats may never reach what is due

    def links_between(self, one: MemoryTor, other: MemoryTor) -> list[MemoryLink]:
        """The open streams between two people."""
        return [link for link in self.network.links if {link.caller, link.called} == {one, other}]


class Crashed(BaseException):
    """The process of a peer ended here."""


def now_of(deferred: "Deferred[T]") -> T:
    """The result of what has no reason to wait."""
    got: list[T] = []
    deferred.addCallback(got.append)
    assert got, "it did not finish at once"
    return got[0]


class Someone:
    """One peer, over its crashes."""

    def __init__(self, folder: Path, name: str, world: World) -> None:
        self.name = name
        self.world = world
        self._folder = folder / name
        self._folder.mkdir()
        self._chance = random.Random(name)
        self._told = 0
        self.onion = Onion("")
        self.profile: OpenProfile
        self.home: Home
        self.tor: MemoryTor
        self.threads: InlineThreads
        self._boot()
        self.profile = now_of(self.home.create(name, "password"))
        self.onion = self.profile.onion

    def _boot(self) -> None:
        self.clock = MortalClock(self.world.clock)
        self.tor = MemoryTor(self.world.network, self.world.clock)
        self.threads = InlineThreads(self._now, self._chance.randbytes)
        around = Surroundings(
            self.clock,  # type: ignore[arg-type]
            self._now,
            self._chance.randbytes,
            lambda: 0.5,
            self.tor,
            ProofsOfWork(reactor),  # nobody here asks for any
        )
        vault = Vault(self._folder, CHEAP, self._chance.randbytes)
        self.home = Home(vault, self.threads, around, LiveEvents(self._now))
        self.tor.go_online()

    def _now(self) -> int:
        return 1_000_000 + int(self.world.clock.seconds() * 1000)

    # --- what a test does to it ----------------------------------------------------------------------------------

    def crash(self) -> None:
        """kill -9: what is committed is there, and nothing else."""
        self.clock.dead = True
        for ledger in self.threads.ledgers:
            ledger.dead = True
            ledger.database.close()
        self.tor.lose()
        self.world.network.tors.remove(self.tor)

    def crash_after_commit(self) -> None:
        """The next unit that adds to the log is its last: its effects never happen."""
        ledger = self.threads.ledgers[-1]

        def ended(wrote: bool) -> None:
            if wrote:
                ledger.before_telling = lambda _: None
                raise Crashed(self.name)

        ledger.before_telling = ended

    def come_back(self) -> None:
        """Starts the daemon again and unlocks."""
        self._boot()
        (self.profile,) = now_of(self.home.unlock("password"))

    # --- what its user does --------------------------------------------------------------------------------------

    def do(self, decide: Callable[[UnitOfWork], Outcome[T]]) -> T:
        """One decision, with its effects."""
        told: list[Outcome[object] | Exception] = []
        self.profile.run(decide, told.append)
        outcome = told[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome.value  # type: ignore[return-value]

    def add(self, other: "Someone", greeting: str | None) -> None:
        self.do(lambda uow: contacts.add(uow, self.onion, other.onion, other.name, greeting))

    def conversation(self, other: "Someone") -> int:
        row = self.do(lambda uow: Outcome(contact_rows.of(uow, other.onion)))
        assert row is not None, f"{self.name} does not know {other.name}"
        return row.id

    def send(self, other: "Someone", text: str) -> None:
        conversation = self.conversation(other)
        self.do(lambda uow: messages.send(uow, self.onion, conversation, text, None))

    # --- what can be seen ----------------------------------------------------------------------------------------

    def news(self) -> list[str]:
        """What the log tells since it was last asked."""
        lines = []
        for row in self.do(lambda uow: Outcome(events.page(uow, self._told, 1000))):
            self._told = row.seq
            message = row.message
            stored = None if message is None else self.do(lambda uow: Outcome(message_rows.get(uow, message)))  # noqa: B023
            lines.append(f"{self.name}: {row.type.value}{'' if stored is None else f' {stored.text!r}'}")
        return lines

    def transcript(self, other: "Someone") -> list[str]:
        """The conversation as it stands, oldest first."""
        conversation = self.conversation(other)
        rows = self.do(lambda uow: messages_page(uow, conversation))
        return [f"{'>' if row.outgoing else '<'} {row.text!r} {row.state.value}" for row in reversed(rows)]

    def links(self, other: "Someone") -> int:
        """How many admitted connections there are with somebody."""
        return len(list(self.profile.admitted_links(self.conversation(other))))


def messages_page(uow: UnitOfWork, conversation: int) -> Outcome[list[message_rows.MessageRow]]:
    return Outcome(list(message_rows.page(uow, conversation, None, 1000)))

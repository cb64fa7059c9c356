"""What cwtchd costs over the floor that Tor sets: two daemons and two tors on a private network, floor and subject in turns."""

import os
import secrets
import shutil
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.floor import BareOnions, dial, round_trip
from bench.table import Part, Row, fsync_ms, say, shown
from cwtchd.protocol.wire.constants import PACKET_SIZE
from cwtchd.tor import network
from tests.support.node import Caller, Node, befriend
from tests.support.tor_process import TorProcess

ROUNDS = 200
DIALS = 15
ABOUT = """\
Two daemons and two tors on a private Tor network on loopback. *Send to acknowledged* is from the call of `message.send` to the event
`message.delivered` at the sender: three commits (the message queued, stored at the other side, marked delivered) and one packet each
way. Its floor is an onion that sends 8 KiB back once it has them, as whoever opens a sealed packet must; one that sends each byte
back as it comes is shown beside it: no Cwtch peer could, since the last byte of a packet is needed to read its first. *Dial to
authenticated* is from the first call of a contact that was never called before until both proofs are checked; its floor is a first
SOCKS connect to an onion that was never called before, on a circuit of its own."""


@dataclass(frozen=True)
class Pair:
    """What was measured in turns, in milliseconds, and the goals that the ratios are held against."""

    name: str
    floor_name: str
    subject: Sequence[float]
    floor: Sequence[float]
    goals: Mapping[str, float | None]
    """by quantile; None where a floor is shown for comparison only"""

    def rows(self) -> list[Row]:
        """A table row a goal: the quotient of the quantiles, since neighbours in time are no pairs here."""
        return [self._row(at, goal) for at, goal in self.goals.items()]

    def _row(self, at: str, goal: float | None) -> Row:
        ours, floor = (quantile(values, at) for values in (self.subject, self.floor))
        least, most = min(self.subject), max(self.subject)
        return Row(
            f"{self.name}, {at}",
            shown(ours, "ms"),
            f"{self.floor_name}: {shown(floor, 'ms')}",
            f"{ours / floor:.2f}",
            f"{least:.0f} to {most:.0f} ms in {len(self.subject)} runs",
            "" if goal is None else f"≤ {goal:g}",
            None if goal is None else ours / floor <= goal,
        )


def quantile(values: Sequence[float], at: str) -> float:
    """The median, or the 95th percentile."""
    return statistics.median(values) if at == "median" else statistics.quantiles(values, n=20)[-1]


def measure() -> Part:
    """Brings a network up, measures, takes it down."""
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    tors: list[TorProcess] = []
    people: list[Node] = []
    try:
        say("Starting a private Tor network …")
        network.start(folder / "net", 5, say=lambda _: None, owner=os.getpid())
        for name in ("alice", "bob"):
            tors.append(TorProcess(folder / "net"))
            tors[-1].start()
            people.append(Node(folder, name, f"unix:{tors[-1].control}"))
            people[-1].start()
            people[-1].create()
        alice, bob = people
        chat, _ = befriend(alice, bob)
        onions = BareOnions(tors[1])
        say(f"Sending {ROUNDS} messages and {ROUNDS} echoes in turns …")
        pairs = _send_to_acknowledged(alice, chat, tors[0].socks, onions)
        say(f"Dialling {DIALS} contacts and {DIALS} bare onions in turns …")
        pairs.append(_dial_to_authenticated(alice, bob, onions, tors[0].socks))
        onions.close()
        note = f"fsync of this disk alone: {fsync_ms(folder):.2f} ms at the median."
        return Part("Over Tor", ABOUT, [row for pair in pairs for row in pair.rows()], [note])
    finally:
        for person in people:
            person.end()
        for tor in tors:
            tor.end()
        if (folder / "net").exists():
            network.stop(folder / "net", lambda _: None)
        shutil.rmtree(folder, ignore_errors=True)


def _send_to_acknowledged(alice: Node, chat: int, socks: Path, onions: BareOnions) -> list[Pair]:
    """A text from `message.send` to its `message.delivered`, and 8 KiB there and back between the same two tors.

    Twice: by an echo of packets, which like any peer must have all of a packet before it can answer, and by one of bytes, which
    sends the first back while the last are still coming. The goals are held against the first.
    """
    watcher = alice.caller()
    watcher("event.subscribe", profile=alice.id, types=["message.delivered"])
    packets, stream = dial(socks, onions.publish(PACKET_SIZE)), dial(socks, onions.publish())
    subject, of_packets, of_bytes = [], [], []
    for number in range(ROUNDS):
        of_packets.append(round_trip(packets, PACKET_SIZE) * 1000)
        of_bytes.append(round_trip(stream, PACKET_SIZE) * 1000)
        began = time.perf_counter()
        message = alice.send(chat, f"round {number}")["id"]
        while watcher.read()["params"]["data"]["id"] != message:
            pass
        subject.append((time.perf_counter() - began) * 1000)
    packets.close()
    stream.close()
    watcher.close()
    name, goals = "send to acknowledged", {"median": 1.5, "p95": 2.0}
    return [
        Pair(name, "bare onion, 8 KiB packet echo", subject, of_packets, goals),
        Pair(name, "bare onion, 8 KiB byte echo", subject, of_bytes, dict.fromkeys(goals)),
    ]


def _dial_to_authenticated(alice: Node, bob: Node, onions: BareOnions, socks: Path) -> Pair:
    """The first call to a contact until it is authenticated, and a first bare connect to another onion of the same tor."""
    watcher = alice.caller()
    watcher("event.subscribe", profile=alice.id, types=["connection.changed"])
    subject, floor = [], []
    for number in range(DIALS):
        there = onions.publish()
        began = time.perf_counter()
        stream = dial(socks, there)
        floor.append((time.perf_counter() - began) * 1000)
        stream.close()
        there = _published(bob, f"bob {number}")
        conversation = alice("contact.add", address=there)["id"]
        began = _reached(watcher, conversation, "connecting")
        subject.append((_reached(watcher, conversation, "authenticated") - began) * 1000)
    watcher.close()
    return Pair("dial to authenticated", "bare isolated connect", subject, floor, {"median": 2})


def _published(bob: Node, name: str) -> str:
    """A further profile of bob's, once its onion is published."""
    profile = str(bob.call("profile.create", name=name, password=secrets.token_hex(4))["id"])
    while bob.call("profile.get", profile=profile)["published_since"] is None:
        time.sleep(0.05)
    return profile


def _reached(watcher: Caller, conversation: int, state: str) -> float:
    """When a contact's connection was told to be so."""
    while True:
        data = watcher.read()["params"]["data"]
        if data["conversation"] == conversation and data["connection"]["state"] == state:
            return time.perf_counter()

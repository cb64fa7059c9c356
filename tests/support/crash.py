"""The crash story: bob is ended with kill -9 at random moments of an exchange in both directions, and nothing is lost or doubled.

Told once; tests/network runs it over a folder for a Tor, tests/real_tor over real onion services.
"""

import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from tests.support.node import Node, befriend, until

SECONDS = 180
"""The whole story is told in three minutes, whatever the network."""


@dataclass(frozen=True)
class Crashes:
    """How often, at which moments (seconds), and what else is done to bob each time.

    Every third kill comes in the middle of an exchange: just after bob has the first message of a round. Every fifth time bob is
    killed once more while he starts.
    """

    kills: int
    longest_wait: float
    after_kill: Callable[[int], None] = lambda _: None


@dataclass
class Story:
    """What was said, and what became of it at each kill."""

    to_bob: list[str] = field(default_factory=lambda: ["hello, may I?"])
    to_alice: list[str] = field(default_factory=list)
    cut_in_the_middle: int = 0


def crash_story(alice: Node, bob: Node, messages: int, crashes: Crashes, seed: int) -> None:
    """Plays it, then looks at both sides: every message once, in order, delivered, and told once by the log."""
    print(f"crash seed: {seed}")
    chance, story, began = random.Random(seed), Story(), time.monotonic()
    chat, request = befriend(alice, bob)
    until("the greeting is there", lambda: bob.texts(request, outgoing=False))
    kills = 0
    while kills < crashes.kills:
        rounds = range(kills * messages // crashes.kills, (kills + 1) * messages // crashes.kills)
        middle = rounds[len(rounds) // 2]
        known = len(bob.texts(request, outgoing=False))
        for number in rounds:
            story.to_alice.append(f"to alice {number}")
            bob.send(request, story.to_alice[-1])
            if number < middle:
                _alice_says(alice, chat, story, number)
        if kills % 3 == 0:
            until("a message of this round", partial(_has_more_than, bob, request, known))
            _let_pass(chance.uniform(0, 0.05))
        else:
            _let_pass(chance.uniform(0, crashes.longest_wait))
        assert bob.kill() == -signal.SIGKILL
        kills += 1
        said = {each["text"] for each in alice.messages(chat) if each["state"] == "delivered"}
        for number in range(middle, rounds.stop):
            _alice_says(alice, chat, story, number)  # while bob is dead
        crashes.after_kill(kills)
        if kills % 5 == 0 and kills < crashes.kills:
            bob.spawn()
            _let_pass(chance.uniform(0, 1))
            bob.kill()
            kills += 1
        bob.restart()
        stored = bob.texts(request, outgoing=False)
        assert said <= set(stored), "alice calls something delivered that bob has not stored"
        story.cut_in_the_middle += len(stored) < len(story.to_bob)
    everything_arrived(alice, chat, story.to_alice, story.to_bob)
    everything_arrived(bob, request, story.to_bob, story.to_alice)
    assert story.cut_in_the_middle, "no kill came in the middle of an exchange"
    assert time.monotonic() - began < SECONDS


def _has_more_than(node: Node, conversation: int, known: int) -> bool:
    return len(node.texts(conversation, outgoing=False)) > known


def _alice_says(alice: Node, chat: int, story: Story, number: int) -> None:
    story.to_bob.append(f"to bob {number}")
    alice.send(chat, story.to_bob[-1])


def _let_pass(seconds: float) -> None:
    """The moment is the test's subject: there is nothing else to wait for."""
    moment = time.monotonic() + seconds
    until("the moment", lambda: time.monotonic() >= moment)


def everything_arrived(node: Node, conversation: int, incoming: list[str], outgoing: list[str]) -> None:
    """One side of it: each message once, in order; the log tells each once, without a hole."""
    until(
        f"{node.name} has {len(incoming)} messages",
        lambda: len(node.texts(conversation, outgoing=False)) >= len(incoming),
        120,
    )
    until(
        f"all of {node.name}'s are delivered",
        lambda: all(each["state"] == "delivered" for each in node.messages(conversation) if each["outgoing"]),
        120,
    )
    assert node.texts(conversation, outgoing=False) == incoming
    assert node.texts(conversation, outgoing=True) == outgoing
    ids = {
        direction: [each["id"] for each in node.messages(conversation) if each["outgoing"] is direction]
        for direction in (True, False)
    }
    log = node.events()
    assert [event["seq"] for event in log] == list(range(1, len(log) + 1))
    told = {
        type_: [event["data"]["id"] for event in log if event["type"] == type_]
        for type_ in ("message.received", "message.queued", "message.delivered")
    }
    assert told["message.received"] == ids[False]
    assert told["message.queued"] == ids[True]
    assert sorted(told["message.delivered"]) == ids[True]

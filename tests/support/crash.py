"""The crash story: bob is ended with kill -9 at random moments of an exchange in both directions, and nothing is lost or doubled.

Told once; tests/network runs it over a folder for a Tor, tests/real_tor over real onion services.
"""

import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.support.node import Node, befriend, until


@dataclass(frozen=True)
class Crashes:
    """How often, at which moments (seconds after bob's API answers), and what else is done to bob each time."""

    kills: int
    longest_wait: float
    after_kill: Callable[[int], None] = lambda _: None


def crash_story(alice: Node, bob: Node, messages: int, crashes: Crashes, seed: int) -> None:
    """Plays it, then looks at both sides: every message once, in order, delivered, and told once by the log."""
    chance = random.Random(seed)
    print(f"crash seed: {seed}")
    chat, request = befriend(alice, bob)
    until("the greeting is there", lambda: bob.texts(request, outgoing=False))
    to_bob, to_alice = ["hello, may I?"], []
    acknowledged: set[str] = set()
    for kill in range(crashes.kills):
        for number in range(kill * messages // crashes.kills, (kill + 1) * messages // crashes.kills):
            to_bob.append(f"to bob {number}")
            alice.send(chat, to_bob[-1])
            to_alice.append(f"to alice {number}")
            bob.send(request, to_alice[-1])
        moment = time.monotonic() + chance.uniform(0, crashes.longest_wait)
        until("the moment", lambda moment=moment: time.monotonic() >= moment)  # type: ignore[misc]
        assert bob.kill() == -signal.SIGKILL
        said = {each["text"] for each in alice.messages(chat) if each["state"] == "delivered"}
        crashes.after_kill(kill)
        bob.restart()
        stored = set(bob.texts(request, outgoing=False))
        assert said <= stored, "alice calls something delivered that bob has not stored"
        acknowledged |= said
    everything_arrived(alice, chat, to_alice, to_bob)
    everything_arrived(bob, request, to_bob, to_alice)
    assert acknowledged <= set(to_bob)


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

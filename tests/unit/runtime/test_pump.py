"""The pump where a story would be too long: windows, both ways at once, a failed message tried again."""

from pathlib import Path

import pytest

from cwtchd.app import contacts, messages
from tests.support.peers import Someone, World


class Two:
    """alice and bob, contacts of each other."""

    def __init__(self, folder: Path) -> None:
        self.world = World()
        self.alice = Someone(folder, "alice", self.world)
        self.bob = Someone(folder, "bob", self.world)
        self.alice.add(self.bob, None)
        self.world.flush()
        self.bob.do(lambda uow: contacts.accept(uow, 1))
        self.world.flush()

    def undelivered(self) -> list[str]:
        return [
            line
            for one, other in ((self.alice, self.bob), (self.bob, self.alice))
            for line in one.transcript(other)
            if line.startswith(">") and not line.endswith("delivered")
        ]


@pytest.fixture
def two(tmp_path: Path) -> Two:
    return Two(tmp_path)


def texts(who: Someone, other: Someone, direction: str) -> list[str]:
    return [line for line in who.transcript(other) if line.startswith(direction)]


def test_two_that_both_have_a_lot_to_say_never_stop_reading_each_other(two: Two) -> None:
    two.bob.tor.go_offline()
    for number in range(200):
        two.alice.send(two.bob, f"{number} {'a' * 5000}")
        two.bob.send(two.alice, f"{number} {'b' * 5000}")
    two.bob.tor.go_online()
    two.world.wait(30)
    assert two.undelivered() == []
    for one, other in ((two.alice, two.bob), (two.bob, two.alice)):
        heard = [line.split()[1] for line in texts(one, other, "<")]
        assert heard == [f"'{number}" for number in range(200)]


def test_no_more_than_a_window_is_in_flight(two: Two) -> None:
    for link in two.world.links_between(two.alice.tor, two.bob.tor):
        link.half_open()
    for number in range(100):
        two.alice.send(two.bob, str(number))
    two.world.flush()
    sent = [line for line in texts(two.alice, two.bob, ">") if line.endswith("sent")]
    assert len(sent) == 32
    two.world.wait(62)
    assert two.undelivered() == []


def test_a_failed_message_that_is_tried_again_goes_over_the_link_that_is_there(two: Two) -> None:
    two.bob.tor.go_offline()
    two.alice.send(two.bob, "first")
    two.alice.do(lambda uow: messages.failed(uow, 1, messages.TOO_LARGE_FOR_PEER))
    two.bob.tor.go_online()
    two.world.wait(5)
    two.alice.send(two.bob, "second")
    two.world.flush()
    two.alice.do(lambda uow: messages.retry(uow, 1))
    two.world.flush()
    assert two.undelivered() == []
    assert [line.split()[1] for line in texts(two.bob, two.alice, "<")] == ["'second'", "'first'"]


def test_tor_that_comes_back_is_a_reason_to_dial_at_once(two: Two) -> None:
    two.bob.tor.go_offline()
    two.world.wait(2_000)
    two.alice.send(two.bob, "hello")
    dials = len(two.world.network.dialled)
    two.alice.tor.lose()
    two.bob.tor.go_online()
    two.world.wait(1)
    two.alice.tor.go_online()
    two.world.flush()
    assert len(two.world.network.dialled) > dials
    assert two.undelivered() == []


def test_a_contact_that_is_parted_with_is_not_dialled(two: Two) -> None:
    two.alice.do(lambda uow: contacts.block(uow, 1))
    two.world.wait(10)
    dials = [isolation for _, isolation in two.world.network.dialled if isolation.startswith(two.alice.onion)]
    two.world.wait(1_000)
    assert dials == [
        isolation for _, isolation in two.world.network.dialled if isolation.startswith(two.alice.onion)
    ]

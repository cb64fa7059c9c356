"""What a peer may cause: consent and its bounds, copies and collisions, each by the decision alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cwtchd.app import consent, contacts, messages, peer
from cwtchd.app.effects import Acknowledge, Admit, Hangup, Link, PartWith, Reach
from cwtchd.protocol.events import MessageReceived
from cwtchd.protocol.model import Onion
from cwtchd.store import contacts as contact_rows
from cwtchd.store import outbox
from cwtchd.store.messages import MessageState
from tests.support.unit_of_work import OWN, Desk, stranger

ALICE = stranger(7).onion
GREETING = b'{"o":1,"d":"may I?"}'
TURNED_AWAY = (Hangup(Link(1)),)
ACKNOWLEDGED = (Acknowledge(Link(1), "1"),)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.database.close()


def accepted(desk: Desk, who: Onion = ALICE) -> int:
    return desk.run(lambda uow: contacts.add(uow, OWN.onion, who, "", None)).value.id


def texts(desk: Desk, conversation: int) -> list[str | None]:
    rows = desk.run(lambda uow: messages.page(uow, conversation, None, 1000))[1]
    return [row.text for row in reversed(rows)]


def test_a_stranger_becomes_a_request_when_it_authenticates_and_its_greeting_follows(desk: Desk) -> None:
    assert desk.call_in(ALICE).effects == (Admit(Link(1), 1, stranger=True),)
    assert desk.contact(ALICE).pending
    assert desk.receive(ALICE, GREETING) == ACKNOWLEDGED
    assert texts(desk, 1) == ["may I?"]
    assert desk.told() == ["contact.requested", "message.received"]
    assert desk.call_in(ALICE).effects == (Admit(Link(1), 1, stranger=True),), "the same request, not another"


def test_accept_makes_a_stranger_wanted_and_only_accept_does(desk: Desk) -> None:
    desk.call_in(ALICE)
    desk.receive(ALICE, GREETING)
    outcome = desk.run(lambda uow: contacts.accept(uow, 1))
    assert outcome.effects == (Reach(1, ALICE, now=True),)
    assert desk.call_in(ALICE).effects == (Admit(Link(1), 1, stranger=False), Reach(1, ALICE))
    assert desk.run(lambda uow: contacts.accept(uow, 1)).value.accepted
    assert desk.told().count("contact.accepted") == 1


def test_a_copy_is_acknowledged_and_not_stored_again(desk: Desk) -> None:
    accepted(desk)
    assert desk.receive(ALICE, GREETING) == ACKNOWLEDGED
    assert desk.receive(ALICE, GREETING) == ACKNOWLEDGED
    assert texts(desk, 1) == ["may I?"]
    assert desk.told().count("message.received") == 1


def test_the_same_id_with_other_bytes_is_a_new_message(desk: Desk) -> None:
    accepted(desk)
    desk.receive(ALICE, GREETING)
    assert desk.receive(ALICE, b'{"o":1,"d":"a collision"}') == ACKNOWLEDGED
    assert desk.receive(ALICE, GREETING, context="another.context") == ACKNOWLEDGED
    assert texts(desk, 1) == ["may I?", "a collision", "may I?"]


def test_an_unreadable_or_unknown_wrapper_is_kept_raw(desk: Desk) -> None:
    accepted(desk)
    for number, body in enumerate([b"\xff\xfe", b'{"o":100,"d":"x"}', b'{"o":1}', b"[" * 5000, b""]):
        assert desk.receive(ALICE, body, str(number)) == (Acknowledge(Link(1), str(number)),)
    rows = desk.run(lambda uow: messages.page(uow, 1, None, 10))[1]
    assert [row.body for row in reversed(rows)] == [
        b"\xff\xfe",
        b'{"o":100,"d":"x"}',
        b'{"o":1}',
        b"[" * 5000,
        b"",
    ]
    assert {row.text for row in rows} == {None}


def test_the_twenty_first_message_of_a_stranger_is_kept_out_for_the_day_of_the_accept(desk: Desk) -> None:
    desk.call_in(ALICE)
    for number in range(consent.STRANGER_MESSAGES):
        assert desk.receive(ALICE, GREETING, str(number)) != TURNED_AWAY
    outcome = desk.run(
        lambda uow: peer.message_received(
            uow, Link(1), ALICE, MessageReceived("20", "im.cwtch.raw", GREETING)
        )
    )
    assert outcome.effects == TURNED_AWAY
    assert outcome.last, "what is queued behind it must not overtake"
    assert len(texts(desk, 1)) == consent.STRANGER_MESSAGES
    assert desk.call_in(ALICE).effects == TURNED_AWAY, (
        "closed right after authentication while the bound holds"
    )
    assert desk.receive(ALICE, GREETING, "0") == (Acknowledge(Link(1), "0"),), "a copy needs no room"
    desk.run(lambda uow: contacts.accept(uow, 1))
    assert desk.call_in(ALICE).effects[0] == Admit(Link(1), 1, stranger=False)
    assert desk.receive(ALICE, GREETING, "20") == (Acknowledge(Link(1), "20"),)


def test_a_stranger_leaves_no_more_than_64_kib(desk: Desk) -> None:
    desk.call_in(ALICE)
    size = 8_000
    for number in range(consent.STRANGER_BYTES // size):
        assert desk.receive(ALICE, bytes([65 + number]) * size, str(number)) != TURNED_AWAY
    assert desk.receive(ALICE, b"z" * size, "z") == TURNED_AWAY
    assert desk.call_in(ALICE).effects == TURNED_AWAY


def test_what_a_bound_keeps_out_is_not_overtaken_by_something_smaller(desk: Desk) -> None:
    desk.call_in(ALICE)
    for number in range(8):
        assert desk.receive(ALICE, bytes([65 + number]) * 8_000, str(number)) != TURNED_AWAY
    assert desk.receive(ALICE, b"x" * 2_000, "big") == TURNED_AWAY
    assert desk.receive(ALICE, b"y", "small, on a second connection") == TURNED_AWAY
    desk.run(lambda uow: contacts.accept(uow, 1))
    assert desk.receive(ALICE, b"x" * 2_000, "big") == (Acknowledge(Link(1), "big"),)


def test_all_strangers_of_a_profile_leave_no_more_than_4_mib(desk: Desk) -> None:
    count = 0
    for number in range(1, 100):
        who = stranger(1000 + number).onion
        desk.call_in(who)
        for message in range(8):
            if desk.receive(who, bytes([message]) * 8_000, str(message)) == TURNED_AWAY:
                assert desk.call_in(who).effects == TURNED_AWAY
                desk.run(lambda uow: contacts.reject(uow, 1))
                assert desk.call_in(who).effects != TURNED_AWAY, "there is room again"
                assert (count + 1) * 8_000 > consent.PROFILE_GREETING_BYTES
                return
            count += 1
    pytest.fail("the profile's bound was never met")


def test_the_hundred_and_first_request_takes_the_place_of_the_oldest_without_a_message(desk: Desk) -> None:
    people = [stranger(1000 + number).onion for number in range(consent.PENDING_CONTACTS + 2)]
    for who in people[: consent.PENDING_CONTACTS]:
        desk.call_in(who)
    desk.receive(people[0], GREETING)
    assert desk.call_in(people[-2]).effects != TURNED_AWAY
    assert desk.run(lambda uow: contact_rows.of(uow, people[1])) is None, "the oldest silent one went"
    assert desk.contact(people[0]).pending, "one that wrote stays"
    assert desk.run(contact_rows.count_pending) == consent.PENDING_CONTACTS
    for who in [*people[2 : consent.PENDING_CONTACTS], people[-2]]:
        desk.receive(who, GREETING)
    assert desk.call_in(people[-1]).effects == TURNED_AWAY, "all have written: the new one is turned away"


def test_a_rejected_request_is_gone_and_may_come_again_after_a_day(desk: Desk) -> None:
    desk.call_in(ALICE)
    desk.receive(ALICE, GREETING)
    assert desk.run(lambda uow: contacts.reject(uow, 1)).effects == (PartWith(1, ALICE),)
    assert desk.call_in(ALICE).effects == TURNED_AWAY
    assert desk.receive(ALICE, GREETING) == TURNED_AWAY
    desk.now += consent.REJECTION_MS - 1
    assert desk.call_in(ALICE).effects == TURNED_AWAY
    desk.now += 1
    assert desk.call_in(ALICE).effects == (Admit(Link(1), 2, stranger=True),), "a new request, with a new id"


def test_a_blocked_contact_is_closed_right_after_authentication(desk: Desk) -> None:
    conversation = accepted(desk)
    assert desk.run(lambda uow: contacts.block(uow, conversation)).effects == (PartWith(1, ALICE),)
    assert desk.call_in(ALICE).effects == TURNED_AWAY
    assert desk.receive(ALICE, GREETING) == TURNED_AWAY
    assert desk.run(lambda uow: contacts.unblock(uow, conversation)).value.accepted
    assert desk.call_in(ALICE).effects[0] == Admit(Link(1), 1, stranger=False)


def test_an_acknowledgement_marks_its_message_once_and_only_from_its_contact(desk: Desk) -> None:
    conversation, other = accepted(desk), accepted(desk, stranger(8).onion)
    row = desk.run(lambda uow: messages.send(uow, OWN.onion, conversation, "hi", None)).value
    desk.run(lambda uow: peer.acknowledged(uow, stranger(8).onion, row.wire_id))
    desk.run(lambda uow: peer.acknowledged(uow, stranger(9).onion, row.wire_id))
    desk.run(lambda uow: peer.acknowledged(uow, ALICE, "not one of ours"))
    assert desk.run(lambda uow: messages.get(uow, row.id)).state is MessageState.QUEUED
    for _ in range(2):
        desk.run(lambda uow: peer.acknowledged(uow, ALICE, row.wire_id))
    assert desk.run(lambda uow: messages.get(uow, row.id)).state is MessageState.DELIVERED
    assert desk.told().count("message.delivered") == 1
    assert desk.run(lambda uow: outbox.count(uow, conversation)) == 0
    assert other != conversation

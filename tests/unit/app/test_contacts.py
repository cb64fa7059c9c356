"""Contacts: whom one can add, and what a yes and a no mean."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cwtchd.app import contacts, messages
from cwtchd.app.errors import AlreadyExists, InvalidAddress, MessageTooLarge, NotFound
from cwtchd.store.contacts import ConversationRow
from tests.support.unit_of_work import OWN, Desk, stranger

ALICE = stranger(7).onion


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.database.close()


def add(desk: Desk, address: str, name: str = "", message: str | None = None) -> ConversationRow:
    return desk.run(lambda uow: contacts.add(uow, OWN.onion, address, name, message)).value


@pytest.mark.parametrize(
    "address",
    [
        "a" * 56,
        ALICE[:-1],
        ALICE + "a",
        ALICE.upper(),
        ALICE[:-2] + "aa",
        "example.onion",
        "",
        OWN.onion,
        "\u017f" * 56,
        ALICE[:55] + "\u0130",
    ],
)
def test_what_is_not_somebody_elses_address_is_refused(desk: Desk, address: str) -> None:
    with pytest.raises(InvalidAddress):
        add(desk, address)


def test_a_link_is_an_address_with_its_prefix(desk: Desk) -> None:
    assert add(desk, f"cwtch:{ALICE}").address == ALICE


def test_a_contact_is_added_once(desk: Desk) -> None:
    first = add(desk, ALICE, "alice")
    with pytest.raises(AlreadyExists) as refused:
        add(desk, ALICE)
    assert refused.value.details == {"conversation": first.id}


def test_adding_somebody_who_asked_is_a_yes(desk: Desk) -> None:
    desk.call_in(ALICE)
    row = add(desk, ALICE, "alice", "welcome")
    assert (row.id, row.accepted, row.name) == (1, True, "alice")
    assert desk.told() == ["contact.requested", "contact.accepted", "message.queued"]


def test_a_greeting_that_is_too_long_adds_nobody(desk: Desk) -> None:
    with pytest.raises(MessageTooLarge):
        add(desk, ALICE, message="x" * 9000)
    assert desk.run(contacts.listed) == []
    assert desk.told() == []


def test_adding_somebody_who_was_rejected_lets_them_call(desk: Desk) -> None:
    desk.call_in(ALICE)
    desk.run(lambda uow: contacts.reject(uow, 1))
    add(desk, ALICE)
    assert desk.contact(ALICE).accepted


def test_an_accepted_contact_is_not_rejected(desk: Desk) -> None:
    row = add(desk, ALICE)
    with pytest.raises(AlreadyExists):
        desk.run(lambda uow: contacts.reject(uow, row.id))


def test_blocking_a_request_and_unblocking_it_leaves_it_a_request(desk: Desk) -> None:
    desk.call_in(ALICE)
    desk.run(lambda uow: contacts.block(uow, 1))
    assert not desk.contact(ALICE).pending
    outcome = desk.run(lambda uow: contacts.unblock(uow, 1))
    assert outcome.effects == ()
    assert desk.contact(ALICE).pending


def test_mark_read_tells_once_of_each_message(desk: Desk) -> None:
    add(desk, ALICE)
    for number in range(3):
        desk.receive(ALICE, b'{"o":1,"d":"x"}', str(number))
    assert desk.contact(ALICE).unread == 3
    for _ in range(2):
        desk.run(lambda uow: contacts.mark_read(uow, 1))
    assert desk.contact(ALICE).unread == 0
    assert desk.told().count("message.read") == 3
    assert {row.state.value for row in desk.run(lambda uow: messages.page(uow, 1, None, 10))[1]} == {"read"}


def test_a_contact_is_called_something_else_and_clients_are_told_once(desk: Desk) -> None:
    who = stranger(1).onion
    chat = desk.run(lambda uow: contacts.add(uow, OWN.onion, who, "bob", None)).value.id
    before = len(desk.told())
    for _ in range(2):
        assert desk.run(lambda uow: contacts.rename(uow, chat, "robert")).value.name == "robert"
    assert desk.told()[before:] == ["contact.changed"]
    with pytest.raises(NotFound):
        desk.run(lambda uow: contacts.rename(uow, 99, "nobody"))

"""Sending: what is queued, what is refused and changes nothing, and ids that name one message each."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from cwtchd.app import contacts, messages
from cwtchd.app.errors import AlreadyExists, Blocked, LimitExceeded, MessageTooLarge, NotAccepted, NotFound
from cwtchd.store import outbox
from cwtchd.store.database import UnitOfWork
from cwtchd.store.messages import MessageState
from tests.support.unit_of_work import OWN, Desk, stranger

ALICE = stranger(7).onion


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    made.run(lambda uow: contacts.add(uow, OWN.onion, ALICE, "", None))
    yield made
    made.database.close()


def send(desk: Desk, text: str, conversation: int = 1, reply_to: int | None = None) -> int:
    return desk.run(lambda uow: messages.send(uow, OWN.onion, conversation, text, reply_to)).value.id


def stored(desk: Desk) -> int:
    return len(desk.run(lambda uow: messages.page(uow, 1, None, 1000))[1])


def test_the_limit_is_that_of_version_2_on_the_encoded_wrapper(desk: Desk) -> None:
    frame = len('{"o":1,"d":""}')
    send(desk, "x" * (messages.BODY_LIMIT - frame))
    for text in ("x" * (messages.BODY_LIMIT - frame + 1), "ä" * 5000, "<" * 1500):
        with pytest.raises(MessageTooLarge) as refused:
            send(desk, text)
        assert refused.value.details["limit"] == messages.BODY_LIMIT == 8126
        assert int(refused.value.details["size"]) > messages.BODY_LIMIT
    assert stored(desk) == 1


def test_what_is_told_of_a_queued_message_is_what_is_stored(desk: Desk) -> None:
    first = send(desk, "one")
    for reply_to, client_id in ((None, None), (first, "mine")):
        queue = partial(messages.send, own=OWN.onion, conversation=1, text="two")
        told = desk.run(partial(queue, reply_to=reply_to, client_id=client_id)).value
        assert told == desk.run(partial(messages.get, message=told.id))


def test_what_can_not_be_written_to_is_refused(desk: Desk) -> None:
    with pytest.raises(NotFound):
        send(desk, "x", conversation=99)
    with pytest.raises(NotFound):
        send(desk, "x", reply_to=99)
    desk.run(lambda uow: contacts.block(uow, 1))
    with pytest.raises(Blocked):
        send(desk, "x")
    desk.run(lambda uow: contacts.unblock(uow, 1))
    desk.call_in(stranger(8).onion)
    with pytest.raises(NotAccepted):
        send(desk, "x", conversation=desk.contact(stranger(8).onion).id)
    assert stored(desk) == 0


def test_our_ids_are_drawn_until_unused_for_that_contact(desk: Desk) -> None:
    drawn = [b"\1\0\0\0", b"\1\0\0\0", b"\1\0\0\0", b"\2\0\0\0"]

    def send_with_drawn(uow: UnitOfWork) -> str:
        uow.randomness = lambda size: drawn.pop(0)
        return messages.send(uow, OWN.onion, 1, "x", None).value.wire_id

    assert [desk.run(send_with_drawn), desk.run(send_with_drawn)] == ["1", "2"]


def test_ten_thousand_may_wait_and_the_next_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "OUTBOX_LIMIT", 3)
    for _ in range(3):
        send(desk, "x")
    with pytest.raises(LimitExceeded) as refused:
        send(desk, "x")
    assert refused.value.details == {"limit": 3, "size": 4}


def test_a_reply_quotes_by_hash_and_is_found_on_the_way_back(desk: Desk) -> None:
    first = send(desk, "hey there!")
    answer = send(desk, "an answer", reply_to=first)
    row = desk.run(lambda uow: messages.get(uow, answer))
    assert (row.overlay, row.text, row.reply_to) == (10, "an answer", first)
    desk.receive(
        ALICE,
        b'{"o":10,"d":"{\\"quotedHash\\":\\"'
        + desk.run(lambda uow: messages.get(uow, first)).content_hash.encode()
        + b'\\",\\"body\\":\\"theirs\\"}"}',
    )
    newest = desk.run(lambda uow: messages.page(uow, 1, None, 1))[1][0]
    assert (newest.text, newest.reply_to) == ("theirs", first)


def test_a_message_that_its_client_named_is_stored_once(desk: Desk) -> None:
    def send_named(text: str, name: str) -> int:
        return desk.run(lambda uow: messages.send(uow, OWN.onion, 1, text, client_id=name)).value.id

    first = send_named("once", "k1")
    assert send_named("once", "k1") == first
    assert send_named("once", "k2") != first
    with pytest.raises(AlreadyExists) as refused:
        send_named("another text", "k1")
    assert refused.value.details == {"message": first}
    with pytest.raises(AlreadyExists):
        desk.run(lambda uow: messages.send(uow, OWN.onion, 1, "once", reply_to=first, client_id="k1"))
    desk.run(lambda uow: contacts.block(uow, 1))
    assert send_named("once", "k1") == first, "it is stored, whatever has happened since"
    desk.run(lambda uow: contacts.unblock(uow, 1))
    assert stored(desk) == 2


def test_a_failed_message_is_queued_again_by_retry_and_a_waiting_one_dials(desk: Desk) -> None:
    message = send(desk, "x")
    desk.run(lambda uow: messages.failed(uow, message, messages.TOO_LARGE_FOR_PEER))
    row = desk.run(lambda uow: messages.get(uow, message))
    assert (row.state, row.error) == (MessageState.FAILED, "message_too_large")
    outcome = desk.run(lambda uow: messages.retry(uow, message))
    assert outcome.value.state is MessageState.QUEUED
    assert outcome.value.error is None
    assert outcome.effects[0].now  # type: ignore[union-attr]
    assert desk.run(lambda uow: outbox.count(uow, 1)) == 1
    desk.run(lambda uow: messages.retry(uow, message))
    assert desk.run(lambda uow: outbox.count(uow, 1)) == 1
    assert desk.told() == ["contact.changed", "message.queued", "message.failed", "message.queued"]

"""The State after what happened."""

from typing import Any

import msgspec

from cwtch_client import Connection, Conversation, Event, Message, MessagePage, Profile, TorStatus
from cwtch_tui import happenings as h
from cwtch_tui.reduce import reduce
from cwtch_tui.state import Daemon, State, in_order

ALICE = Profile(id="alice", name="Alice")
WORK = Profile(id="work", name="Work")
TOR = TorStatus(state="ready", progress=100)


def conversation(number: int, **facts: Any) -> Conversation:
    usual: dict[str, Any] = {
        "kind": "contact",
        "state": "accepted",
        "connection": Connection(state="disconnected"),
    }
    return Conversation(id=number, **usual | facts)


def message(number: int, **facts: Any) -> Message:
    usual: dict[str, Any] = {"conversation": 1, "author": "a", "outgoing": False, "state": "received"}
    return Message(id=number, **usual | facts)


def event(type_: str, data: object, profile: str | None = "alice", at: int = 0) -> h.EventTold:
    return h.EventTold(Event(type=type_, at=at, seq=1, profile=profile, data=msgspec.to_builtins(data)))


def after(*happenings: h.Happening, state: State | None = None) -> State:
    state = state or State()
    for each in happenings:
        state = reduce(state, each)
    return state


def opened(*conversations: Conversation) -> State:
    return after(
        h.DaemonFound(TOR, [ALICE, WORK]),
        h.ConversationsListed("alice", list(conversations or (conversation(1),))),
        h.ConversationChosen("alice", 1),
        h.PageLoaded("alice", 1, None, MessagePage(messages=[message(5), message(6)], more=True)),
    )


def texts(state: State) -> list[int]:
    place = state.place
    assert place is not None
    assert place.transcript is not None
    return [each.id for each in place.transcript.messages]


def test_a_lost_daemon_takes_what_was_known_of_tor_with_it() -> None:
    gone = after(h.DaemonLost("why"), state=opened())
    assert (gone.daemon, gone.tor, gone.trouble, gone.there) == (Daemon.GONE, None, "why", False)
    assert after(h.DaemonLost("why"), state=gone) is gone
    assert after(h.DaemonLost("why")).daemon is Daemon.AWAITED


def test_a_daemon_that_comes_back_with_its_profiles_locked_and_then_open() -> None:
    back = after(h.DaemonLost(""), h.DaemonFound(TOR, []), state=opened())
    assert (back.there, back.profiles, back.shown) == (True, {}, None)
    again = after(h.ProfileOpened(ALICE), h.ConversationsListed("alice", [conversation(1)]), state=back)
    assert again.place is not None
    assert again.place.chosen == 1, "it goes on where it was"


def test_switching_and_locking_profiles() -> None:
    state = opened()
    assert state.shown == "alice"
    assert after(h.ProfileShown("work"), state=state).shown == "work"
    assert after(h.ProfileShown("nobody"), state=state) is state
    assert after(event("profile.locked", ALICE, None), state=state).shown == "work"
    assert (
        after(h.ProfileClosed("alice"), h.ProfileClosed("alice"), h.ProfileClosed("work"), state=state).shown
        is None
    )
    unlocked = after(event("profile.unlocked", Profile(id="third", name="3"), None), state=state)
    assert list(unlocked.profiles) == ["alice", "work", "third"]
    assert (
        after(event("profile.changed", Profile(id="alice", name="new")), state=state)
        .profiles["alice"]
        .profile.name
        == "new"
    )


def test_pages_join_and_answers_to_old_questions_do_not() -> None:
    older = h.PageLoaded("alice", 1, 5, MessagePage(messages=[message(3), message(4)], more=False))
    state = after(older, state=opened())
    assert texts(state) == [3, 4, 5, 6]
    assert texts(after(older, state=state)) == [3, 4, 5, 6]


def test_events_put_messages_in_their_place_once() -> None:
    state = after(
        event("message.received", message(8)),
        event("message.received", message(7)),
        event("message.received", message(8)),
        event("message.received", message(2)),
        event("message.received", message(9, conversation=2)),
        state=opened(),
    )
    assert texts(state) == [5, 6, 7, 8], "what stands on a page that is not loaded is left for it"
    assert texts(after(event("message.received", {"message": 7, "deleted": True}), state=state)) == [5, 6, 8]


def test_an_answer_that_an_event_has_overtaken_changes_nothing() -> None:
    sent = message(7, outgoing=True, state="delivered")
    state = after(
        event("message.delivered", sent),
        h.MessageTold("alice", message(7, outgoing=True, state="queued")),
        state=opened(),
    )
    assert state.place is not None
    assert state.place.transcript is not None
    assert state.place.transcript.messages[-1].state == "delivered"


def test_a_message_that_came_while_its_page_was_on_the_way_is_not_lost() -> None:
    state = after(
        h.PageLoaded("alice", 1, None, MessagePage(messages=[message(5), message(6)], more=True)),
        state=after(event("message.received", message(7)), state=opened()),
    )
    assert texts(state) == [5, 6, 7]


def test_what_they_send_or_confirm_proves_that_they_were_there() -> None:
    state = after(event("message.received", message(7), at=50), state=opened())
    assert state.profiles["alice"].conversations[1].connection == Connection(
        state="disconnected", last_proof_at=50
    )
    state = after(
        event("message.delivered", message(8, outgoing=True, state="delivered"), at=40), state=state
    )
    assert state.profiles["alice"].conversations[1].connection == Connection(
        state="disconnected", last_proof_at=50
    )
    state = after(event("message.sent", message(9, outgoing=True, state="sent"), at=90), state=state)
    assert state.profiles["alice"].conversations[1].connection == Connection(
        state="disconnected", last_proof_at=50
    )


def test_connections_change() -> None:
    change = {"conversation": 1, "connection": {"state": "authenticated", "since": 3, "last_proof_at": 4}}
    state = after(event("connection.changed", change), state=opened())
    assert state.profiles["alice"].conversations[1].connection == Connection(
        state="authenticated", since=3, last_proof_at=4
    )
    assert after(event("connection.changed", change | {"conversation": 77}), state=state) == state


def test_contacts_come_change_and_go() -> None:
    state = after(event("contact.requested", conversation(2, state="pending")), state=opened())
    assert state.place is not None
    assert [each.id for each in in_order(state.place)] == [2, 1]
    assert state.place.requests == 1
    gone = after(event("contact.changed", {"conversation": 1, "deleted": True}), state=state)
    assert gone.place is not None
    assert (gone.place.open, gone.place.transcript, gone.place.chosen) == (None, None, None)


def test_the_order_of_the_list() -> None:
    state = opened(
        conversation(1, last_message_at=1),
        conversation(2, state="blocked", last_message_at=9, unread=3),
        conversation(3, last_message_at=5, unread=2),
        conversation(4, state="pending"),
    )
    assert state.place is not None
    assert [each.id for each in in_order(state.place)] == [4, 3, 1, 2]
    assert state.place.unread == 2, "what the blocked wrote calls nobody"


def test_shapes_that_are_not_known_change_nothing() -> None:
    state = opened()
    for strange in (
        event("tor.changed", {"no": "state"}, None),
        event("contact.changed", {"id": "x", "state": 3}),
        event("message.received", {"id": 1}),
        event("message.received", None),
        event("connection.changed", {"conversation": 1, "connection": 5}),
        event("group.gap_found", {"id": 1}),
        event("file.offered", [1], None),
        event("message.received", message(7), "a profile that is not open"),
        event("dotless", {}),
    ):
        assert after(strange, state=state) == state

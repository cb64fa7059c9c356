"""reduce: a State and a happening → the next State. A pure function.

Rules: a happening may come twice, or for something that is gone by now: then nothing is spoiled. An event whose shape is not
known here changes nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

import msgspec

from cwtch_client import (
    BadAnswer,
    Connection,
    Conversation,
    Event,
    Message,
    MessagePage,
    Profile,
    TorStatus,
    convert,
)
from cwtch_tui import happenings as h
from cwtch_tui.state import Daemon, OpenProfile, State, Transcript

K = TypeVar("K")
V = TypeVar("V")


def reduce(state: State, happening: h.Happening) -> State:
    """The State after it."""
    match happening:
        case h.DaemonLost(why):
            after = _lost(state, why)
        case h.DaemonFound(tor, profiles):
            after = _found(state, tor, profiles)
        case h.ProfileOpened(profile):
            after = _opened(state, profile)
        case h.ProfileClosed(closed):
            after = _closed(state, closed)
        case h.ProfileShown(shown):
            after = replace(state, shown=shown) if shown in state.profiles else state
        case h.EventTold(event):
            try:
                after = _after_event(state, event)
            except BadAnswer:
                after = state  # a newer daemon's shape: what it tells is seen when it is asked for
        case _:
            after = _in(state, happening.profile, lambda place: _in_profile(place, happening))
    return after


def _in_profile(place: OpenProfile, happening: h.InProfile) -> OpenProfile:
    match happening:
        case h.ConversationsListed(_, conversations):
            after = _listed(place, conversations)
        case h.ConversationTold(_, told):
            after = _with_conversation(place, told)
        case h.ConversationGone(_, gone):
            after = _without(place, gone)
        case h.ConversationChosen(_, chosen):
            after = replace(place, chosen=chosen)
        case h.PageLoaded(_, conversation, before, page):
            after = _with_page(place, conversation, before, page)
        case h.MessageTold(_, message):
            after = _with_answer(place, message)
    return after


def _in(state: State, profile: str, change: Callable[[OpenProfile], OpenProfile]) -> State:
    place = state.profiles.get(profile)
    if place is None:
        return state
    return replace(state, profiles={**state.profiles, profile: change(place)})


# --- profiles --------------------------------------------------------------------------------------------------------


def _lost(state: State, why: str) -> State:
    gone = Daemon.AWAITED if state.daemon is Daemon.AWAITED else Daemon.GONE
    if (state.daemon, state.trouble) == (gone, why):
        return state
    return replace(state, daemon=gone, tor=None, trouble=why)


def _found(state: State, tor: TorStatus, profiles: list[Profile]) -> State:
    gone = state.profiles.keys() - {each.id for each in profiles}
    for profile in gone:
        state = _closed(state, profile)
    for each in profiles:
        state = _opened(state, each)
    return replace(state, daemon=Daemon.THERE, trouble="", tor=tor)


def _opened(state: State, profile: Profile) -> State:
    known = state.profiles.get(profile.id)
    place = (
        OpenProfile(profile, chosen=state.left_at.get(profile.id))
        if known is None
        else replace(known, profile=profile)
    )
    return replace(state, profiles={**state.profiles, profile.id: place}, shown=state.shown or profile.id)


def _closed(state: State, profile: str) -> State:
    closed = state.profiles.get(profile)
    if closed is None:
        return state
    left = _less(state.profiles, profile)
    return replace(
        state,
        profiles=left,
        shown=state.shown if state.shown in left else next(iter(left), None),
        left_at=state.left_at if closed.chosen is None else {**state.left_at, profile: closed.chosen},
    )


# --- conversations ---------------------------------------------------------------------------------------------------


def _listed(place: OpenProfile, conversations: list[Conversation]) -> OpenProfile:
    listed = {each.id: each for each in conversations}
    chosen = place.chosen if place.chosen in listed else None
    return replace(place, known=True, conversations=listed, transcripts={}, chosen=chosen)


def _with_conversation(place: OpenProfile, conversation: Conversation) -> OpenProfile:
    return replace(place, conversations={**place.conversations, conversation.id: conversation})


def _without(place: OpenProfile, gone: int) -> OpenProfile:
    return replace(
        place,
        conversations=_less(place.conversations, gone),
        transcripts=_less(place.transcripts, gone),
        chosen=None if place.chosen == gone else place.chosen,
    )


def _less(mapping: Mapping[K, V], key: K) -> dict[K, V]:
    return {each: value for each, value in mapping.items() if each != key}


def _connected(place: OpenProfile, conversation: int, connection: Connection) -> OpenProfile:
    known = place.conversations.get(conversation)
    if known is None:
        return place
    return _with_conversation(place, msgspec.structs.replace(known, connection=connection))


def _heard(place: OpenProfile, conversation: int, at: int) -> OpenProfile:
    """A message or an acknowledgement of theirs proves that they were there."""
    known = place.conversations.get(conversation)
    if known is None or known.connection is None or (known.connection.last_proof_at or 0) >= at:
        return place
    return _connected(place, conversation, msgspec.structs.replace(known.connection, last_proof_at=at))


# --- messages --------------------------------------------------------------------------------------------------------


def _with_page(place: OpenProfile, conversation: int, before: int | None, page: MessagePage) -> OpenProfile:
    loaded = place.transcripts.get(conversation)
    if before is None:
        # What was told while the page was on its way is newer than the page.
        kept = {} if loaded is None else {each.id: each for each in loaded.messages}
        made = Transcript(_by_id({each.id: each for each in page.messages} | kept), page.more)
    elif loaded is None or not loaded.messages or loaded.messages[0].id != before:
        return place  # an answer to a question that no longer stands
    else:
        made = Transcript((*page.messages, *loaded.messages), page.more)
    return replace(place, transcripts={**place.transcripts, conversation: made})


def _with_answer(place: OpenProfile, message: Message) -> OpenProfile:
    """A message from an answer, which events on another connection may have overtaken."""
    loaded = place.transcripts.get(message.conversation)
    known = loaded and next((each for each in loaded.messages if each.id == message.id), None)
    return place if known and known.state in ("sent", "delivered") else _with_message(place, message)


def _with_message(place: OpenProfile, message: Message) -> OpenProfile:
    loaded = place.transcripts.get(message.conversation)
    if loaded is None:
        return place
    if loaded.more and loaded.messages and message.id < loaded.messages[0].id:
        return place  # it stands on a page that is not loaded
    made = replace(
        loaded, messages=_by_id({each.id: each for each in loaded.messages} | {message.id: message})
    )
    return replace(place, transcripts={**place.transcripts, message.conversation: made})


def _without_message(place: OpenProfile, gone: int) -> OpenProfile:
    transcripts = {
        number: replace(each, messages=tuple(one for one in each.messages if one.id != gone))
        for number, each in place.transcripts.items()
    }
    return replace(place, transcripts=transcripts)


def _by_id(messages: dict[int, Message]) -> tuple[Message, ...]:
    return tuple(messages[number] for number in sorted(messages))


# --- events ----------------------------------------------------------------------------------------------------------


def _after_event(state: State, event: Event) -> State:
    match event.type:
        case "tor.changed":
            after = replace(state, tor=convert(event.data, TorStatus))
        case "profile.unlocked":
            after = _opened(state, convert(event.data, Profile))
        case "profile.locked":
            after = _closed(state, event.profile or convert(event.data, Profile).id)
        case _ if event.profile is not None:
            after = _in(state, event.profile, lambda place: _after_event_in(place, event))
        case _:
            after = state
    return after


def _after_event_in(place: OpenProfile, event: Event) -> OpenProfile:
    data = event.data if isinstance(event.data, dict) else {}
    match event.type.split("."):
        case ["message", what]:
            after = _after_message(place, event, what, data.get("message"))
        case ["contact", _]:
            told, gone = event.conversation(), data.get("conversation")
            after = place
            if told is not None:
                after = _with_conversation(place, told)
            elif isinstance(gone, int):
                after = _without(place, gone)
        case ["connection", "changed"] if isinstance(number := data.get("conversation"), int):
            after = _connected(place, number, convert(data.get("connection"), Connection))
        case ["profile", "changed"]:
            after = replace(place, profile=convert(data, Profile))
        case _:
            after = place
    return after


def _after_message(place: OpenProfile, event: Event, what: str, gone: object) -> OpenProfile:
    message = event.message()
    if message is None:
        return _without_message(place, gone) if isinstance(gone, int) else place
    if what in ("received", "delivered"):
        place = _heard(place, message.conversation, event.at)
    return _with_message(place, message)

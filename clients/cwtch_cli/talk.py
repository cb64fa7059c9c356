"""Talk: one conversation as it goes on: what was said is shown once, what is typed is sent once, and marks tell how far it came.

Rules: a message is shown when the daemon has it, never before; a line is kept till the daemon has taken or refused it, and sent
under one client_id, so that a lost reply doubles nothing. What passes by itself is waited for.
"""

import contextlib
import uuid
from collections import deque

from cwtch_cli.connect import Invocation, called
from cwtch_cli.errors import refusal_of
from cwtch_cli.follow import passes
from cwtch_cli.message import shown_text
from cwtch_cli.output import ago, clock, moment, state_word
from cwtch_cli.screen import Screen
from cwtch_client import (
    BadAnswer,
    ClientError,
    Conversation,
    Event,
    Json,
    Message,
    MessagePage,
    RpcError,
    convert,
)
from cwtch_client.model import Subscribed

_REMEMBERED = 4000
_UNDELIVERED = {"queued", "sent"}
_NEW = {"message.received", "message.queued"}
_STYLE = {True: "cyan", False: None}
"""By whether it is ours."""


class Talk:
    """`refused` counts the lines that the daemon did not take, `waiting` holds those that it was not asked to take yet."""

    def __init__(self, invocation: Invocation, conversation: Conversation, screen: Screen) -> None:
        self.waiting: deque[tuple[str, str]] = deque()
        self.refused = 0
        self.away = False
        self._invocation = invocation
        self._conversation = conversation
        self._screen = screen
        self._states: dict[int, str] = {}
        self._day = ""
        self._last = -1
        self._unread = conversation.unread > 0

    @property
    def undelivered(self) -> int:
        """How many of the messages that are shown have not reached the other side."""
        return sum(state in _UNDELIVERED for state in self._states.values())

    def page(self, lines: int) -> int:
        """Shows what of the newest page was not shown yet; returns the seq behind which events have to be followed."""
        # The cursor first: what happens between the two is told by both, and shown once.
        profile = self._invocation.profile_id()
        with self._invocation.another_client() as client:
            head = client.ask(Subscribed, "event.subscribe", profile=profile).head
        if lines:
            raw = self._call("message.list", limit=lines)
            convert(raw, MessagePage)
            assert isinstance(raw, dict)
            messages = raw["messages"]
            assert isinstance(messages, list)
            for each in messages:
                self._show(each, new=True)
        self.prompt()
        return head

    def say(self, text: str) -> None:
        """A line was typed: it waits to be sent."""
        self.waiting.append((uuid.uuid4().hex, text))
        self.prompt()

    def send(self) -> None:
        """Gives the daemon the first line that waits."""
        client_id, text = self.waiting[0]
        try:
            sent = self._call("message.send", text=text, client_id=client_id)
        except ClientError as error:
            if self._passes(error):
                self.gone(str(error) if isinstance(error, RpcError) else None)
                return
            self.waiting.popleft()
            self.refused += 1
            self._screen.notice(f"Not sent: {refusal_of(error) if isinstance(error, RpcError) else error}")
            self._screen.give_back(text)
        else:
            self.waiting.popleft()
            self._show(sent, new=True)
        self.prompt()

    def hear(self, raw: dict[str, Json]) -> None:
        """Something happened to the profile."""
        self.back()
        try:
            told = convert(raw, Event)
            if (message := told.message()) is not None:
                if message.conversation == self._conversation.id:
                    self._show(raw["data"], new=told.type in _NEW)
            elif told.type == "connection.changed" and _about(told, "conversation") == self._conversation.id:
                self._refresh()
            elif told.type.startswith("contact.") and _about(told, "id") == self._conversation.id:
                self._become(convert(told.data, Conversation))
        except BadAnswer:
            pass  # an event of a shape that this version does not know

    def rest(self) -> None:
        """Nothing more is to be shown for now: what was shown counts as read."""
        if self._unread:
            self._unread = False
            with contextlib.suppress(ClientError):  # a courtesy to other clients; it stays unread for them
                self._call("conversation.mark_read")

    def gone(self, why: str | None = None) -> None:
        """The daemon or the profile is away."""
        if not self.away:
            self.away = True
            self._screen.notice(why or "The daemon or the profile is gone for now: waiting for it.")
            self.prompt()

    def back(self) -> None:
        """They are there again."""
        if self.away:
            self.away = False
            self._screen.notice("It is there again.")
            self._refresh()

    def look(self) -> None:
        """Tries whether what is away has come back."""
        try:
            self._call("conversation.get")
        except ClientError as error:
            if not self._passes(error):
                raise
        else:
            self.back()

    def tell(self) -> None:
        """Says how the contact is connected."""
        self._refresh()
        found, now = self._conversation.connection, clock()
        state = state_word(found.state) if found else "-"
        since = ago(found.since if found else None, now, "-")
        proof = ago(found.last_proof_at if found else None, now)
        self._screen.notice(
            f"{called(self._conversation)}: {state} (changed {since}), last heard: {proof}, "
            f"undelivered: {self.undelivered}. {self._conversation.address or ''}"
        )

    def prompt(self) -> None:
        """Tells the screen what to show where it is typed."""
        if self.away:
            state = "no daemon"
        else:
            state = state_word(self._conversation.connection.state) if self._conversation.connection else "-"
        count = self.undelivered + len(self.waiting)
        undelivered = f", {count} undelivered" if count else ""
        self._screen.prompt(f"{called(self._conversation)} ({state}{undelivered})> ")

    # --- within ------------------------------------------------------------------------------------------------------

    def _call(self, method: str, **params: object) -> Json:
        return self._invocation.call_on_profile(method, conversation=self._conversation.id, **params)

    def _passes(self, error: ClientError) -> bool:
        # A program that sends faster than it is allowed to is slowed down; a person is told.
        slowed = isinstance(error, RpcError) and error.name == "limit_exceeded"
        return passes(error) or (slowed and not self._screen.interactive)

    def _refresh(self) -> None:
        try:
            self._become(convert(self._call("conversation.get"), Conversation))
        except ClientError:
            return  # the next thing that is tried says so

    def _become(self, found: Conversation) -> None:
        if found.state != self._conversation.state:
            self._screen.notice(f"{called(found)} is {found.state}.")
        self._conversation = found
        self.prompt()

    def _show(self, raw: Json, *, new: bool) -> None:
        """Shows a message that is `new` and was not shown yet, or a mark for one of ours whose state is another."""
        found = convert(raw, Message)
        known = self._states.get(found.id)
        if known is None and not new and not found.outgoing:
            return  # one from before the page that was shown: it was only read
        self._states[found.id] = found.state
        if len(self._states) > _REMEMBERED:
            del self._states[next(iter(self._states))]
        self._unread = self._unread or (not found.outgoing and found.state == "received" and known is None)
        if known is None or (found.outgoing and found.state != known):
            if self._invocation.json:
                self._invocation.output.json(raw, one_line=True)
            elif not self._screen.interactive:
                self._invocation.output.record(self._columns(found))
            elif known is None and new:
                self._say(found)
            elif found.state != "sent":
                self._mark(found)
        self.prompt()

    def _columns(self, found: Message) -> tuple[str, ...]:
        """The columns of `cwtch message list`."""
        time = moment(found.sent_at if found.outgoing else found.received_at)
        who = "me" if found.outgoing else called(self._conversation)
        return str(found.id), time, who, found.state, shown_text(found)

    def _say(self, found: Message) -> None:
        day, _, time = moment(found.sent_at if found.outgoing else found.received_at).partition(" ")
        if day != self._day:
            self._day = day
            self._screen.notice(f"--- {day} ---")
        text = shown_text(found)
        if found.outgoing and found.state != "delivered":
            text += _marked(found)
        self._screen.line(text, _STYLE[found.outgoing], lead=self._lead(found, time))
        self._last = found.id

    def _mark(self, found: Message) -> None:
        _, _, time = moment(found.sent_at).partition(" ")
        text, lead = shown_text(found) + _marked(found), self._lead(found, time)
        if self._last != found.id or not self._screen.line_again(text, _STYLE[True], lead=lead):
            self._screen.notice(f"      #{found.id} {found.state}")
        if found.state == "failed":
            why = f" ({found.error})" if found.error else ""
            self._screen.notice(f"Not delivered{why}: `cwtch message retry {found.id}` queues it again.")

    def _lead(self, found: Message, time: str) -> str:
        return f"{time[:5]} {'me' if found.outgoing else called(self._conversation)}:"


def _marked(found: Message) -> str:
    return f"  (#{found.id} {found.state})"


def _about(told: Event, name: str) -> object:
    return told.data.get(name) if isinstance(told.data, dict) else None

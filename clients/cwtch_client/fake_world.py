"""What a FakeDaemon knows: profiles, their conversations, messages and logs, as the contract's JSON values.

Rules: no socket, no thread; whoever calls holds the FakeDaemon's lock.
"""

import base64
import copy
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from cwtch_client.model import Json

Values = dict[str, Json]
LOCKED = -32002
NOT_FOUND = -32003


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, code: int, sentence: str, name: str | None = None) -> None:
        super().__init__(sentence)
        self.code = code
        self.name = name

    def as_json(self) -> Values:
        """The error as JSON-RPC has it."""
        fault: Values = {"code": self.code, "message": str(self)}
        if self.name is not None:
            fault["data"] = {"name": self.name}
        return fault


def onion(word: str) -> str:
    """An address that looks like one, the same for the same word."""
    return base64.b32encode(hashlib.sha512(word.encode()).digest()).decode().lower()[:56]


def now() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


@dataclass
class FakeProfile:
    """A profile with everything in it; rows are the contract's values."""

    id: str
    name: str
    password: str
    open: bool = True
    conversations: dict[int, Values] = field(default_factory=dict)
    messages: dict[int, Values] = field(default_factory=dict)
    log: list[Values] = field(default_factory=list)

    def shown(self) -> Values:
        """The Profile."""
        return {"id": self.id, "name": self.name, "created_at": 1_790_000_000_000, "published_since": None}


@dataclass
class Listener:
    """A subscription."""

    number: int
    profile: str | None
    types: list[str] | None
    tell: Callable[[Values], None]


class World:
    """All that the fake daemon knows."""

    def __init__(self) -> None:
        self.profiles: dict[str, FakeProfile] = {}
        self.listeners: list[Listener] = []
        self._numbers = 0

    def number(self) -> int:
        """One that was not used before."""
        self._numbers += 1
        return self._numbers

    def create(self, name: str, password: str) -> FakeProfile:
        """A new open profile."""
        made = FakeProfile(onion(f"profile {self.number()}"), name, password)
        self.profiles[made.id] = made
        return made

    def profile(self, params: Values) -> FakeProfile:
        """The open profile of a call."""
        found = self.profiles.get(str(params.get("profile")))
        if found is None or not found.open:
            raise Refused(
                LOCKED, "No open profile has this id: unlock it with its password first.", "profile_locked"
            )
        return found

    def conversation(self, params: Values) -> Values:
        """The conversation of a call."""
        return _found(self.profile(params).conversations, params.get("conversation"))

    def message(self, params: Values) -> Values:
        """The message of a call."""
        return _found(self.profile(params).messages, params.get("message"))

    def add_conversation(self, profile: FakeProfile, address: str, name: str, state: str) -> Values:
        """A new conversation with a contact."""
        number = self.number()
        profile.conversations[number] = {
            "id": number,
            "kind": "contact",
            "address": address,
            "name": name,
            "state": state,
            "unread": 0,
            "last_message_at": None,
            "connection": {"state": "disconnected", "since": None, "last_proof_at": None},
            "acl": {},
            "attributes": {},
        }
        return profile.conversations[number]

    def add_message(self, profile: FakeProfile, conversation: Values, **facts: Json) -> Values:
        """A new message, with its event."""
        number = self.number()
        outgoing = bool(facts["outgoing"])
        profile.messages[number] = {
            "id": number,
            "conversation": conversation["id"],
            "author": profile.id if outgoing else conversation["address"],
            "sent_at": now(),
            "received_at": None if outgoing else now(),
            "overlay": 1,
            "reply_to": None,
            "error": None,
            **facts,
        }
        conversation["last_message_at"] = now()
        self.tell(
            profile.id,
            "message.queued" if outgoing else "message.received",
            profile.messages[number],
            stored=True,
        )
        return profile.messages[number]

    def receive(self, profile: str, address: str, text: str | None, overlay: int) -> Values:
        """A message from outside."""
        own = self.profiles[profile]
        known = next((each for each in own.conversations.values() if each["address"] == address), None)
        if known is None:
            known = self.add_conversation(own, address, "", "pending")
            self.tell(profile, "contact.requested", known, stored=True)
        unread = known["unread"]
        known["unread"] = unread + 1 if isinstance(unread, int) else 1
        return self.add_message(
            own, known, outgoing=False, text=text, overlay=overlay, state="received", delivery=None
        )

    def deliver(self, profile: str, message: int) -> None:
        """An acknowledgement from outside."""
        found = self.profiles[profile].messages[message]
        found["state"] = "delivered"
        self.tell(profile, "message.delivered", found, stored=True)

    def tell(self, profile: str | None, type_: str, data: Json, *, stored: bool) -> None:
        """An event, to whoever follows; kept in the profile's log where `stored`."""
        log = self.profiles[profile].log if profile is not None else []
        event: Values = {
            "seq": len(log) + 1 if stored else None,
            "profile": profile,
            "type": type_,
            "at": now(),
            "data": copy.deepcopy(data),
        }
        if stored:
            log.append(event)
        for listener in list(self.listeners):
            if listener.profile == profile:
                _tell(listener, event)

    def subscribe(self, params: Values, tell: Callable[[Values], None]) -> tuple[Values, Callable[[], None]]:
        """A subscription's reply, and what is to be done once the reply has left."""
        log = self.profile(params).log if params.get("profile") is not None else []
        profile, after, types = params.get("profile"), params.get("after"), params.get("types")
        listener = Listener(
            self.number(),
            profile if isinstance(profile, str) else None,
            [str(each) for each in types] if isinstance(types, list) else None,
            tell,
        )
        behind = log[after:] if isinstance(after, int) else []

        def begin() -> None:
            for event in behind:
                _tell(listener, event)
            self.listeners.append(listener)

        return {"subscription": listener.number, "head": len(log)}, begin


def _tell(listener: Listener, event: Values) -> None:
    if listener.types is None or event["type"] in listener.types:
        listener.tell({"subscription": listener.number, **event})


def _found(rows: dict[int, Values], number: Json) -> Values:
    found = rows.get(number) if isinstance(number, int) else None
    if found is None:
        raise Refused(NOT_FOUND, "There is nothing with this id: list what there is.", "not_found")
    return found

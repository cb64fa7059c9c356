"""What a FakeDaemon knows: profiles, their conversations, messages and logs, as the contract's JSON values.

Rules: no socket, no thread; whoever calls holds the FakeDaemon's lock.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field

from cwtch_client.fake_access import Tokens
from cwtch_client.fake_errors import Values as Values
from cwtch_client.fake_errors import cursor_expired, invalid_params, not_found, profile_locked
from cwtch_client.fake_hosting import FakeHosting
from cwtch_client.fake_values import now as now
from cwtch_client.fake_values import onion as onion
from cwtch_client.model import Json

EVENT_TYPES = {
    *(f"message.{word}" for word in ("queued", "received", "sent", "delivered", "failed", "read")),
    *(f"contact.{word}" for word in ("requested", "accepted", "changed")),
    *(f"profile.{word}" for word in ("changed", "unlocked", "locked")),
    *(f"group.{word}" for word in ("joined", "invited", "gap_found", "gap_closed")),
    *(f"file.{word}" for word in ("offered", "progress", "completed", "failed")),
    *("connection.changed", "server.changed", "server.progress"),
    *("hosting.changed", "hosting.deleted"),
    *("tor.changed", "daemon.stopping", "event.dropped"),
}
LIVE_TYPES = {
    *("connection.changed", "profile.unlocked", "profile.locked"),
    *("server.progress", "hosting.changed", "hosting.deleted"),
    *("tor.changed", "daemon.stopping", "event.dropped"),
}


@dataclass
class FakeProfile:
    """A profile with everything in it; rows are the contract's values."""

    id: str
    name: str
    password: str
    open: bool = True
    conversations: dict[int, Values] = field(default_factory=dict)
    messages: dict[int, Values] = field(default_factory=dict)
    servers: dict[int, Values] = field(default_factory=dict)
    log: list[Values] = field(default_factory=list)
    named: dict[str, Values] = field(default_factory=dict)
    autostart: bool = False
    head: int = 0

    def behind(self, after: int) -> list[Values]:
        """The events of the log behind a cursor. Raises Refused where some of them are gone."""
        oldest = self.head - len(self.log) + 1
        if not oldest - 1 <= after <= self.head:
            raise cursor_expired(oldest, self.head)
        return self.log[after - oldest + 1 :]

    def shown(self) -> Values:
        """The Profile."""
        return {
            "id": self.id,
            "name": self.name,
            "created_at": 1_790_000_000_000,
            "published_since": None,
            "autostart": self.autostart,
        }


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
        self.tokens = Tokens()
        self.hosting = FakeHosting(self._hosted_changed)
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
            raise profile_locked()
        return found

    def conversation(self, params: Values) -> Values:
        """The conversation of a call."""
        return _found(self.profile(params).conversations, params.get("conversation"))

    def message(self, params: Values) -> Values:
        """The message of a call."""
        return _found(self.profile(params).messages, params.get("message"))

    def server(self, params: Values) -> Values:
        """The server of a call."""
        return _found(self.profile(params).servers, params.get("server"))

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
            "connection": {
                "state": "disconnected",
                "since": None,
                "last_proof_at": None,
                "next_dial_at": None,
                "last_failure": None,
            },
            "created_at": now(),
            "acl": {"blocked": False, "read": True, "append": True, "auto_connect": True},
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
            "raw": None,
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
        own = self.profiles[profile] if profile is not None else None
        if own is not None and stored:
            own.head += 1
        event: Values = {
            "seq": own.head if own is not None and stored else None,
            "profile": profile,
            "type": type_,
            "at": now(),
            "data": copy.deepcopy(data),
        }
        if own is not None and stored:
            own.log.append(event)
        for listener in list(self.listeners):
            if listener.profile == profile:
                _tell(listener, event)

    def _hosted_changed(self, shown: Values) -> None:
        self.tell(None, "hosting.changed", shown, stored=False)

    def subscribe(self, params: Values, tell: Callable[[Values], None]) -> tuple[Values, Callable[[], None]]:
        """A subscription's reply, and what is to be done once the reply has left."""
        profile, after, types = params.get("profile"), params.get("after"), params.get("types")
        if isinstance(types, list) and not EVENT_TYPES.issuperset(map(str, types)):
            raise invalid_params()
        own = self.profile(params) if profile is not None else None
        listener = Listener(
            self.number(),
            profile if isinstance(profile, str) else None,
            [str(each) for each in types] if isinstance(types, list) else None,
            tell,
        )
        behind = own.behind(after) if own is not None and isinstance(after, int) else []

        def begin() -> None:
            for event in behind:
                _tell(listener, event)
            self.listeners.append(listener)

        return {"subscription": listener.number, "head": 0 if own is None else own.head}, begin


def _tell(listener: Listener, event: Values) -> None:
    if listener.types is None or event["type"] in listener.types:
        listener.tell({"subscription": listener.number, **event})


def _found(rows: dict[int, Values], number: Json) -> Values:
    found = rows.get(number) if isinstance(number, int) else None
    if found is None:
        raise not_found()
    return found

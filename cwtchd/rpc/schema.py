"""What the API takes and gives, as types: decoding is validation, and the OpenRPC document is made from them.

The names are the contract's (rpc.md). Times are milliseconds since the epoch, UTC; a profile's or contact's id is its onion.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from cwtchd.store.api_tokens import Scope

ProfileId = Annotated[str, Meta(description="a profile's onion: 56 characters, without .onion")]
ConversationId = Annotated[int, Meta(ge=0, le=(1 << 63) - 1, description="a conversation's id")]
MessageId = Annotated[int, Meta(ge=0, le=(1 << 63) - 1, description="a message's id")]
Cursor = Annotated[
    int, Meta(ge=0, le=(1 << 63) - 1, description="the seq of the last event that was handled")
]
PageLimit = Annotated[int, Meta(ge=1, le=1000, description="so many at most")]
Time = Annotated[int, Meta(description="milliseconds since the epoch, UTC")]
ProofTime = Annotated[
    int | None,
    Meta(description="when this was last seen to work, milliseconds since the epoch; null: not yet"),
]
Password = Annotated[str, Meta(min_length=1, max_length=4096, description="opens the profiles made with it")]
Name = Annotated[str, Meta(max_length=256, description="a name that only this side sees")]


class Params(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Named parameters of a method: nothing else may be there."""

    def __repr__(self) -> str:
        """The type alone: params hold passwords and texts."""
        return f"{type(self).__name__}(…)"


class NoParams(Params, frozen=True):
    """A method that takes nothing."""


class ProfileParams(Params, frozen=True, kw_only=True):
    """A method on a profile."""

    profile: ProfileId


class ConversationParams(ProfileParams, frozen=True, kw_only=True):
    """A method on a conversation."""

    conversation: ConversationId


class MessageParams(ProfileParams, frozen=True, kw_only=True):
    """A method on a message."""

    message: MessageId


class Value(Struct, frozen=True, kw_only=True):
    """Something that the API shows."""

    def __repr__(self) -> str:
        """The type alone: values hold texts and addresses."""
        return f"{type(self).__name__}(…)"


class TorReport(Value, frozen=True, kw_only=True):
    """How Tor stands. It is alive where it answers; whether it carries anything is what `last_proof_at` says."""

    state: Literal["starting", "connecting", "ready", "offline", "lost"]
    progress: Annotated[int, Meta(ge=0, le=100, description="bootstrap, in percent")]
    summary: str
    since: Time
    version: str | None
    warning: str | None
    last_proof_at: ProofTime


class Profile(Value, frozen=True, kw_only=True):
    """An open profile."""

    id: ProfileId
    name: str
    created_at: Time
    published_since: Annotated[
        int | None,
        Meta(
            description="since when its onion's descriptor is uploaded, null while it isn't: announced, which is not yet reached"
        ),
    ]
    autostart: Annotated[
        bool, Meta(description="the daemon opens it at its start, where its password was put there for that")
    ]


ConnectionWord = Literal["disconnected", "connecting", "connected", "authenticated"]


class ContactConnection(Value, frozen=True, kw_only=True):
    """How a contact is connected right now."""

    state: ConnectionWord
    since: Time | None
    last_proof_at: Annotated[
        int | None, Meta(description="when it was last heard, on an authenticated connection")
    ]
    next_dial_at: Time | None
    last_failure: Annotated[str | None, Meta(description="a stable word for why the last dial did not work")]


class SelfDial(Value, frozen=True, kw_only=True):
    """How the daemon's calls to a profile's own onion went: whoever is not reached by itself is reached by nobody."""

    last_proof_at: ProofTime
    last_failure: Annotated[
        str | None, Meta(description="a stable word for why the last call did not come in, null where it did")
    ]
    next_at: Time | None


class ContactPath(Value, frozen=True, kw_only=True):
    """The way to one contact, as it is now."""

    conversation: ConversationId
    state: ConnectionWord
    since: Time | None
    last_proof_at: ProofTime
    next_dial_at: Time | None
    last_failure: str | None


class ProfileHealth(Value, frozen=True, kw_only=True):
    """Whether an open profile can be reached and reaches others."""

    id: ProfileId
    name: str
    published_since: Time | None
    self_dial: SelfDial
    contacts: Annotated[list[ContactPath], Meta(description="those that are wanted, at most 200 of them")]
    more_contacts: bool


class DaemonReport(Value, frozen=True, kw_only=True):
    """What the daemon is doing, and when each part of it was last proved to work."""

    version: str
    pid: int
    uptime: Annotated[int, Meta(description="milliseconds since the start")]
    now: Annotated[int, Meta(description="the daemon's clock: the age of a proof is counted from it")]
    tor: TorReport
    profiles: list[ProfileHealth]


class Acl(Value, frozen=True, kw_only=True):
    """What a contact may do."""

    blocked: bool
    read: bool
    append: bool
    auto_connect: bool


class Conversation(Value, frozen=True, kw_only=True):
    """A conversation with a contact."""

    id: ConversationId
    kind: Literal["contact"]
    address: str
    name: str
    state: Literal["pending", "accepted", "blocked"]
    unread: int
    created_at: Time
    last_message_at: Time | None
    connection: ContactConnection
    acl: Acl
    attributes: dict[str, str]


DeliveryStep = Literal["queued", "connecting", "sent", "delivered", "failed"]


class Delivery(Value, frozen=True, kw_only=True):
    """How far an outgoing message has come, in finer steps than its state."""

    step: DeliveryStep
    reason: str | None
    attempts: int | None
    next_try: Time | None
    witnessed: int | None
    of: int | None


MessageWord = Literal["queued", "sent", "delivered", "failed", "received", "read"]


class Message(Value, frozen=True, kw_only=True):
    """A message. `text` is a string for overlays 1 and 10; of any other, `raw` is the wrapper as it came."""

    id: MessageId
    conversation: ConversationId
    author: str
    outgoing: bool
    sent_at: Annotated[
        int | None, Meta(description="Cwtch messages carry no time: of an incoming one it is when it came")
    ]
    received_at: Time | None
    overlay: int | None
    text: str | None
    raw: str | None
    reply_to: MessageId | None
    state: MessageWord
    error: str | None
    delivery: Delivery | None


class MessagePage(Value, frozen=True, kw_only=True):
    """A page of messages, oldest first; `more` says that there are older ones."""

    messages: list[Message]
    more: bool


class DeletedMessage(Value, frozen=True, kw_only=True):
    """What an event says of a message that is gone."""

    message: MessageId
    deleted: Literal[True] = True


class DeletedConversation(Value, frozen=True, kw_only=True):
    """What an event says of a conversation that is gone."""

    conversation: ConversationId
    deleted: Literal[True] = True


class ConnectionChange(Value, frozen=True, kw_only=True):
    """A contact's connection became another."""

    conversation: ConversationId
    connection: ContactConnection


class Dropped(Value, frozen=True, kw_only=True):
    """So many live-only events were left unread and are gone."""

    count: int


class Nothing(Value, frozen=True):
    """No data: the event's type says it all."""


EventWord = Literal[
    "message.queued",
    "message.received",
    "message.sent",
    "message.delivered",
    "message.failed",
    "message.read",
    "contact.requested",
    "contact.accepted",
    "contact.changed",
    "connection.changed",
    "profile.changed",
    "profile.unlocked",
    "profile.locked",
    "group.joined",
    "group.invited",
    "group.gap_found",
    "group.gap_closed",
    "server.changed",
    "server.progress",
    "file.offered",
    "file.progress",
    "file.completed",
    "file.failed",
    "hosting.changed",
    "hosting.deleted",
    "tor.changed",
    "daemon.stopping",
    "event.dropped",
]
"""Every type of the contract, also those whose nouns are not there yet: a client may ask for them already."""

EventData = Annotated[Any, Meta(description="by the event's type: see x-events")]
"""Any is msgspec's word for a value of every shape: the event's type says which it is."""


class Event(Value, frozen=True, kw_only=True):
    """Something that happened. `seq` is null for what only live subscribers are told."""

    seq: int | None
    profile: ProfileId | None
    type: str
    at: Time
    data: EventData


class Notification(Value, frozen=True, kw_only=True):
    """An event as a subscription gets it."""

    subscription: int
    seq: int | None
    profile: ProfileId | None
    type: str
    at: Time
    data: EventData


class EventPage(Value, frozen=True, kw_only=True):
    """A page of the log, and the seq of its newest row."""

    events: list[Event]
    head: int


class Subscribed(Value, frozen=True, kw_only=True):
    """A subscription, and the seq of the newest event when it began."""

    subscription: int
    head: int


class NewApiToken(Value, frozen=True, kw_only=True):
    """A new token. `token` is shown this once."""

    id: int
    token: str


class ApiToken(Value, frozen=True, kw_only=True):
    """A token, without what its holder shows."""

    id: int
    label: str
    scope: Scope
    bound: Annotated[bool, Meta(description="it holds for one profile only")]
    profile: Annotated[
        ProfileId | None, Meta(description="the profile that it is bound to, where that is open")
    ]
    conversations: list[ConversationId] | None
    folders: list[str]
    created_at: Time
    last_used_at: Annotated[int | None, Meta(description="since the daemon's start")]


class Granted(Value, frozen=True, kw_only=True):
    """What this connection may do from now on."""

    token: int
    scope: Scope
    bound: bool
    profile: ProfileId | None
    conversations: list[ConversationId] | None
    folders: list[str]

"""The contract's nouns as types (rpc.md, Ids and values): frozen; unknown fields are passed over, so that newer daemons work.

Times are integer milliseconds since the epoch, UTC. A profile's id and a contact's address are onions without `.onion`.
Message text is kept out of every repr.
"""

from enum import Enum
from typing import Final, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from cwtch_client.errors import BadAnswer

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""A value as JSON has it."""

T = TypeVar("T")


class Null(Enum):
    """JSON's null as the param of a call, where None leaves the param out."""

    NULL = None


NULL: Final = Null.NULL
"""What takes a bound away: `hosting.set(id=…, max_hours=NULL)`."""


class Noun(Struct, frozen=True, kw_only=True):
    """A value that the daemon tells of."""


class Profile(Noun, frozen=True, kw_only=True):
    """An open profile. `published_since`: since when contacts can find it, None while they can't."""

    id: str
    name: str
    created_at: int | None = None
    published_since: int | None = None
    autostart: bool = False


class TorStatus(Noun, frozen=True, kw_only=True):
    """How Tor stands; `progress` is in percent, `last_proof_at` when it last carried something."""

    state: str
    progress: int | None = None
    summary: str | None = None
    since: int | None = None
    version: str | None = None
    warning: str | None = None
    last_proof_at: int | None = None


class SelfDial(Noun, frozen=True, kw_only=True):
    """How the daemon's calls to a profile's own onion went."""

    last_proof_at: int | None = None
    last_failure: str | None = None
    next_at: int | None = None


class ContactPath(Noun, frozen=True, kw_only=True):
    """The way to one contact, as it is now."""

    conversation: int
    state: str
    since: int | None = None
    last_proof_at: int | None = None
    next_dial_at: int | None = None
    last_failure: str | None = None


class ProfileHealth(Noun, frozen=True, kw_only=True):
    """Whether an open profile can be reached and reaches others; `more_contacts` says that not all are shown."""

    id: str
    name: str
    published_since: int | None = None
    self_dial: SelfDial = SelfDial()
    contacts: list[ContactPath] = []
    more_contacts: bool = False


class DaemonStatus(Noun, frozen=True, kw_only=True):
    """How the daemon stands; `uptime` is in milliseconds, `profiles` are the open ones, `now` is the daemon's clock."""

    version: str
    uptime: int
    tor: TorStatus
    profiles: list[ProfileHealth]
    pid: int | None = None
    now: int | None = None


class ApiToken(Noun, frozen=True, kw_only=True):
    """A token that somebody may call with, without its secret; `bound`: for one profile only, which None hides while it is locked."""

    id: int
    label: str
    scope: str
    bound: bool = False
    profile: str | None = None
    conversations: list[int] | None = None
    folders: list[str] = []
    created_at: int | None = None
    last_used_at: int | None = None


class NewApiToken(Noun, frozen=True, kw_only=True):
    """A token that was just made: `token` is never shown again, nor in a repr."""

    id: int
    token: str

    def __repr__(self) -> str:
        return f"NewApiToken(id={self.id})"


class Granted(Noun, frozen=True, kw_only=True):
    """What a connection may do that showed a token; `token` is its id."""

    token: int
    scope: str
    bound: bool = False
    profile: str | None = None
    conversations: list[int] | None = None
    folders: list[str] = []


class ServerConnection(Noun, frozen=True, kw_only=True):
    """How a server is connected right now; `received` of `announced` are its replay's, `work_tried` is how far the work for tokens is."""

    state: str
    since: int | None = None
    received: int = 0
    announced: int | None = None
    next_try_at: int | None = None
    last_failure: str | None = None
    work_tried: int | None = None


class Server(Noun, frozen=True, kw_only=True):
    """A server that a profile uses. `state` is `disconnected`, `connecting`, `authenticated` or `synced`; `faults` is what it was caught at."""

    id: int
    onion: str
    state: str
    token_onion: str | None = None
    bundle: str | None = None
    connection: ServerConnection | None = None
    added_at: int | None = None
    last_synced_at: int | None = None
    messages: int = 0
    tokens: int = 0
    waiting: int = 0
    distrusted: bool = False
    faults: list[str] = []


class Hosted(Noun, frozen=True, kw_only=True):
    """A server that the daemon runs; `state` is `stopped` or `running`. The onions and the bundle of a sealed one are None until it was started.

    `published_since`: since when both onions can be found, None while one can't. `max_mib` is in MiB of messages.
    """

    id: str
    state: str
    description: str = ""
    autostart: bool = False
    sealed: bool = False
    warning: str | None = None
    onion: str | None = None
    token_onion: str | None = None
    bundle: str | None = None
    published_since: int | None = None
    max_messages: int | None = None
    max_mib: int | None = None
    max_hours: int | None = None
    onion_pow: bool = False
    intro_rate: int | None = None
    intro_burst: int | None = None


class HostedStats(Noun, frozen=True, kw_only=True):
    """Sums of a server that runs, all None while it does not; `posts` are counted for ever, `replays` and `tokens_signed` since its start."""

    id: str
    running_since: int | None = None
    messages: int | None = None
    bytes: int | None = None
    posts: int | None = None
    connections: int | None = None
    synced: int | None = None
    replays: int | None = None
    tokens_signed: int | None = None


class Connection(Noun, frozen=True, kw_only=True):
    """How a contact is connected right now."""

    state: str
    since: int | None = None
    last_proof_at: int | None = None
    next_dial_at: int | None = None
    last_failure: str | None = None


class Acl(Noun, frozen=True, kw_only=True):
    """What a contact may do."""

    blocked: bool = False
    read: bool = True
    append: bool = True
    auto_connect: bool = True


class Conversation(Noun, frozen=True, kw_only=True):
    """A contact or a group; `state` is `pending`, `accepted` or `blocked`."""

    id: int
    kind: str
    state: str
    name: str = ""
    address: str | None = None
    group_id: str | None = None
    unread: int = 0
    created_at: int | None = None
    last_message_at: int | None = None
    connection: Connection | None = None
    acl: Acl | None = None
    attributes: dict[str, str] = {}


class Delivery(Noun, frozen=True, kw_only=True):
    """How far an outgoing message has come, in finer steps than its state."""

    step: str
    reason: str | None = None
    attempts: int | None = None
    next_try: int | None = None
    witnessed: int | None = None
    of: int | None = None


class Message(Noun, frozen=True, kw_only=True):
    """A message. `state` is `queued`, `sent`, `delivered` or `failed` of outgoing ones, `received` or `read` of incoming.

    `text` is None where the overlay has none: `raw` is then what came, as it came.
    """

    id: int
    conversation: int
    author: str
    outgoing: bool
    state: str
    sent_at: int | None = None
    received_at: int | None = None
    overlay: int | None = None
    text: str | None = None
    raw: str | None = None
    reply_to: int | None = None
    error: str | None = None
    delivery: Delivery | None = None

    def __repr__(self) -> str:
        return f"Message(id={self.id}, conversation={self.conversation}, state={self.state!r})"


class MessagePage(Noun, frozen=True, kw_only=True):
    """A page of a conversation, oldest first; `more` says that there are older ones."""

    messages: list[Message]
    more: bool


class Event(Noun, frozen=True, kw_only=True):
    """Something that happened (rpc.md, Events). `seq` is None for what only live readers are told, `profile` for the daemon's own."""

    type: str
    at: int
    seq: int | None = None
    profile: str | None = None
    data: object = None

    def __repr__(self) -> str:
        return f"Event(seq={self.seq}, type={self.type!r})"

    def message(self) -> Message | None:
        """The message that a `message.*` event tells of, None where it tells of none or the message is gone."""
        if not self.type.startswith("message.") or not isinstance(self.data, dict) or "id" not in self.data:
            return None
        return convert(self.data, Message)

    def conversation(self) -> Conversation | None:
        """The conversation that a `contact.*` event tells of, None where it tells of none or the conversation is gone."""
        if not self.type.startswith("contact.") or not isinstance(self.data, dict) or "id" not in self.data:
            return None
        return convert(self.data, Conversation)


class EventPage(Noun, frozen=True, kw_only=True):
    """A page of a profile's log, and the seq of its newest event."""

    events: list[Event]
    head: int


class Subscribed(Noun, frozen=True, kw_only=True):
    """A subscription, and the seq of the newest event when it began."""

    subscription: int
    head: int


class Fault(Noun, frozen=True, kw_only=True):
    """An error as JSON-RPC has it."""

    code: int
    message: str
    data: dict[str, object] | None = None


class Incoming(Noun, frozen=True, kw_only=True):
    """A line from the daemon: an answer, or a notification where `method` is there."""

    id: int | None = None
    method: str | None = None
    params: Raw | UnsetType = UNSET
    result: Raw | UnsetType = UNSET
    error: Fault | None = None


def convert(value: object, kind: type[T]) -> T:
    """A JSON value as one of these nouns (or a list of them). Raises BadAnswer where the contract's fields are not there."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        raise BadAnswer from None


def as_json(value: object) -> Json:
    """A noun as the JSON value that it came from, without the fields that this library does not know."""
    plain: Json = msgspec.to_builtins(value)
    return plain

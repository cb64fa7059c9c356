"""What the API shows of servers that this daemon runs."""

from typing import Annotated, Literal

from msgspec import Meta

from cwtchd.protocol.server_table import KEPT_MOST
from cwtchd.rpc.schema import Params, Time, Value

HostedId = Annotated[
    str, Meta(pattern="^[0-9a-f]{32}$", description="a server that runs here, as `hosting.list` names it")
]
Description = Annotated[
    str,
    Meta(
        max_length=512, description="what it is for; kept unencrypted on this machine, shown to nobody else"
    ),
]
MessagesKept = Annotated[
    int, Meta(ge=1, le=KEPT_MOST, description="so many messages are kept, the oldest go first")
]
MebibytesKept = Annotated[int, Meta(ge=1, le=1 << 20, description="so many MiB of messages are kept")]
HoursKept = Annotated[int, Meta(ge=1, le=876_000, description="so many hours a message is kept")]


OnionPow = Annotated[bool, Meta(description="Tor asks those who call for work while the onions are flooded")]
Introductions = Annotated[
    int,
    Meta(
        ge=1,
        le=1_000_000,
        description="with onion_pow: so many introductions a second (intro_rate), at once (intro_burst), are let through; both null: tor's own",
    ),
]


class HostedParams(Params, frozen=True, kw_only=True):
    """A method on a server that runs here."""

    id: HostedId


class Hosted(Value, frozen=True, kw_only=True):
    """A server that this daemon runs. What only its keys tell is null while a sealed one was not started since the daemon was."""

    id: HostedId
    state: Annotated[
        Literal["stopped", "running", "damaged"],
        Meta(
            description="damaged: its files can't be used, and what is shown of its settings is not its own"
        ),
    ]
    description: str
    autostart: bool
    sealed: Annotated[bool, Meta(description="its keys open with a password only")]
    warning: Annotated[str | None, Meta(description="what stands against how its keys are kept")]
    onion: Annotated[str | None, Meta(description="where its messages are: its board")]
    token_onion: Annotated[str | None, Meta(description="where its tokens are had")]
    bundle: Annotated[str | None, Meta(description="what those need who are to use it: hand it out")]
    published_since: Annotated[
        int | None, Meta(description="since when both onions' descriptors are uploaded, null while one isn't")
    ]
    max_messages: MessagesKept
    max_mib: MebibytesKept
    max_hours: HoursKept | None
    onion_pow: OnionPow
    intro_rate: Introductions | None
    intro_burst: Introductions | None


class DeletedHosted(Value, frozen=True, kw_only=True):
    """What an event says of a server that runs here no more, for good."""

    id: HostedId
    deleted: Literal[True] = True


class HostedStats(Value, frozen=True, kw_only=True):
    """Sums of a running server: nothing of them tells one client from another. All are null while it is stopped."""

    id: HostedId
    running_since: Time | None = None
    messages: Annotated[int | None, Meta(description="kept now")] = None
    bytes: Annotated[int | None, Meta(description="of ciphertexts and signatures, kept now")] = None
    posts: Annotated[int | None, Meta(description="stored ever")] = None
    connections: Annotated[int | None, Meta(description="to the board, now")] = None
    synced: Annotated[int | None, Meta(description="of these, those that have every message")] = None
    replays: Annotated[int | None, Meta(description="shown to their end since the start")] = None
    tokens_signed: Annotated[int | None, Meta(description="since the start")] = None

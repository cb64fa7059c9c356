"""What the API shows of servers that a profile uses."""

from typing import Annotated, Literal

from msgspec import Meta

from cwtchd.rpc.schema import ProfileParams, Time, Value

ServerId = Annotated[int, Meta(ge=0, le=(1 << 63) - 1, description="a server's id, in its profile")]
Bundle = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=16 << 10,
        description="what its operator hands out: `server:…`, or `tofubundle:…` of which an invite is passed over",
    ),
]


class ServerParams(ProfileParams, frozen=True, kw_only=True):
    """A method on a server that the profile uses."""

    server: ServerId


class ServerConnection(Value, frozen=True, kw_only=True):
    """How a server is connected right now: one session after the other, each as somebody new."""

    state: Literal["disconnected", "connecting", "authenticated", "synced"]
    since: Time | None
    received: Annotated[int, Meta(description="messages of this session's replay that came so far")]
    announced: Annotated[int | None, Meta(description="so many the server said that there are")]
    next_try_at: Time | None
    last_failure: Annotated[
        str | None,
        Meta(description="a stable word for why the last session did not come off, or was cut off"),
    ]
    work_tried: Annotated[
        int | None,
        Meta(
            description="how often the proof of work for tokens was tried so far, of 65536 on average; null: none is under way"
        ),
    ]


class Server(Value, frozen=True, kw_only=True):
    """A server that the profile uses."""

    id: ServerId
    onion: str
    token_onion: str
    bundle: Annotated[str, Meta(description="as it was added: hand it on to those who are to use the server")]
    state: Literal["disconnected", "connecting", "authenticated", "synced"]
    connection: ServerConnection
    added_at: Time
    last_synced_at: Annotated[int | None, Meta(description="when a replay last came whole")]
    messages: Annotated[int, Meta(description="received from it so far, each once")]
    tokens: Annotated[int, Meta(description="in the wallet: each pays for one message")]
    waiting: Annotated[int, Meta(description="messages that wait to be posted")]
    distrusted: Annotated[
        bool, Meta(description="it contradicted its own signed keys: nothing more is posted there")
    ]
    faults: Annotated[list[str], Meta(description="what it was caught at, as stable words")]


class ServerProgress(Value, frozen=True, kw_only=True):
    """How a server's session, or the work for its tokens, goes on."""

    server: ServerId
    connection: ServerConnection


class DeletedServer(Value, frozen=True, kw_only=True):
    """What an event says of a server that is used no more."""

    server: ServerId
    deleted: Literal[True] = True

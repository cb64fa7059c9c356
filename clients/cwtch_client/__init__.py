"""cwtch_client: a small, typed library over cwtchd's local API, for programs that block (Client) and for asyncio (AsyncClient).

It knows only the socket and the contract (rpc.md); nothing here comes from the daemon's own code. What it leaves out: batches,
the HTTP transport.
"""

from typing import TYPE_CHECKING

from cwtch_client.client import Client
from cwtch_client.errors import (
    BadAnswer,
    CallTooLong,
    ClientError,
    ConnectionLost,
    CursorExpired,
    DaemonAbsent,
    NoAnswer,
    NotText,
    RpcError,
    SocketRefused,
    TokenUnreadable,
)
from cwtch_client.model import (
    NULL,
    Acl,
    ApiToken,
    Connection,
    ContactPath,
    Conversation,
    DaemonStatus,
    Delivery,
    Event,
    EventPage,
    Granted,
    Hosted,
    HostedStats,
    Json,
    Message,
    MessagePage,
    NewApiToken,
    Null,
    Profile,
    ProfileHealth,
    SelfDial,
    Server,
    ServerConnection,
    TorStatus,
    as_json,
    convert,
)
from cwtch_client.paths import socket_path

if TYPE_CHECKING:
    from cwtch_client.aio import AsyncClient

__all__ = [
    "NULL",
    "Acl",
    "ApiToken",
    "AsyncClient",
    "BadAnswer",
    "CallTooLong",
    "Client",
    "ClientError",
    "Connection",
    "ConnectionLost",
    "ContactPath",
    "Conversation",
    "CursorExpired",
    "DaemonAbsent",
    "DaemonStatus",
    "Delivery",
    "Event",
    "EventPage",
    "Granted",
    "Hosted",
    "HostedStats",
    "Json",
    "Message",
    "MessagePage",
    "NewApiToken",
    "NoAnswer",
    "NotText",
    "Null",
    "Profile",
    "ProfileHealth",
    "RpcError",
    "SelfDial",
    "Server",
    "ServerConnection",
    "SocketRefused",
    "TokenUnreadable",
    "TorStatus",
    "as_json",
    "convert",
    "socket_path",
]


def __getattr__(name: str) -> object:
    """Gives AsyncClient when it is asked for: asyncio would cost every program that blocks 50 ms at its start."""
    if name != "AsyncClient":
        raise AttributeError(name)
    from cwtch_client.aio import AsyncClient  # noqa: PLC0415 - see above

    return AsyncClient

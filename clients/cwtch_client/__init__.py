"""cwtch_client: a small, typed, synchronous library over cwtchd's local API.

It knows only the socket and the contract (rpc.md); nothing here comes from the daemon's own code. What it leaves out: an
asynchronous face, pipelining, batches, the HTTP transport.
"""

from cwtch_client.client import Client
from cwtch_client.errors import (
    BadAnswer,
    CallTooLong,
    ClientError,
    ConnectionLost,
    DaemonAbsent,
    NoAnswer,
    NotText,
    RpcError,
    SocketRefused,
)
from cwtch_client.model import (
    Connection,
    Conversation,
    DaemonStatus,
    Delivery,
    Event,
    EventPage,
    Json,
    Message,
    MessagePage,
    Profile,
    TorStatus,
    as_json,
    convert,
)
from cwtch_client.paths import socket_path

__all__ = [
    "BadAnswer",
    "CallTooLong",
    "Client",
    "ClientError",
    "Connection",
    "ConnectionLost",
    "Conversation",
    "DaemonAbsent",
    "DaemonStatus",
    "Delivery",
    "Event",
    "EventPage",
    "Json",
    "Message",
    "MessagePage",
    "NoAnswer",
    "NotText",
    "Profile",
    "RpcError",
    "SocketRefused",
    "TorStatus",
    "as_json",
    "convert",
    "socket_path",
]

"""Connections: bytes in, events out, for one stream. Each joins framing and machines, and decides what the other side's fault costs."""

from cwtchd.protocol.connection.board import BoardClient as BoardClient
from cwtchd.protocol.connection.board import BoardServer as BoardServer
from cwtchd.protocol.connection.peer import PeerConnection as PeerConnection
from cwtchd.protocol.connection.tokens import TokenClient as TokenClient
from cwtchd.protocol.connection.tokens import TokenServer as TokenServer

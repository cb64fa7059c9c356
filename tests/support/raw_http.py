"""HTTP and WebSocket as bytes, so that a test can say what no client library would."""

import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def unused_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@dataclass(frozen=True)
class Response:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Frame:
    """A WebSocket's."""

    opcode: int
    payload: bytes

    @property
    def reason(self) -> int:
        """The status of a close."""
        return int.from_bytes(self.payload[:2], "big") if self.opcode == CLOSE else 0


class RawHttp:
    """One connection to a port of loopback."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.socket = socket.create_connection(("127.0.0.1", port), 60)
        self.file = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.socket.close()

    def send(self, data: bytes) -> bool:
        """Whether the other side took it all: one that has ended is a fact for whoever reads."""
        try:
            self.socket.sendall(data)
        except OSError:
            return False
        return True

    def read(self) -> Response | None:
        """The next response, None where the connection ended."""
        try:
            line = self.file.readline()
        except OSError:
            return None
        if not line:
            return None
        status = int(line.split(b" ")[1])
        headers: dict[str, str] = {}
        while (row := self.file.readline().strip()) != b"":
            name, _, value = row.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        return Response(status, headers, self.file.read(int(headers.get("content-length", "0"))))

    def ended(self) -> bool:
        """Whether nothing more comes. Waits for the end."""
        try:
            return self.file.read(1) == b""
        except OSError:
            return True

    # --- WebSocket ---------------------------------------------------------------------------------------------------

    def frame(
        self, opcode: int, payload: bytes = b"", *, last: bool = True, masked: bool = True, reserved: int = 0
    ) -> bytes:
        """A frame as bytes."""
        head = bytes([(last << 7) | (reserved << 4) | opcode])
        size, bit = len(payload), masked << 7
        if size < 126:
            head += bytes([bit | size])
        elif size < 1 << 16:
            head += bytes([bit | 126]) + struct.pack(">H", size)
        else:
            head += bytes([bit | 127]) + struct.pack(">Q", size)
        if not masked:
            return head + payload
        return head + bytes(4) + payload  # a mask of noughts changes nothing

    def read_frame(self) -> Frame | None:
        """The next frame, None where the connection ended."""
        try:
            head = self.file.read(2)
            if len(head) < 2:
                return None
            size = head[1] & 127
            if size > 125:
                size = int.from_bytes(self.file.read(2 if size == 126 else 8), "big")
            return Frame(head[0] & 15, self.file.read(size))
        except OSError:
            return None

    def upgrade(self, headers: Mapping[str, str]) -> Response | None:
        """Asks for a WebSocket."""
        wanted = {
            "Host": f"127.0.0.1:{self.port}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
            "Sec-WebSocket-Version": "13",
            **headers,
        }
        self.send(head("GET", "/rpc", wanted))
        return self.read()


def head(method: str, target: str, headers: Mapping[str, str] | list[tuple[str, str]]) -> bytes:
    """A request's head."""
    rows = headers if isinstance(headers, list) else list(headers.items())
    return "\r\n".join([f"{method} {target} HTTP/1.1", *(f"{n}: {v}" for n, v in rows), "", ""]).encode(
        "latin-1"
    )

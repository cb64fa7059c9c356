"""A UNIX socket that carries lines of at most 1 MiB, for asyncio; the blocking one is `lines`.

Rules: nothing is kept beyond a few lines' bound: a stream that nobody reads is not read from the socket either.
"""

import asyncio
import contextlib
import time
from pathlib import Path

from cwtch_client.calls import LINE_BYTES
from cwtch_client.errors import BadAnswer, ConnectionLost, NoAnswer
from cwtch_client.lines import BUSY_SECONDS, try_connect


class AsyncLines:
    """One connection to the daemon, made by `connected`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, line: bytes) -> None:
        """Sends one line, given with its end, whole even where the caller is cancelled. Raises ConnectionLost."""
        try:
            self._writer.write(line)
            await self._writer.drain()
        except OSError:
            raise ConnectionLost from None

    async def receive(self) -> bytes:
        """The next line, without its end. Raises ConnectionLost or BadAnswer."""
        try:
            line = await self._reader.readuntil(b"\n")
        except (asyncio.IncompleteReadError, OSError):
            raise ConnectionLost from None
        except asyncio.LimitOverrunError:
            raise BadAnswer from None
        return line[:-1]

    async def close(self) -> None:
        """Ends the connection."""
        self._writer.close()
        with contextlib.suppress(OSError):  # the other side was faster
            await self._writer.wait_closed()


async def connected(path: Path, timeout: float) -> AsyncLines:  # noqa: ASYNC109 - the same words as the blocking face
    """Connects. Raises DaemonAbsent, SocketRefused or NoAnswer."""
    deadline = time.monotonic() + timeout
    # Not the loop's own connect: it takes a full queue of callers for a connection that was made.
    while (made := try_connect(path)) is None:
        if time.monotonic() > deadline:
            raise NoAnswer(timeout)
        await asyncio.sleep(BUSY_SECONDS)
    try:
        return AsyncLines(*await asyncio.open_unix_connection(sock=made, limit=LINE_BYTES))
    except BaseException:
        made.close()
        raise

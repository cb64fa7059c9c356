"""The floor of a replay: a bare Twisted process that seals prepared rows into packets and writes them, and looks nothing up.

python -m bench.servers_floor PATH ROWS BYTES

Whoever connects and sends a byte is sent ROWS packets: each a row's JSON of a message of BYTES, in the framing and under the secretbox
of a real connection. A few rows are made beforehand and sent over and over. It writes as long as its reader reads, as much at a time as
cwtchd has waiting for a guest.
"""

import os
import sys
from typing import Any, cast

from twisted.internet import asyncioreactor

asyncioreactor.install()  # type: ignore[no-untyped-call]

from twisted.internet import reactor  # noqa: E402 - behind the choice of the reactor
from twisted.internet.interfaces import IAddress, IPullProducer  # noqa: E402 - likewise
from twisted.internet.protocol import Factory, Protocol  # noqa: E402 - likewise
from zope.interface import implementer  # noqa: E402 - likewise

from cwtchd.protocol.crypto.primitives import NONCE_SIZE  # noqa: E402 - likewise
from cwtchd.protocol.model import EncryptedGroupMessage  # noqa: E402 - likewise
from cwtchd.protocol.wire.constants import PACKET_SIZE  # noqa: E402 - likewise
from cwtchd.protocol.wire.frame import encode_sealed  # noqa: E402 - likewise
from cwtchd.protocol.wire.token_board import encode_group_message  # noqa: E402 - likewise

PREPARED = 64
PAGE_PACKETS = 16
KEY = bytes(32)


@implementer(IPullProducer)
class Copy(Protocol):
    """One reader. It is asked for more whenever what it wrote has left."""

    transport: Any

    def __init__(self, rows: list[bytes], count: int) -> None:
        self._rows = rows
        self._count = count
        self._sent = 0

    def connectionMade(self) -> None:
        self.transport.bufferSize = PAGE_PACKETS * PACKET_SIZE

    def dataReceived(self, data: bytes) -> None:
        self._sent = 0
        self.transport.registerProducer(self, False)

    def resumeProducing(self) -> None:
        page = range(self._sent, min(self._sent + PAGE_PACKETS, self._count))
        sealed = [
            encode_sealed(KEY, self._rows[number % PREPARED], os.urandom(NONCE_SIZE)) for number in page
        ]
        self.transport.write(b"".join(sealed))
        self._sent += len(page)
        if self._sent == self._count:
            self.transport.unregisterProducer()

    def stopProducing(self) -> None:
        self._sent = self._count


class CopyFactory(Factory):
    """Makes them."""

    noisy = False

    def __init__(self, rows: list[bytes], count: int) -> None:
        self._rows = rows
        self._count = count

    def buildProtocol(self, addr: IAddress | None) -> Copy:
        return Copy(self._rows, self._count)


def main(path: str, count: str, message_bytes: str) -> None:
    """Serves until it is ended."""
    messages = [
        EncryptedGroupMessage(os.urandom(int(message_bytes)), os.urandom(64)) for _ in range(PREPARED)
    ]
    running = cast("Any", reactor)
    running.listenUNIX(path, CopyFactory([encode_group_message(each) for each in messages], int(count)))
    running.run()


if __name__ == "__main__":
    main(*sys.argv[1:])

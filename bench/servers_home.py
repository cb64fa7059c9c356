"""A daemon that hosts one server with a long past, written through the store before the daemon opens it, on a LocalTor."""

import contextlib
import json
import os
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.calls import call
from bench.processes import PATIENCE, Server, Stream
from cwtchd.config import KdfCost
from cwtchd.protocol.crypto import group, privacypass
from cwtchd.protocol.crypto.primitives import NONCE_SIZE, random_bytes, sha3_512, sha256
from cwtchd.protocol.model import EncryptedGroupMessage, KeyBundle, SpentToken, Token
from cwtchd.protocol.server_table import KEPT_MOST, SECRET_SIZE
from cwtchd.protocol.wire.token_board import spending_data
from cwtchd.server.keys import ServerKeys
from cwtchd.server.settings import ServerSettings, encode_settings
from cwtchd.store.board import HOUR_MILLISECONDS
from cwtchd.store.database import driver_of
from cwtchd.store.durable import own_folder
from cwtchd.store.server_vault import ServerFolder, ServerVault
from tests.support.raw_guest import Board

MESSAGE_BYTES = 2709
"""What a short text of a group is once it is padded and sealed: the bench's usual message."""
AT_ONCE = 5_000
DIGEST_BYTES = 16
SETTINGS = ServerSettings(autostart=True, max_messages=KEPT_MOST)
INSERT_ROW = """
    INSERT INTO messages (signature, nonce, box_digest, box, hour, bytes_ever) VALUES (?, ?, ?, ?, ?, ?)
"""


def signature_of(row: int) -> bytes:
    """That of the row of this id: others can be named without being read."""
    return row.to_bytes(8, "big") * 8


def columns(message: EncryptedGroupMessage) -> tuple[bytes, ...]:
    """A message as `INSERT_ROW` takes it, before what counts hours and bytes."""
    nonce, box = message.ciphertext[:NONCE_SIZE], message.ciphertext[NONCE_SIZE:]
    return message.signature, nonce, sha256(box)[:DIGEST_BYTES], box


@dataclass(frozen=True)
class Hosted:
    """One server of one home: who it is, what it stores, and the process that hosts it."""

    keys: ServerKeys
    bundle: KeyBundle
    stored: int
    onions: Path
    process: Server

    def guest(self) -> Board:
        """Somebody new, authenticated at the board."""
        return Board(self.onions, self.bundle)

    def synced(self, rows: int = 1) -> Board:
        """Somebody new who has the last so many rows, and is told of what is new."""
        guest = self.guest()
        guest.replay(signature_of(self.stored - rows + 1))
        return guest

    def start(self) -> Stream:
        """Starts the process; its API, once the server takes guests."""
        api = self.process.start()
        end = time.monotonic() + PATIENCE
        while not self._takes_guests():
            assert time.monotonic() < end, "the server was not started"
            time.sleep(0.01)
        return api

    def _takes_guests(self) -> bool:
        with socket.socket(socket.AF_UNIX) as tried, contextlib.suppress(OSError):
            tried.connect(str(self.onions / self.bundle.server[:16]))
            return True
        return False

    def messages(self, api: Stream) -> int:
        """How many it says it keeps."""
        (server,) = _result(api, "hosting.list")
        return int(_result(api, "hosting.stats", id=server["id"])["messages"])


def _result(api: Stream, method: str, **params: object) -> Any:
    return json.loads(api.ask(call(1, method, params)))["result"]


def hosted(folder: Path, stored: int, message_bytes: int) -> Hosted:
    """A home whose server keeps so many messages of so many bytes; it is not running yet. `folder` is made."""
    home, onions = folder / "home", folder / "onions"
    folder.mkdir()
    own_folder(home)
    onions.mkdir()
    keys = ServerKeys.new(random_bytes)
    vault = ServerVault(home, KdfCost(), random_bytes)
    made = vault.create(keys.encode(), encode_settings(SETTINGS), None)
    _fill(made, stored, message_bytes)
    path = folder / "api.sock"
    where: Sequence[str | Path] = [home, path, f"local:{onions}"]
    process = Server([sys.executable, "-m", "tests.support.daemon_process", *where], path, {})
    return Hosted(keys, keys.bundle(), stored, onions, process)


def _fill(server: ServerFolder, stored: int, message_bytes: int) -> None:
    database = server.open_board()
    driver = driver_of(database.sql)
    driver.execute("PRAGMA synchronous = OFF")  # for this connection alone: it is not the bench's subject
    hour = time.time_ns() // 1_000_000 // HOUR_MILLISECONDS
    size = message_bytes + len(signature_of(0))
    for first in range(1, stored + 1, AT_ONCE):
        database.begin()
        driver.executemany(
            INSERT_ROW,
            [
                (
                    *columns(EncryptedGroupMessage(os.urandom(message_bytes), signature_of(row))),
                    hour,
                    row * size,
                )
                for row in range(first, min(first + AT_ONCE, stored + 1))
            ],
        )
        database.commit()
    database.close()


@contextlib.contextmanager
def running(server: Hosted) -> Iterator[Stream]:
    """The server while its process runs; its API."""
    try:
        yield server.start()
    finally:
        server.process.end()


def posts(keys: ServerKeys, count: int) -> list[tuple[EncryptedGroupMessage, SpentToken]]:
    """New messages, each with a token of this server that pays for it, as a client would have bought it."""
    return [_post(keys) for _ in range(count)]


def _post(keys: ServerKeys) -> tuple[EncryptedGroupMessage, SpentToken]:
    posted = EncryptedGroupMessage(os.urandom(MESSAGE_BYTES), os.urandom(64))
    secret = os.urandom(SECRET_SIZE)
    token = Token(secret, group.multiply(keys.token_key.scalar, group.from_hash(sha3_512(secret))))
    return posted, privacypass.spend(token, spending_data(posted, keys.board.onion))

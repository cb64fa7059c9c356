"""A hosted server's board without a server around it: what may be posted, and units run one by one."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from cwtchd.protocol.model import EncryptedGroupMessage
from cwtchd.store.board import open_board
from cwtchd.store.database import UnitOfWork

T = TypeVar("T")

HOUR = 3_600_000
ALL = 1 << 60
"""An id above every id."""


def message(
    number: int, *, nonce: int | None = None, box: int | None = None, size: int = 40
) -> EncryptedGroupMessage:
    """One of many messages; another nonce or another box under the same signature, where they are named."""
    signature = number.to_bytes(8, "big") * 8
    start = (number if nonce is None else nonce).to_bytes(24, "big")
    inside = (number if box is None else box).to_bytes(8, "big")
    return EncryptedGroupMessage(start + inside.ljust(size - 24, b"."), signature)


class BoardDesk:
    """Where a board's units are tried, each in its own transaction, at a time that the test sets."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "board.db"
        self.database = open_board(self.path, make=True)
        self.now = 1_000 * HOUR

    def run(self, unit: Callable[[UnitOfWork], T]) -> T:
        """One unit, kept."""
        self.database.begin()
        try:
            result = unit(UnitOfWork(self.database.sql, self.now, os.urandom))
        except BaseException:
            self.database.abandon()
            raise
        self.database.commit()
        return result

"""Files that a command writes: always new ones, which only this user can read."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from cwtch_cli.errors import Misused


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file that was not there before; nothing is left of it where what is done with it fails."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise Misused(f"{path} is there already: name a new file, nothing is written over.") from None
    try:
        with open(descriptor, "wb") as opened:  # noqa: PTH123 - Path.open takes no descriptor
            yield opened
    except BaseException:
        path.unlink(missing_ok=True)
        raise

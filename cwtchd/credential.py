"""Secrets that the daemon is handed at its start: where they stand, and how one is read.

Rules: a secret is never in the command line, the environment or a log; these hold at most where it stands. It is read once where it is
used, within a bound, and nobody keeps it. A file that others could read is no secret any more and is refused; in a credentials
directory the modes are the supervisor's business. One source holds one secret: all of it, but for one newline at its end.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

LIMIT = 4096
"""So many bytes a secret may have."""

PREFIX = "cwtchd."
"""What a credential's name may begin with, so that one store can serve several services."""


class Unusable(Exception):
    """A source from which no secret can be had. The text is a sentence that names no path."""


@dataclass(frozen=True, slots=True)
class SecretFile:
    """A file with a secret. `guarded`: it lies in a credentials directory, which somebody else keeps closed."""

    path: Path
    guarded: bool = False


@dataclass(frozen=True, slots=True)
class PasswordSources:
    """Where the passwords stand that open profiles at the start."""

    files: tuple[Path, ...] = ()
    descriptors: tuple[int, ...] = ()
    credentials: Path | None = None
    """a directory in which each file whose name begins with `password` holds one"""

    @property
    def any(self) -> bool:
        """Whether there is one, or something that may be one and can't be read."""
        if self.files or self.descriptors or self.credentials is None:
            return bool(self.files or self.descriptors)
        try:
            return bool(named(self.credentials, "password"))
        except Unusable:
            return True


def named(directory: Path, start: str) -> list[SecretFile]:
    """The credentials of a directory whose names begin so, with or without the prefix. Raises Unusable."""
    try:
        names = sorted(entry.name for entry in directory.iterdir())
    except OSError as error:
        raise Unusable(f"The credentials directory can't be read: {os.strerror(error.errno or 0)}.") from None
    return [
        SecretFile(directory / name, guarded=True)
        for name in names
        if name.removeprefix(PREFIX).startswith(start)
    ]


def open_secret(file: SecretFile) -> int:
    """A descriptor to read the secret from; opening it never waits, also where it is a pipe. Raises Unusable."""
    try:
        opened = os.open(file.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        raise Unusable(f"Its file can't be opened: {os.strerror(error.errno or 0)}.") from None
    mode = os.fstat(opened).st_mode
    if stat.S_ISREG(mode) or stat.S_ISFIFO(mode):
        if file.guarded or not mode & 0o077:
            return opened
        reason = "Others could read its file: close it to them with `chmod 600`."
    else:
        reason = "What stands at its path is neither a file nor a pipe."
    os.close(opened)
    raise Unusable(reason)


def read_secret(file: SecretFile) -> str:
    """The secret in a plain file, which is read at once. Raises Unusable."""
    opened = open_secret(file)
    try:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise Unusable("It must stand in a plain file.")
        return secret_of(os.read(opened, LIMIT + 2))
    except OSError as error:
        raise Unusable(f"Its file can't be read: {os.strerror(error.errno or 0)}.") from None
    finally:
        os.close(opened)


def secret_of(content: bytes) -> str:
    """The secret that a source held. Raises Unusable."""
    content = content.removesuffix(b"\n")
    if not content:
        raise Unusable("Nothing stands there.")
    if len(content) > LIMIT:
        raise Unusable(f"It is longer than {LIMIT} bytes.")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise Unusable("It is no UTF-8 text.") from None

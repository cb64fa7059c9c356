"""Where passwords come from: a prompt, a file, or standard input; never the command line or the environment.

Rules: at most 4 KiB are read; one line end behind the password is no part of it; nothing of it is ever printed.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from cwtch_cli.errors import Misused

F = TypeVar("F", bound=Callable[..., Any])
_MOST_BYTES = 4096


def password_sources(function: F) -> F:
    """Gives a command `password_file` and `password_stdin`, to be handed to `read_password`."""
    from_stdin = click.option(
        "--password-stdin", is_flag=True, help="Read the password from standard input instead of asking."
    )
    from_file = click.option(
        "--password-file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Read the password from a file instead of asking.",
    )
    return from_file(from_stdin(function))


def read_password(file: Path | None, *, stdin: bool, twice: bool) -> str:
    """The password: from the file or standard input where one is named, else from the terminal, asked for `twice` or once."""
    if file is not None and stdin:
        raise Misused("The password comes from --password-file or from --password-stdin, not from both.")
    if file is not None:
        return _checked(_from_file(file))
    if stdin:
        return _checked(read_stdin(_MOST_BYTES + 1))
    if sys.stdin is None or not sys.stdin.isatty():
        raise Misused(
            "There is no terminal to ask for the password on: give --password-file or --password-stdin."
        )
    asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=twice, err=True)
    return asked


def read_stdin(limit: int) -> bytes:
    """At most so many bytes of standard input."""
    if sys.stdin is None:
        raise Misused("Standard input is closed: there is nothing to read from it.")
    return sys.stdin.buffer.read(limit)


def _from_file(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(_MOST_BYTES + 1)
    except OSError as error:
        raise Misused(
            f"The password file {file} can't be read ({error.strerror}): name another, or leave it out to be asked."
        ) from None


def _checked(read: bytes) -> str:
    if len(read) > _MOST_BYTES:
        raise Misused(f"A password is at most {_MOST_BYTES} bytes long: what was read is longer.")
    try:
        password = read.decode("utf-8")
    except UnicodeDecodeError:
        raise Misused("The password is not text in UTF-8: write it anew.") from None
    password = password.removesuffix("\n").removesuffix("\r")
    if not password:
        raise Misused("The password that was read is empty: write one there.")
    return password

"""Options: what every bot's command line takes."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cwtch_client.paths import socket_path


@dataclass(frozen=True)
class Options:
    """Where a bot works. `profile` is a name or an id, None for the only open one; `state` is where bots keep things."""

    socket: Path
    profile: str | None = None
    state: Path | None = None
    token_file: Path | None = None
    from_beginning: bool = False


def read_options(name: str, arguments: Sequence[str] | None) -> Options:
    """The options on a command line (None: this process's own). Ends the process where they are wrong, or where help is asked for."""
    parser = argparse.ArgumentParser(
        prog=name, description="A bot for a Cwtch profile. It works until it gets SIGINT or SIGTERM."
    )
    parser.add_argument(
        "--profile", metavar="NAME|ID", help="the profile to work for; may be left out where only one is open"
    )
    parser.add_argument(
        "--socket", metavar="PATH", help="the daemon's socket; default: $CWTCHD_SOCKET, then --home"
    )
    parser.add_argument(
        "--home",
        metavar="DIR",
        help="the daemon's home, whose cwtchd.sock is used; default: $CWTCHD_HOME, then the platform's place",
    )
    parser.add_argument(
        "--state",
        metavar="DIR",
        type=Path,
        help="where bots keep their places and what is theirs, each in a folder of its name; default: the platform's place",
    )
    parser.add_argument(
        "--token-file",
        metavar="FILE",
        type=Path,
        help="a file with an API token, where the bot is another user than the daemon or is to be kept to less",
    )
    parser.add_argument(
        "--from-beginning",
        action="store_true",
        help="on its first start, answer what the log still holds, not only what is new",
    )
    given = parser.parse_args(arguments)
    return Options(
        socket_path(given.socket, given.home, os.environ),
        given.profile,
        given.state,
        given.token_file,
        given.from_beginning,
    )

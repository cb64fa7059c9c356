"""What a packager wants beside the programs, made from their commands: completion for three shells, and manual pages, in share/.

`make docs` writes them and `make check` says when they are stale (tools/generate_docs.py).
"""

from pathlib import Path

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

import cwtchd
from cwtch_cli.__main__ import cli
from cwtchd.__main__ import main as daemon
from tools import manpages

SHARE = Path(__file__).parent.parent / "share"

CWTCH = manpages.Program(
    "cwtch",
    cli,
    cwtchd.__version__,
    "talk to a Cwtch daemon from the command line",
    environment=(
        ("CWTCHD_SOCKET", "The daemon's socket. It wins over --home, not over --socket."),
        ("CWTCHD_HOME", "The daemon's home, where neither a socket nor --home is given."),
        ("CWTCH_TOKEN_FILE", "A file that holds an API token, where --token-file is not given."),
        ("CWTCH_TRACEBACK", "Set to 1, something unforeseen is shown with its traceback, for a report."),
        ("NO_COLOR", "Set to anything, no colours are used."),
    ),
    files=(
        ("$XDG_RUNTIME_DIR/cwtchd/cwtchd.sock", "The socket, where nothing else is named."),
        ("HOME/cwtchd.sock", "The socket of a home that is named, or where $XDG_RUNTIME_DIR is unset."),
    ),
    see_also=("cwtchd",),
)
DAEMON = manpages.Program(
    "cwtchd",
    daemon,
    cwtchd.__version__,
    "private messaging over Tor onion services, as a daemon",
    environment=(
        ("CWTCHD_HOME", "Where everything is kept, where --home is not given."),
        ("XDG_RUNTIME_DIR", "Where the socket is, where neither a home nor a socket is named."),
        (
            "CREDENTIALS_DIRECTORY",
            "Set by systemd: each file in it whose name begins with `password` opens its profiles.",
        ),
    ),
    files=(
        ("HOME/profiles/", "The profiles, each encrypted under its password."),
        ("HOME/servers/", "The servers that it runs: keys, settings, and what they keep for others."),
        ("HOME/tor/", "The data of the daemon's own tor."),
        ("$XDG_RUNTIME_DIR/cwtchd/cwtchd.sock", "The socket of the API."),
    ),
    see_also=("cwtch", "tor"),
)

SHELLS: tuple[tuple[type[ShellComplete], str], ...] = (
    (BashComplete, "bash-completion/completions/{}"),
    (ZshComplete, "zsh/site-functions/_{}"),
    (FishComplete, "fish/vendor_completions.d/{}.fish"),
)


def files() -> dict[Path, str]:
    """Every generated file with its text."""
    made = {}
    for program in (CWTCH, DAEMON):
        for name, text in manpages.pages(program).items():
            made[SHARE / "man" / f"man{manpages.SECTION}" / name] = text
        for shell, where in SHELLS:
            made[SHARE / where.format(program.name)] = _completion(shell, program.name, program.root)
    return made


def _completion(shell: type[ShellComplete], name: str, root: click.Group) -> str:
    complete = shell(root, {}, name, f"_{name.upper()}_COMPLETE")
    # The template itself: click's own way to it asks for a shell of the right version on the machine that builds.
    text = shell.source_template % complete.source_vars()
    return "\n".join(line.rstrip() for line in text.strip().splitlines()) + "\n"

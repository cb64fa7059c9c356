"""Hints: which command a wrong word may have meant, and behind which command a misplaced option belongs.

Rules: a hint is only told, never followed: whoever mistypes must not find something done.
"""

import difflib
from collections.abc import Iterator, Sequence

import click

_GUESSES = {
    "address": ("profile get", "profile qr"),
    "change": ("set",),
    "close": ("lock",),
    "configure": ("set",),
    "delete": ("remove", "reject", "revoke"),
    "events": ("event list", "watch"),
    "export": ("profile export",),
    "follow": ("watch",),
    "friends": ("contact list",),
    "help": ("--help",),
    "history": ("message list",),
    "id": ("profile get",),
    "inbox": ("message list",),
    "info": ("get",),
    "invite": ("contact add",),
    "log": ("event list", "watch"),
    "login": ("profile unlock",),
    "logout": ("profile lock",),
    "ls": ("list",),
    "make": ("create",),
    "msg": ("message send",),
    "new": ("create",),
    "open": ("unlock",),
    "ping": ("daemon status",),
    "qr": ("profile qr", "hosting bundle"),
    "quit": ("daemon shutdown",),
    "read": ("message list", "conversation mark-read"),
    "rename": ("profile set", "contact set"),
    "requests": ("contact list",),
    "retire": ("hosting delete",),
    "rm": ("remove", "reject", "revoke", "hosting delete"),
    "say": ("message send",),
    "show": ("get",),
    "stop": ("daemon shutdown",),
    "tail": ("watch",),
    "talk": ("chat",),
    "ui": ("tui",),
    "version": ("--version",),
    "whoami": ("profile get",),
    "write": ("message send",),
}
"""What people type, and the command or the verb that it is called here."""

_DAEMONS_OWN = {
    "run": "`cwtchd run` starts the daemon.",
    "start": "`cwtchd run` starts the daemon, `cwtch hosting start` a server in it.",
    "serve": "`cwtchd serve` starts a daemon that is only a server.",
}
"""What the other program does."""

_MOST = 4


def near_word(group: click.Group, here: str, word: str) -> str:
    """What to say where `group`, reached by the words `here`, has no command of this name."""
    word = word.lower().replace("_", "-")
    if word in _DAEMONS_OWN and here == "cwtch":
        return _DAEMONS_OWN[word]
    known = [*_exact(group, word), *_guessed(group, here, word)]
    for found in (list(dict.fromkeys(known)), _close(group, word)):
        if found:
            return f"did you mean {_either([f'{here} {path}' for path in found[:_MOST]])}?"
    return f"`{here} --help` lists what there is."


def home_of_option(error: click.NoSuchOption) -> str | None:
    """Behind which commands an option stands that was given too early; None where nobody has it."""
    if error.ctx is None or not isinstance(error.ctx.command, click.Group):
        return None
    here = error.ctx.command_path
    having = [
        f"{here} {path}"
        for path, command in _below(error.ctx.command)
        if any(error.option_name in parameter.opts for parameter in command.params)
    ]
    return f"{error.option_name} stands behind {_either(having)}" if 0 < len(having) <= _MOST else None


def _exact(group: click.Group, word: str) -> list[str]:
    """`send`, which is a verb of a noun, and `contacts`, of which there is a list."""
    if word.endswith("s") and isinstance(noun := group.commands.get(word[:-1]), click.Group):
        return [f"{word[:-1]} list" if "list" in noun.commands else word[:-1]]
    return [path for path, _ in _below(group) if path.split()[-1] == word]


def _guessed(group: click.Group, here: str, word: str) -> list[str]:
    paths = [path for path, _ in _below(group)]
    noun = here.partition(" ")[2]
    return [
        found
        for guess in _GUESSES.get(word, ())
        for found in ([guess] if guess.startswith("--") else paths)
        if guess in (found, f"{noun} {found}", found.split()[-1])
    ]


def _close(group: click.Group, word: str) -> list[str]:
    if near := difflib.get_close_matches(word, group.commands, 1):
        return near
    verbs = {path.split()[-1] for path, _ in _below(group)}
    return [path for verb in difflib.get_close_matches(word, verbs, 1, 0.75) for path in _exact(group, verb)]


def _below(group: click.Group) -> Iterator[tuple[str, click.Command]]:
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from ((f"{name} {path}", inner) for path, inner in _below(command))
        else:
            yield name, command


def _either(paths: Sequence[str]) -> str:
    return " or ".join(f"`{path}`" for path in paths)

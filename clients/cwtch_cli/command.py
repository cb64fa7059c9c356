"""Noun and Verb: groups and commands of `cwtch`, with the options that all of them take.

Rules: --json, --socket and --home may stand at any level; an unknown word gets the nearest known one; nothing else is clever.
"""

import difflib
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import click

from cwtch_cli.connect import Invocation
from cwtch_cli.errors import Misused

F = TypeVar("F", bound=Callable[..., Any])


def _noted(name: str) -> Callable[[click.Context, click.Parameter, str | bool | None], None]:
    def note(context: click.Context, _parameter: click.Parameter, value: str | bool | None) -> None:
        if value:
            setattr(context.ensure_object(Invocation), name, value)

    return note


def _common(*, hidden: bool) -> list[click.Parameter]:
    return [
        click.Option(
            ["--json"],
            is_flag=True,
            expose_value=False,
            callback=_noted("json"),
            help="Print the raw result as JSON.",
        ),
        click.Option(
            ["--socket"],
            metavar="PATH",
            expose_value=False,
            callback=_noted("socket"),
            hidden=hidden,
            help="The daemon's socket. Default: $CWTCHD_SOCKET, then --home.",
        ),
        click.Option(
            ["--home"],
            metavar="DIR",
            expose_value=False,
            callback=_noted("home"),
            hidden=hidden,
            help="The daemon's home, whose cwtchd.sock is used. Default: $CWTCHD_HOME, then the platform's place.",
        ),
    ]


def takes_profile(function: F) -> F:
    """A command that acts on a profile: it has --profile."""
    return click.option(
        "--profile",
        metavar="NAME|ID",
        expose_value=False,
        callback=_noted("profile"),
        help="The open profile to use; may be left out where only one is open.",
    )(function)


class Verb(click.Command):
    """A command."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.params.extend(_common(hidden=True))


class Noun(click.Group):
    """A group of commands, or all of them."""

    command_class = Verb

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.params.extend(_common(hidden=self.name != "cwtch"))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the command, or says which one is near."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            raise Misused(f"There is no command {args[0]!r} here: {self._hint(ctx, args[0])}")
        return super().resolve_command(ctx, args)

    def _hint(self, context: click.Context, word: str) -> str:
        word = word.replace("_", "-")
        here = context.command_path
        if near := difflib.get_close_matches(word, self.list_commands(context), 1):
            return f"did you mean `{here} {near[0]}`?"
        if deep := [f"{here} {path}" for path in self._below(context) if path.split()[-1] == word]:
            return f"did you mean `{'` or `'.join(deep)}`?"
        return f"`{here} --help` lists what there is."

    def _below(self, context: click.Context) -> Iterator[str]:
        for name in self.list_commands(context):
            found = self.get_command(context, name)
            if isinstance(found, click.Group):
                yield from (f"{name} {verb}" for verb in found.list_commands(context))

"""Noun and Verb: groups and commands of `cwtch`, with the options that all of them take.

Rules: --json, --socket, --home and --token-file may stand at any level; an unknown word gets the nearest known one; nothing
else is clever.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from cwtch_cli import completion
from cwtch_cli.connect import Invocation
from cwtch_cli.errors import Misused
from cwtch_cli.hints import near_word

F = TypeVar("F", bound=Callable[..., Any])


def _noted(name: str) -> Callable[[click.Context, click.Parameter, str | bool | None], None]:
    def note(context: click.Context, _parameter: click.Parameter, value: str | bool | None) -> None:
        if value:
            setattr(context.ensure_object(Invocation), name, value)

    return note


def _common(*, hidden: bool) -> list[click.Parameter]:
    def told(name: str, metavar: str, help_: str, kind: click.Path) -> click.Option:
        return click.Option(
            [name],
            metavar=metavar,
            type=kind,
            expose_value=False,
            callback=_noted(name.removeprefix("--").replace("-", "_")),
            hidden=hidden,
            help=help_,
        )

    return [
        click.Option(
            ["--json"],
            is_flag=True,
            expose_value=False,
            callback=_noted("json"),
            help="Print the raw result as JSON.",
        ),
        told(
            "--socket",
            "PATH",
            "The daemon's socket. Default: $CWTCHD_SOCKET, then --home.",
            click.Path(),
        ),
        told(
            "--home",
            "DIR",
            "The daemon's home, whose cwtchd.sock is used; $CWTCHD_SOCKET wins over it where that is set. "
            "Default: $CWTCHD_HOME, then the platform's place.",
            click.Path(file_okay=False),
        ),
        told(
            "--token-file",
            "FILE",
            "Show the daemon the API token that this file holds, and do no more than it allows. "
            "Default: $CWTCH_TOKEN_FILE.",
            click.Path(dir_okay=False),
        ),
    ]


def takes_profile(function: F) -> F:
    """A command that acts on a profile: it has --profile."""
    return click.option(
        "--profile",
        metavar="NAME|ID",
        expose_value=False,
        callback=_noted("profile"),
        shell_complete=completion.profiles,
        help="The open profile to use; may be left out where only one is open.",
    )(function)


def takes_conversation(function: F) -> F:
    """A command that acts on a conversation: its argument CONVERSATION."""
    return click.argument("conversation", shell_complete=completion.conversations)(function)


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
        unknown = args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-")
        if unknown and not ctx.resilient_parsing:
            raise Misused(
                f"There is no command {args[0]!r} here: {near_word(self, ctx.command_path, args[0])}"
            )
        return super().resolve_command(ctx, args)

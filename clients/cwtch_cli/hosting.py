"""`cwtch hosting …`: servers that the daemon runs, for groups that it can't tell apart."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from cwtch_cli import completion, qr
from cwtch_cli.command import Noun
from cwtch_cli.connect import Invocation
from cwtch_cli.errors import Failed, InVain, Misused
from cwtch_cli.files import new_file
from cwtch_cli.hosted import bundle_of, meant, show_all, show_one, show_stats
from cwtch_cli.output import short, visible
from cwtch_cli.password import password_sources, read_password
from cwtch_cli.wait import takes_wait, until
from cwtch_client import NULL, Hosted, Json, Null, convert

F = TypeVar("F", bound=Callable[..., Any])


class NumberOrNone(click.ParamType[int | Null]):
    """A whole number, or the word `none`, which takes a bound away."""

    name = "N|none"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | Null:
        if value is NULL or isinstance(value, int):
            return value
        if str(value).lower() == "none":
            return NULL
        return int(click.INT.convert(value, param, ctx))


def takes_server(function: F) -> F:
    """A command that acts on a server: its argument SERVER, which may be left out where there is only one."""
    return click.argument("id", required=False, metavar="[SERVER]", shell_complete=completion.hosted_servers)(
        function
    )


def _takes_settings(*, changing: bool) -> Callable[[F], F]:
    """The options that say what a server keeps and how it is started; where it is changed, a bound can be taken away."""
    number = NumberOrNone() if changing else click.INT
    word = "N|none" if changing else "N"
    autostart = "--autostart/--no-autostart" if changing else "--autostart"
    pow_ = "--onion-pow/--no-onion-pow" if changing else "--onion-pow"
    options = (
        click.option(
            "--description",
            metavar="TEXT",
            help="What it is for; kept unencrypted here, shown to nobody else.",
        ),
        click.option(
            autostart,
            is_flag=True,
            default=None,
            help=f"Start it {'' if changing else 'now and '}with the daemon; a sealed one where its password is put there.",
        ),
        click.option(
            "--max-messages", type=int, metavar="N", help="Keep so many messages; the oldest go first."
        ),
        click.option("--max-mib", type=int, metavar="N", help="Keep so many MiB of messages."),
        click.option("--max-hours", type=number, metavar=word, help="Keep a message so many hours."),
        click.option(
            pow_,
            is_flag=True,
            default=None,
            help="While its onions are flooded, Tor asks those who call for work.",
        ),
        click.option(
            "--intro-rate",
            type=number,
            metavar=word,
            help="With --onion-pow: let so many introductions a second through.",
        ),
        click.option(
            "--intro-burst", type=number, metavar=word, help="With --onion-pow: let so many through at once."
        ),
    )

    def add(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return add


@click.group("hosting", cls=Noun)
def hosting() -> None:
    """Servers that this daemon runs: they keep what groups say, and can't read it.

    A SERVER is named by its id or the beginning of it, its onion or its description; where there is only one, by nothing.
    """


@hosting.command("create")
@_takes_settings(changing=False)
@click.option("--unsealed", is_flag=True, help="No password: whoever has this machine's disk has the server.")
@password_sources
@click.pass_obj
def create(
    invocation: Invocation,
    /,
    unsealed: bool,
    password_file: Path | None,
    password_stdin: bool,
    **settings: object,
) -> None:
    """Make a server with new keys, sealed under a password.

    `cwtch hosting start` runs it; hand its bundle to those who are to use it. A sealed server that is to start by itself needs its
    password put there: the daemon's --password-file does. An --unsealed one does without.
    """
    if unsealed and (password_file is not None or password_stdin):
        raise Misused("--unsealed is for keys without a password: leave out one or the other.")
    password = None if unsealed else read_password(password_file, stdin=password_stdin, twice=True)
    show_one(invocation, invocation.call("hosting.create", password=password, **settings))


@hosting.command("list")
@click.pass_obj
def list_(invocation: Invocation) -> None:
    """List the servers, stopped ones too."""
    show_all(invocation, invocation.call("hosting.list"))


@hosting.command("get")
@takes_server
@click.pass_obj
def get(invocation: Invocation, id: str | None) -> None:  # noqa: A002 - the API's name for it
    """Show a server, with its bundle."""
    show_one(invocation, invocation.call("hosting.get", id=meant(invocation, id).id))


@hosting.command("bundle")
@takes_server
@click.option("--qr", "as_code", is_flag=True, help="Draw it as a QR code too, 85 columns wide.")
@click.option(
    "--svg",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the QR code to this new file.",
)
@click.option(
    "--png",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the QR code to this new file.",
)
@click.option(
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the bundle to this new file instead.",
)
@click.pass_obj
def bundle(
    invocation: Invocation,
    id: str | None,  # noqa: A002 - the API's name for it
    as_code: bool,
    svg: Path | None,
    png: Path | None,
    output: Path | None,
) -> None:
    """Print a server's bundle and nothing else: one line, which those need who are to use the server."""
    result = invocation.call("hosting.get", id=meant(invocation, id).id)
    text = bundle_of(convert(result, Hosted))
    qr.save(text, svg=svg, png=png)
    if output is not None:
        with new_file(output) as opened:
            opened.write(text.encode() + b"\n")

    def view() -> None:
        if as_code:
            invocation.output.drawing(qr.drawn(text, coloured=invocation.output.on_terminal))
        if output is None:
            invocation.output.line(text)

    invocation.show(result, view)


@hosting.command("set")
@takes_server
@_takes_settings(changing=True)
@click.pass_obj
def set_(invocation: Invocation, /, id: str | None, **settings: object) -> None:  # noqa: A002 - the API's name for it
    """Change what a server keeps and how it is started; a running one goes by it at once."""
    if all(value is None for value in settings.values()):
        raise Misused("There is nothing to change: `cwtch hosting set --help` lists what can be.")
    found = meant(invocation, id)
    show_one(invocation, invocation.call("hosting.set", id=found.id, **settings))


@hosting.command("start")
@takes_server
@takes_wait("it is announced: others can find it")
@password_sources
@click.pass_obj
def start(
    invocation: Invocation,
    id: str | None,  # noqa: A002 - the API's name for it
    wait: bool,
    timeout: float | None,
    password_file: Path | None,
    password_stdin: bool,
) -> None:
    """Run a server: those who have its bundle can use it. The password is asked for where its keys are sealed.

    One that runs already runs on.
    """
    found = meant(invocation, id)
    password = (
        read_password(password_file, stdin=password_stdin, twice=False)
        if found.sealed and found.state != "running"
        else None
    )
    result = invocation.call("hosting.start", id=found.id, password=password)
    announced = True
    if wait or timeout is not None:
        look, announced = until(
            invocation,
            lambda: invocation.call("hosting.get", id=found.id),
            _step,
            profile=None,
            types=["hosting.changed", "tor.changed"],
            seconds=timeout,
        )
        result = look if look is not None else result
    show_one(invocation, result)
    if not announced:
        raise InVain("The server runs, but is not announced yet: wait longer, or see `cwtch tor status`.")


def _step(result: Json) -> tuple[bool, str, int | None]:
    found = convert(result, Hosted)
    if found.state != "running":
        raise Failed("The server was stopped meanwhile: it is not announced any more.")
    return found.published_since is not None, "running, not announced yet", None


@hosting.command("stop")
@takes_server
@click.pass_obj
def stop(invocation: Invocation, id: str | None) -> None:  # noqa: A002 - the API's name for it
    """End a server's connections and take its onions back; what it stores is kept."""
    show_one(invocation, invocation.call("hosting.stop", id=meant(invocation, id).id))


@hosting.command("stats")
@takes_server
@click.pass_obj
def stats(invocation: Invocation, id: str | None) -> None:  # noqa: A002 - the API's name for it
    """Show a running server's sums; nothing of them tells one client from another."""
    show_stats(invocation, invocation.call("hosting.stats", id=meant(invocation, id).id))


@hosting.command("delete")
@takes_server
@click.option("--yes", is_flag=True, help="Don't ask whether it is meant.")
@password_sources
@click.pass_obj
def delete(
    invocation: Invocation,
    id: str | None,  # noqa: A002 - the API's name for it
    yes: bool,
    password_file: Path | None,
    password_stdin: bool,
) -> None:
    """Remove a server, its keys and all that it stores, for good: nobody can bring its onions back.

    It asks whether that is meant; a sealed server's password is asked for as well.
    """
    found = meant(invocation, id)
    if not yes:
        _confirm(found)
    password = read_password(password_file, stdin=password_stdin, twice=False) if found.sealed else None
    result = invocation.call("hosting.delete", id=found.id, password=password)
    invocation.show(
        result, lambda: invocation.output.line("The server is deleted, with its keys and all that it stored.")
    )


def _confirm(found: Hosted) -> None:
    if sys.stdin is None or not sys.stdin.isatty():
        raise Misused("There is no terminal to ask on whether it is meant: give --yes.")
    name = visible(found.description or short(found.id))
    if not click.confirm(f"Delete {name!r} for good?", err=True):
        raise Failed("Nothing was deleted.")

"""`cwtch server …`: servers that a profile uses, which anybody may run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from cwtch_cli import completion
from cwtch_cli.command import Noun, takes_profile
from cwtch_cli.connect import Invocation, bare
from cwtch_cli.errors import Misused
from cwtch_cli.follow import Follower, Heard, Told
from cwtch_cli.output import SHORT, moment, short, visible
from cwtch_cli.password import read_stdin
from cwtch_cli.progress import Progress
from cwtch_client import BadAnswer, Json, Server, ServerConnection, convert

_BUNDLE_BYTES = 1 << 16
_SYNC_SECONDS = 86_400.0
"""A first sync over Tor may take hours; whoever has waited enough presses Ctrl-C."""

takes_server = click.argument("server", shell_complete=completion.servers)


@click.group("server", cls=Noun)
def server() -> None:
    """Servers that the profile uses: they store what groups say, and can't read it.

    A SERVER is named by its id, or by its onion or the beginning of that. `cwtch hosting` is about servers that run here.
    """


@server.command("add")
@click.argument("bundle", required=False)
@click.option(
    "--file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Read the bundle from a file instead.",
)
@takes_profile
@click.pass_obj
def add(invocation: Invocation, bundle: str | None, file: Path | None) -> None:
    """Use the server of BUNDLE, the text `server:…` that its operator hands out; `-` reads it from standard input.

    Its keys are trusted as they are now and must never change: compare the bundle with somebody who has it from elsewhere.
    """
    show_one(invocation, invocation.call_on_profile("server.add", bundle=_read(bundle, file)))


@server.command("list")
@takes_profile
@click.pass_obj
def list_(invocation: Invocation) -> None:
    """List the servers that the profile uses."""
    result = invocation.call_on_profile("server.list")

    def view(found: Sequence[Server]) -> None:
        invocation.output.rows(
            ("ID", "STATE", "SYNCED", "MESSAGES", "TOKENS", "WAITING", "CAUGHT AT", "ONION"),
            [
                (
                    str(each.id),
                    each.state,
                    moment(each.last_synced_at),
                    str(each.messages),
                    str(each.tokens),
                    str(each.waiting),
                    ", ".join(each.faults),
                    each.onion,
                )
                for each in found
            ],
            "The profile uses no server: `cwtch server add BUNDLE` begins with one.",
        )

    invocation.show(result, lambda: view(convert(result, list[Server])))


@server.command("get")
@takes_server
@takes_profile
@click.pass_obj
def get(invocation: Invocation, server: str) -> None:
    """Show a server that the profile uses."""
    show_one(invocation, invocation.call_on_profile("server.get", server=_meant(invocation, server)))


@server.command("remove")
@takes_server
@takes_profile
@click.pass_obj
def remove(invocation: Invocation, server: str) -> None:
    """Use a server no more: its tokens, and what waits to be posted there, are gone."""
    result = invocation.call_on_profile("server.remove", server=_meant(invocation, server))
    invocation.show(result, lambda: invocation.output.line("The server is used no more."))


@server.command("sync")
@takes_server
@takes_profile
@click.pass_obj
def sync(invocation: Invocation, server: str) -> None:
    """Wait until everything that a server stores was received, with progress on standard error."""
    invocation.seconds = _SYNC_SECONDS
    found = _meant(invocation, server)
    with Progress() as progress:
        follower = Follower(invocation.another_client(), lambda heard: _tell(progress, found, heard))
        follower.start(invocation.profile_id(), None, ["server.progress"])
        try:
            result = invocation.call_on_profile("server.sync", server=found)
        finally:
            follower.stop()
    show_one(invocation, result)


def _tell(progress: Progress, server: int, heard: Heard) -> None:
    data: Any = heard.raw.get("data") if isinstance(heard, Told) else None
    if not isinstance(data, dict) or data.get("server") != server:
        return
    try:
        found = convert(data.get("connection"), ServerConnection)
    except BadAnswer:
        return
    if found.state == "authenticated" and found.announced:
        progress.show(
            f"received {found.received} of {found.announced}",
            min(100, 100 * found.received // found.announced),
        )
    else:
        progress.show(found.state, None)


def _read(bundle: str | None, file: Path | None) -> str:
    if (bundle is None) == (file is None):
        raise Misused("Say where the bundle is: the text itself, `-`, or --file FILE.")
    try:
        if file is not None:
            with file.open("rb") as opened:
                read = opened.read(_BUNDLE_BYTES)
        elif bundle == "-":
            read = read_stdin(_BUNDLE_BYTES)
        else:
            return bundle or ""
        return read.decode("ascii").strip()
    except OSError as error:
        raise Misused(f"The file {file} can't be read ({error.strerror}): name another.") from None
    except UnicodeDecodeError:
        raise Misused("What was read is no bundle: that is one text that begins with server:.") from None


def _meant(invocation: Invocation, word: str) -> int:
    """The id of the server that a word names."""
    every = convert(invocation.call_on_profile("server.list"), list[Server])
    onion = bare(word)
    begun = onion.removesuffix("…")
    fitting = [
        each
        for each in every
        if word == str(each.id)
        or onion == each.onion
        or (len(begun) >= SHORT and each.onion.startswith(begun))
    ]
    if len(fitting) == 1:
        return fitting[0].id
    if fitting:
        several = " and ".join(f"{short(each.onion)} (id {each.id})" for each in fitting)
        raise Misused(f"{visible(word)!r} may be {several}: give the id.")
    raise Misused(
        f"The profile uses no server with the id or onion {visible(word)!r}: `cwtch server list` shows what there is."
    )


def show_one(invocation: Invocation, result: Json) -> None:
    """Prints a server that is used."""
    invocation.show(result, lambda: _one(invocation, convert(result, Server)))


def _one(invocation: Invocation, found: Server) -> None:
    connection = found.connection
    facts = [
        ("id", str(found.id)),
        ("onion", found.onion),
        ("token onion", found.token_onion or "-"),
        ("state", found.state),
        ("added", moment(found.added_at)),
        ("synced", moment(found.last_synced_at)),
        ("messages", str(found.messages)),
        ("tokens", str(found.tokens)),
        ("waiting to be posted", str(found.waiting)),
    ]
    if connection is not None and connection.last_failure:
        facts.append(("last failure", connection.last_failure))
    if connection is not None and connection.work_tried is not None:
        facts.append(("work for tokens", f"tried {connection.work_tried} times so far"))
    if found.faults:
        facts.append(("caught at", ", ".join(found.faults)))
    if found.distrusted:
        facts.append(("warning", "it contradicted its own keys: nothing is posted there any more"))
    invocation.output.facts(facts)
    invocation.output.line(f"bundle: {found.bundle or '-'}")

"""`cwtch daemon …` and `cwtch rpc …`: the daemon itself, and its API's description."""

import click

from cwtch_cli import tor
from cwtch_cli.command import Noun
from cwtch_cli.connect import Invocation
from cwtch_cli.output import duration
from cwtch_client import DaemonStatus, convert


@click.group("daemon", cls=Noun)
def daemon() -> None:
    """The daemon: how it stands, and its end."""


@daemon.command("status")
@click.pass_obj
def status(invocation: Invocation) -> None:
    """Say what the daemon is doing."""
    result = invocation.call("daemon.status")

    def view() -> None:
        found = convert(result, DaemonStatus)
        invocation.output.facts(
            [
                ("version", found.version),
                ("socket", str(invocation.path)),
                ("running for", duration(found.uptime)),
                ("open profiles", str(found.profiles)),
                *((f"tor {name}", value) for name, value in tor.facts(found.tor)),
            ]
        )

    invocation.show(result, view)


@daemon.command("shutdown")
@click.pass_obj
def shutdown(invocation: Invocation) -> None:
    """End the daemon, and the tor that it started."""
    result = invocation.call("daemon.shutdown")
    invocation.show(result, lambda: invocation.output.line("The daemon is ending."))


@click.group("rpc", cls=Noun)
def rpc() -> None:
    """The API that all commands use."""


@rpc.command("discover")
@click.pass_obj
def discover(invocation: Invocation) -> None:
    """Print the API's description, an OpenRPC document; it is JSON with or without --json."""
    invocation.output.json(invocation.call("rpc.discover"))

"""`cwtch daemon …` and `cwtch rpc …`: the daemon itself, and its API's description."""

import click

from cwtch_cli import standing
from cwtch_cli.command import Noun
from cwtch_cli.connect import Invocation
from cwtch_client import DaemonStatus, convert


@click.group("daemon", cls=Noun)
def daemon() -> None:
    """The daemon: how it stands, and its end."""


@daemon.command("status")
@click.pass_obj
def status(invocation: Invocation) -> None:
    """Say what works, and since when that is proved: Tor, your own addresses, the way to each contact.

    A proof is something that came through: a circuit that Tor built, a call of the daemon to its own address, a word of the
    contact. What is alive but was never proved may be deaf.
    """
    result = invocation.call("daemon.status")
    invocation.show(result, lambda: standing.show(invocation, convert(result, DaemonStatus)))


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

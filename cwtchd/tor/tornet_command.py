"""`cwtchd tornet`: the private Tor network on the command line."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from cwtchd.tor import network
from cwtchd.tor.network import NetworkFailed

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_folder = click.option(
    "--dir",
    "folder",
    required=True,
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="The network's folder.",
)


@click.group()
def tornet() -> None:
    """A private Tor network on loopback, for demos, development and tests without Internet."""


@tornet.command()
@_folder
@click.option(
    "--relays", default=5, show_default=True, metavar="N", help="Relays beside the 3 authorities, 4 or more."
)
def start(folder: Path, relays: int) -> None:
    """Start a network in DIR; returns when onion services work on it.

    DIR/client.torrc has the lines with which any tor joins; `cwtchd run --tor-network DIR` does so.
    """
    with _signals() as asked:
        try:
            network.start(folder, relays, say=_say, interrupted=lambda: bool(asked))
        except NetworkFailed as error:
            raise click.ClickException(str(error)) from error


@tornet.command()
@_folder
def status(folder: Path) -> None:
    """Say how the network of DIR stands; exit status 1 if it does not run whole."""
    found = network.status(folder)
    click.echo(found.sentence)
    if not found.running:
        raise click.exceptions.Exit(1)


@tornet.command()
@_folder
def stop(folder: Path) -> None:
    """End the network of DIR and remove what it made there."""
    try:
        network.stop(folder, _say)
    except NetworkFailed as error:
        raise click.ClickException(str(error)) from error


def _say(sentence: str) -> None:
    try:
        click.echo(sentence)
    except BrokenPipeError:
        # Whoever read has gone; that is no reason to leave a network half-started.
        return


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Notes signals instead of dying of them, so that nothing is left behind."""
    asked: list[int] = []
    before = {number: signal.signal(number, lambda got, _: asked.append(got)) for number in _ENDING}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

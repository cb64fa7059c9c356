"""The command line: `cwtchd run`, the daemon itself in the foreground, and `cwtchd tornet`, a private Tor network."""

import os
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import click
import platformdirs

import cwtchd
from cwtchd.config import Config, TorChoice
from cwtchd.tor.addresses import AddressUnclear, parse
from cwtchd.tor.tornet_command import tornet

HOME_VARIABLE = "CWTCHD_HOME"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(cwtchd.__version__, prog_name="cwtchd")
def main() -> None:
    """An independent Cwtch daemon: messages over Tor onion services, driven over a local socket (see `cwtch`)."""


main.add_command(tornet)


@main.command()
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    help="Where everything is kept. Default: $CWTCHD_HOME, else the platform's data directory.",
)
@click.option(
    "--socket",
    "socket_path",
    type=click.Path(path_type=Path),
    help="Where the API answers. Default: $XDG_RUNTIME_DIR/cwtchd/cwtchd.sock, or cwtchd.sock in a named home.",
)
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A TOML file with the keys home, socket, tor and tor_network; an option on the command line wins.",
)
@click.option(
    "--tor",
    "tor",
    metavar="own|HOST:PORT|unix:PATH",
    help="A tor of the daemon's own (default), or the control port of a running one.",
)
@click.option(
    "--tor-network",
    type=click.Path(path_type=Path),
    help="The folder of a private network made by `cwtchd tornet`.",
)
def run(
    home: Path | None,
    socket_path: Path | None,
    config_file: Path | None,
    tor: str | None,
    tor_network: Path | None,
) -> None:
    """Runs the daemon in the foreground until it is told to stop."""
    given = {"home": home, "socket": socket_path, "tor": tor, "tor_network": tor_network}
    config = configured(
        {**_read(config_file), **{key: str(value) for key, value in given.items() if value is not None}},
        os.environ,
    )
    # The reactor is chosen before anything of Twisted that would install another.
    from twisted.internet import asyncioreactor  # noqa: PLC0415 - see above

    asyncioreactor.install()  # type: ignore[no-untyped-call]
    from cwtchd.daemon import run_daemon  # noqa: PLC0415 - see above

    sys.exit(run_daemon(config))


def _read(config_file: Path | None) -> dict[str, str]:
    if config_file is None:
        return {}
    try:
        content = tomllib.loads(config_file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError):
        raise click.ClickException(
            "The --config file can't be read as TOML: correct it, or leave it out."
        ) from None
    unknown = sorted(set(content) - {"home", "socket", "tor", "tor_network"})
    if unknown or not all(isinstance(value, str) for value in content.values()):
        raise click.ClickException(
            "The --config file holds something else than the texts home, socket, tor and tor_network: correct it."
        )
    return content


def configured(given: Mapping[str, str], environment: Mapping[str, str]) -> Config:
    """The Config of what was given, with the contract's defaults (rpc.md, Transport and Starting it)."""
    for name, value in given.items():
        if not value or "\0" in value:
            raise click.ClickException(
                f"The value of {name} is empty, or no text that can be a path: correct it, or leave it out."
            )
    named = given.get("home") or environment.get(HOME_VARIABLE)
    home = Path(named or platformdirs.user_data_dir("cwtchd", appauthor=False)).absolute()
    runtime = environment.get("XDG_RUNTIME_DIR")
    if "socket" in given:
        socket_path = Path(given["socket"]).absolute()
    elif named or not runtime:
        socket_path = home / "cwtchd.sock"
    else:
        socket_path = Path(runtime) / "cwtchd" / "cwtchd.sock"
    attach = given.get("tor", "own")
    network = Path(given["tor_network"]).absolute() if "tor_network" in given else None
    if network is not None and not (network / "client.torrc").is_file():
        raise click.ClickException(
            "There is no private network in that folder: start one with `cwtchd tornet start --dir DIR`."
        )
    if attach != "own":
        try:
            parse(attach)
        except AddressUnclear as error:
            raise click.ClickException(str(error)) from error
    if network is not None and attach != "own":
        raise click.ClickException("--tor-network is for a tor of the daemon's own: leave --tor out.")
    return Config(home, socket_path, TorChoice(None if attach == "own" else attach, network))


if __name__ == "__main__":
    main()

"""The command line: `cwtchd run`, the daemon itself in the foreground, and `cwtchd tornet`, a private Tor network."""

import os
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import platformdirs

import cwtchd
from cwtchd.config import Config, TorChoice
from cwtchd.credential import PasswordSources, SecretFile, named
from cwtchd.tor.addresses import AddressUnclear, parse
from cwtchd.tor.tornet_command import tornet

HOME_VARIABLE = "CWTCHD_HOME"
CREDENTIALS_VARIABLE = "CREDENTIALS_DIRECTORY"

CONFIG_KEYS = ("home", "socket", "tor", "tor_network", "tor_password_file", "password_file")
"""What a --config file may hold, each a text."""


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
    help=f"A TOML file with the keys {', '.join(CONFIG_KEYS)}; an option on the command line wins.",
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
@click.option(
    "--tor-password-file",
    type=click.Path(path_type=Path),
    help="Holds the password of a running tor's control port, where that gives no cookie.",
)
@click.option(
    "--password-file",
    "password_files",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Holds a password whose profiles are opened at the start. May be given more than once.",
)
@click.option(
    "--password-fd",
    "password_descriptors",
    type=click.IntRange(0),
    multiple=True,
    help="An open descriptor from which such a password is read, to its end. May be given more than once.",
)
def run(
    home: Path | None,
    socket_path: Path | None,
    config_file: Path | None,
    tor: str | None,
    tor_network: Path | None,
    tor_password_file: Path | None,
    password_files: tuple[Path, ...],
    password_descriptors: tuple[int, ...],
) -> None:
    """Runs the daemon in the foreground until it is told to stop.

    Each file in $CREDENTIALS_DIRECTORY whose name begins with `password` opens its profiles like a --password-file.
    """
    given = {
        "home": home,
        "socket": socket_path,
        "tor": tor,
        "tor_network": tor_network,
        "tor_password_file": tor_password_file,
    }
    _keep_for_ourselves(password_descriptors)
    config = configured(
        {**_read(config_file), **{key: str(value) for key, value in given.items() if value is not None}},
        os.environ,
        password_files,
        password_descriptors,
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
    if set(content) - set(CONFIG_KEYS) or not all(isinstance(value, str) for value in content.values()):
        raise click.ClickException(
            f"The --config file holds something else than the texts {', '.join(CONFIG_KEYS)}: correct it."
        )
    return content


def _keep_for_ourselves(descriptors: Sequence[int]) -> None:
    """Checks what --password-fd names, before any descriptor of the daemon's own could bear such a number."""
    try:
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
    except OSError:
        raise click.ClickException(
            "--password-fd names a descriptor that is not open: open it in the command, as in `3<FILE`."
        ) from None
    if len(set(descriptors)) < len(descriptors) or set(descriptors) & {
        sys.stdout.fileno(),
        sys.stderr.fileno(),
    }:
        raise click.ClickException(
            "--password-fd names a descriptor twice, or one that is written to: name another."
        )


def configured(
    given: Mapping[str, str],
    environment: Mapping[str, str],
    password_files: Sequence[Path] = (),
    password_descriptors: Sequence[int] = (),
) -> Config:
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
    named_credentials = environment.get(CREDENTIALS_VARIABLE)
    credentials = Path(named_credentials).absolute() if named_credentials else None
    if not password_files and "password_file" in given:
        password_files = (Path(given["password_file"]),)
    files = tuple(file.absolute() for file in password_files)
    return Config(
        home,
        socket_path,
        _tor_choice(given, credentials),
        passwords=PasswordSources(files, tuple(password_descriptors), credentials),
    )


def _tor_choice(given: Mapping[str, str], credentials: Path | None) -> TorChoice:
    attach = given.get("tor", "own")
    network = Path(given["tor_network"]).absolute() if "tor_network" in given else None
    if network is not None and not (network / "client.torrc").is_file():
        raise click.ClickException(
            "There is no private network in that folder: start one with `cwtchd tornet start --dir DIR`."
        )
    if attach == "own":
        if "tor_password_file" in given:
            raise click.ClickException("--tor-password-file is for a running tor: name that one with --tor.")
        return TorChoice(None, network)
    try:
        parse(attach)
    except AddressUnclear as error:
        raise click.ClickException(str(error)) from error
    if network is not None:
        raise click.ClickException("--tor-network is for a tor of the daemon's own: leave --tor out.")
    if "tor_password_file" in given:
        password: SecretFile | None = SecretFile(Path(given["tor_password_file"]).absolute())
    else:
        password = None if credentials is None else next(iter(named(credentials, "tor-password")), None)
    return TorChoice(attach, password=password)


if __name__ == "__main__":
    main()

"""The command line: `cwtchd run`, the daemon itself in the foreground; `serve`, one that is only a server; `tornet`, a private Tor
network; `rpc`, a pipe to a daemon that runs.
"""

import contextlib
import os
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import cast

import click
import platformdirs

import cwtchd
from cwtchd.config import EVENTS_KEPT, EVENTS_KEPT_LEAST, Config, HttpAddress, Serving, TorChoice
from cwtchd.credential import PasswordSources, SecretFile, Unusable, named
from cwtchd.rpc.bridge import NoDaemon, over_stdio
from cwtchd.tor.addresses import AddressUnclear, parse
from cwtchd.tor.tornet_command import tornet

HOME_VARIABLE = "CWTCHD_HOME"
CREDENTIALS_VARIABLE = "CREDENTIALS_DIRECTORY"

CONFIG_KEYS = (
    "home",
    "socket",
    "tor",
    "tor_network",
    "tor_password_file",
    "password_file",
    "group",
    "http",
    "metrics",
    "events_kept",
)
"""What a --config file may hold, each a text; `events_kept`, how many rows of each event log stay, a number."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(cwtchd.__version__, prog_name="cwtchd")
def main() -> None:
    """An independent Cwtch daemon: messages over Tor onion services, driven over a local socket (see `cwtch`)."""


main.add_command(tornet)


Command = Callable[..., None]

DAEMON_OPTIONS: tuple[Callable[[Command], Command], ...] = (
    click.option(
        "--home",
        type=click.Path(path_type=Path),
        help="Where everything is kept. Default: $CWTCHD_HOME, else the platform's data directory.",
    ),
    click.option(
        "--socket",
        "socket",
        type=click.Path(path_type=Path),
        help="Where the API answers. Default: $XDG_RUNTIME_DIR/cwtchd/cwtchd.sock, or cwtchd.sock in a named home.",
    ),
    click.option(
        "--config",
        "config_file",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help=f"A TOML file with the keys {', '.join(CONFIG_KEYS)}; an option on the command line wins.",
    ),
    click.option(
        "--tor",
        "tor",
        metavar="own|HOST:PORT|unix:PATH",
        help="A tor of the daemon's own (default), or the control port of a running one.",
    ),
    click.option(
        "--tor-network",
        type=click.Path(path_type=Path),
        help="The folder of a private network made by `cwtchd tornet`.",
    ),
    click.option(
        "--group",
        metavar="NAME",
        help="Members of this UNIX group may connect to the socket; each call of theirs needs a token.",
    ),
    click.option(
        "--http",
        metavar="[HOST:]PORT",
        help="Answers HTTP POST and WebSockets on loopback too, for callers with a token. Off by default.",
    ),
    click.option(
        "--metrics",
        metavar="[HOST:]PORT",
        help="Tells sums of the servers that it runs to Prometheus on loopback, at /metrics. Off by default.",
    ),
    click.option(
        "--tor-password-file",
        type=click.Path(path_type=Path),
        help="Holds the password of a running tor's control port, where that gives no cookie.",
    ),
    click.option(
        "--password-file",
        "password_files",
        type=click.Path(path_type=Path),
        multiple=True,
        help="Holds a password whose profiles are opened at the start. May be given more than once.",
    ),
    click.option(
        "--password-fd",
        "password_descriptors",
        type=click.IntRange(0),
        multiple=True,
        help="An open descriptor from which such a password is read, to its end. May be given more than once.",
    ),
)
"""What every daemon is told, whether it is one or only serves."""


def daemon_options(command: Command) -> Command:
    """Takes DAEMON_OPTIONS, in their order."""
    for option in reversed(DAEMON_OPTIONS):
        command = option(command)
    return command


@main.command()
@daemon_options
def run(**given: object) -> None:
    """Runs the daemon in the foreground until it is told to stop.

    Each file in $CREDENTIALS_DIRECTORY whose name begins with `password` opens its profiles like a --password-file.
    """
    _launch(given, None)


@main.command()
@daemon_options
@click.option(
    "--description", default="", metavar="TEXT", help="What a new server is for; only this machine knows."
)
def serve(description: str, **given: object) -> None:
    """Runs a daemon that is only a server, and makes that server where the home has none.

    The first line of the output is its bundle, which you hand to those who are to use it. With a --password-file the keys of
    a new server are sealed under that password, without one they lie in the clear.
    """
    _launch(given, Serving(description))


def _launch(given: Mapping[str, object], serving: Serving | None) -> None:
    files = cast("tuple[Path, ...]", given["password_files"])
    descriptors = cast("tuple[int, ...]", given["password_descriptors"])
    config_file = cast("Path | None", given["config_file"])
    named_here = {key: str(given[key]) for key in CONFIG_KEYS if given.get(key) is not None}
    _keep_for_ourselves(descriptors)
    config = configured({**_read(config_file), **named_here}, os.environ, files, descriptors, serving)
    # The reactor is chosen before anything of Twisted that would install another.
    from twisted.internet import asyncioreactor  # noqa: PLC0415 - see above

    asyncioreactor.install()  # type: ignore[no-untyped-call]
    from cwtchd.daemon import run_daemon  # noqa: PLC0415 - see above

    sys.exit(run_daemon(config))


@main.command()
@click.option("--stdio", is_flag=True, help="Over standard input and output, a JSON value a line.")
@click.option("--socket", "socket_path", metavar="PATH", help="The daemon's socket. Default: $CWTCHD_SOCKET.")
@click.option("--home", metavar="DIR", help="The daemon's home, whose socket is used. Default: $CWTCHD_HOME.")
def rpc(stdio: bool, socket_path: str | None, home: str | None) -> None:
    """Carries JSON-RPC between a pipe and the daemon that runs, as in `ssh node cwtchd rpc --stdio`."""
    if not stdio:
        raise click.UsageError("Say over what: --stdio.")
    socket_named = socket_path or os.environ.get("CWTCHD_SOCKET")
    given = {"socket": socket_named, "home": home}
    path = configured({key: value for key, value in given.items() if value}, os.environ).socket
    try:
        caller_ended = over_stdio(path)
    except NoDaemon as error:
        raise click.ClickException(str(error)) from None
    if not caller_ended:
        raise click.ClickException("The daemon ended the connection: see whether it still runs.")


def _read(config_file: Path | None) -> dict[str, str]:
    if config_file is None:
        return {}
    try:
        content = tomllib.loads(config_file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError):
        raise click.ClickException(
            "The --config file can't be read as TOML: correct it, or leave it out."
        ) from None
    fitting = all(
        type(value) is (int if key == "events_kept" else str) and key in CONFIG_KEYS
        for key, value in content.items()
    )
    if not fitting:
        raise click.ClickException(
            f"The --config file holds something else than the texts {', '.join(CONFIG_KEYS)}"
            " (events_kept is a number): correct it."
        )
    return {key: str(value) for key, value in content.items()}


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
    serving: Serving | None = None,
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
        group=given.get("group"),
        http=_loopback("--http", given["http"]) if "http" in given else None,
        metrics=_loopback("--metrics", given["metrics"]) if "metrics" in given else None,
        events_kept=_events_kept(given.get("events_kept")),
        passwords=PasswordSources(files, tuple(password_descriptors), credentials),
        serving=serving,
    )


def _loopback(option: str, text: str) -> HttpAddress:
    host, _, port = text.rpartition(":")
    if host not in ("", "127.0.0.1", "localhost"):
        raise click.ClickException(
            f"{option} is for this machine only: name 127.0.0.1 or a port alone, and bring others in by SSH or an onion."
        )
    if not port.isascii() or not port.isdecimal() or int(port) >= 1 << 16:
        raise click.ClickException(f"{option} is [HOST:]PORT, with a port from 1 to 65535: correct it.")
    return HttpAddress("127.0.0.1", int(port))


def _events_kept(text: str | None) -> int:
    kept = EVENTS_KEPT if text is None else int(text)
    if kept < EVENTS_KEPT_LEAST:
        raise click.ClickException(f"events_kept is at least {EVENTS_KEPT_LEAST}: name a larger number.")
    return kept


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
        return TorChoice(attach, password=SecretFile(Path(given["tor_password_file"]).absolute()))
    if credentials is not None:
        with contextlib.suppress(Unusable):  # the log says so, for the profiles' passwords
            return TorChoice(attach, password=next(iter(named(credentials, "tor-password")), None))
    return TorChoice(attach)


if __name__ == "__main__":
    main()

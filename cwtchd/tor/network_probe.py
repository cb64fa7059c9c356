"""Does the private network carry onion services? A throw-away tor publishes one, dials it, and bytes go there and back."""

import secrets
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from cwtchd.config import PEER_PORT
from cwtchd.protocol.machines.socks import SocksClient, SocksRefused
from cwtchd.tor.blocking_control import BlockingControl, ControlFailed, receive
from cwtchd.tor.sockets import SocketFolder
from cwtchd.tor.torrc import quoted

_STEP_SECONDS = 0.1
_TRIES = 20
_TRY_SECONDS = 8
"""A lone attempt may hang on one bad circuit for two minutes; another is soon through."""


class ProbeFailed(Exception):
    """The trial went wrong. The text is a sentence."""


def client_torrc(common: str, data: Path, control: Path, socks: Path, owner: int) -> str:
    """The trial tor's settings. It ends with `owner`."""
    return (
        f"{common}DataDirectory {quoted(data)}\nControlPort unix:{quoted(control)}\nCookieAuthentication 1\n"
        f"SocksPort unix:{quoted(socks)}\nLog notice stdout\n__OwningControllerProcess {owner}\n"
    )


def prove(
    run: Callable[[Path, Path], None], data: Path, say: Callable[[str], None], pause: Callable[[], None]
) -> None:
    """Returns when an onion service of this network was reached. `run` starts the trial tor on a control and a SOCKS socket.

    `pause` is called while waiting, and may raise. Raises ProbeFailed.
    """
    sockets = SocketFolder()
    try:
        control, socks = sockets.new(), sockets.new()
        run(control, socks)
        cookie = data / "control_auth_cookie"
        while not (control.exists() and cookie.exists()):
            pause()
        _prove(control, cookie, socks, sockets.new(), say, pause)
    except ControlFailed as error:
        raise ProbeFailed(str(error)) from error
    finally:
        sockets.remove()


def _prove(
    control: Path,
    cookie: Path,
    socks: Path,
    echo: Path,
    say: Callable[[str], None],
    pause: Callable[[], None],
) -> None:
    with ExitStack() as ends:
        tor = BlockingControl(control, cookie, pause)
        ends.callback(tor.close)
        tor.ask("TAKEOWNERSHIP")
        tor.ask("SETEVENTS STATUS_CLIENT HS_DESC")
        if "PROGRESS=100" not in tor.ask("GETINFO status/bootstrap-phase"):
            tor.wait_for("STATUS_CLIENT NOTICE BOOTSTRAP PROGRESS=100")
        say("The directory is there; trying an onion service …")
        listener = ends.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(str(echo))
        listener.listen()
        listener.settimeout(_STEP_SECONDS)
        for number in range(_TRIES):
            added = tor.ask(f"ADD_ONION NEW:ED25519-V3 Flags=DiscardPK Port={PEER_PORT},unix:{echo}")
            onion = added.partition("ServiceID=")[2].split()[0]
            tor.wait_for(f"HS_DESC UPLOADED {onion}")
            if _echoes(socks, listener, onion, number, pause):
                return
            tor.ask(f"DEL_ONION {onion}")
    raise ProbeFailed("The trial onion service was published, but could not be dialled.")


def _echoes(socks: Path, listener: socket.socket, onion: str, number: int, pause: Callable[[], None]) -> bool:
    request = SocksClient(f"{onion}.onion", PEER_PORT, b"%d" % number, b"trial")
    greeting = secrets.token_bytes(64)
    give_up = time.monotonic() + _TRY_SECONDS

    def pause_a_try() -> None:
        pause()
        if time.monotonic() > give_up:
            raise ControlFailed("One attempt took too long.")

    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(_STEP_SECONDS)
        caller.connect(str(socks))
        caller.sendall(request.start())
        try:
            while not request.connected:
                caller.sendall(request.receive_data(receive(caller, pause_a_try)))
            caller.sendall(greeting)
            called, _ = listener.accept()
            with called:
                called.settimeout(_STEP_SECONDS)
                called.sendall(_read(called, len(greeting), pause_a_try))
                return _read(caller, len(greeting), pause_a_try) == greeting
        except (SocksRefused, ControlFailed, TimeoutError):
            return False


def _read(connection: socket.socket, size: int, pause: Callable[[], None]) -> bytes:
    data = b""
    while len(data) < size:
        data += receive(connection, pause)
    return data

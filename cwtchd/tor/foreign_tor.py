"""A tor that is not ours: attached to, never shut down. What we add to it goes when our control connection does."""

import os

from twisted.internet.defer import Deferred, succeed

from cwtchd.credential import SecretFile
from cwtchd.tor.addresses import AddressUnclear, ITorReactor, TcpAddress, UnixAddress, parse, parse_listeners
from cwtchd.tor.control import ControlLink, RunningTor, TorGone, TorRefused, TorUnready, connect

LOOPBACK_WARNING = (
    "This tor may be unable to reach a UNIX socket of ours, so onions listen on loopback TCP: any user of this machine "
    "could connect there and learn that an onion is here. Attach through a unix: control port of a tor of your own user."
)


async def attach(reactor: ITorReactor, where: str, password: SecretFile | None = None) -> RunningTor:
    """Attaches to the tor whose control port is `HOST:PORT` or `unix:PATH`. Raises TorUnready."""
    try:
        address = parse(where)
    except AddressUnclear as error:
        raise TorUnready(str(error)) from error
    link = await connect(reactor, address, password)
    try:
        listeners = parse_listeners(await link.ask("GETINFO net/listeners/socks"))
        same_user = isinstance(address, UnixAddress) and await _is_of_our_user(link)
    except (TorGone, TorRefused) as error:
        link.hang_up()
        raise TorUnready("The tor hung up, or does not say where its SocksPort is.") from error
    except BaseException:
        link.hang_up()
        raise
    usable = [at for at in listeners if isinstance(at, TcpAddress) or os.access(at.path, os.R_OK | os.W_OK)]
    if not usable:
        link.hang_up()
        raise TorUnready(
            "That tor has no SocksPort that this user can reach: add `SocksPort 9050` to its torrc."
        )
    return RunningTor(
        link, usable[0], same_user, None if same_user else LOOPBACK_WARNING, lambda: _leave(link)
    )


async def _is_of_our_user(link: ControlLink) -> bool:
    """Whether that tor can reach a socket of ours: the kernel names who began to listen, tor who it has become since."""
    if link.peer_uid != os.getuid():
        return False
    try:
        return await link.ask("GETINFO process/uid") == f"process/uid={os.getuid()}"
    except TorRefused:
        return False


def _leave(link: ControlLink) -> "Deferred[None]":
    link.hang_up()
    return succeed(None)

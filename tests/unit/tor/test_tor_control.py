"""ControlLink against a control port that the test plays: no command's text gets out, refusals and ends are told apart."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_twisted import blockon
from twisted.internet.address import IPv4Address
from twisted.internet.defer import maybeDeferred
from twisted.internet.interfaces import ITransport
from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineOnlyReceiver

from cwtchd.tor import control, foreign_tor
from cwtchd.tor.addresses import TcpAddress, UnixAddress
from cwtchd.tor.control import TorGone, TorRefused, TorUnready
from cwtchd.tor.sockets import SocketFolder
from tests.support.reactor import reactor, until

KEY = "ED25519-V3:c2VjcmV0"


class Port(LineOnlyReceiver):
    """A control port that answers what its factory says."""

    transport: ITransport

    def connectionMade(self) -> None:
        assert isinstance(self.factory, Ports)
        self.ports = self.factory
        self.ports.streams.append(self)

    def lineReceived(self, line: bytes) -> None:
        command = line.decode()
        self.ports.commands.append(command)
        for start, answer in self.ports.answers.items():
            if command.startswith(start):
                self.transport.write(answer.replace("\n", "\r\n").encode())
                return
        if not command.startswith("HANG"):
            self.transport.write(b"250 OK\r\n")


class Ports(Factory[Port]):
    protocol = Port
    noisy = False

    def __init__(self) -> None:
        self.commands: list[str] = []
        self.streams: list[Port] = []
        self.answers = {
            "PROTOCOLINFO": '250-PROTOCOLINFO 1\n250-AUTH METHODS=NULL\n250-VERSION Tor="0.4.9"\n250 OK\n',
            "GETINFO signal/names": "250-signal/names=NEWNYM\n250 OK\n",
            "GETINFO version": "250-version=0.4.9\n250 OK\n",
            "GETINFO events/names": "250-events/names=HS_DESC STATUS_CLIENT\n250 OK\n",
            "GETINFO process/uid": f"250-process/uid={os.getuid()}\n250 OK\n",
            "GETINFO net/listeners/socks": '250-net/listeners/socks="127.0.0.1:9050"\n250 OK\n',
            "ADD_ONION": "550 Onion address collision\n",
        }


class Here:
    def __init__(self, folder: SocketFolder) -> None:
        self.ports = Ports()
        self.path = folder.new()
        self.port = reactor.listenUNIX(str(self.path), self.ports)  # type: ignore[arg-type]


@pytest.fixture
def here() -> Iterator[Here]:
    folder = SocketFolder()
    found = Here(folder)
    yield found
    for stream in found.ports.streams:
        stream.transport.loseConnection()
    blockon(maybeDeferred(found.port.stopListening))
    folder.remove()


async def test_commands_are_answered_refused_or_cut_off_and_never_quoted(here: Here) -> None:
    link = await control.connect(reactor, UnixAddress(here.path))
    assert (link.version, link.peer_uid) == ("0.4.9", os.getuid())
    assert await link.ask("DEL_ONION x") in {"", "OK"}
    with pytest.raises(TorRefused) as refusal:
        await link.ask(f"ADD_ONION {KEY}")
    assert refusal.value.code == 550
    hanging = link.ask(f"HANG {KEY}")
    queued = link.ask(f"HANG AGAIN {KEY}")
    gone = link.when_gone()
    here.ports.streams[0].transport.loseConnection()
    await gone
    late = link.ask(f"HANG LATE {KEY}")
    for asked in (hanging, queued, late):
        with pytest.raises(TorGone) as end:
            await asked
        error: BaseException | None = end.value
        while error is not None:
            assert KEY not in f"{error} {error!r}"
            error = error.__cause__ or error.__context__
    assert link.gone


async def test_events_are_heard_from_when_they_are_asked_for(here: Here) -> None:
    link = await control.connect(reactor, UnixAddress(here.path))
    heard: list[str] = []
    await link.listen("HS_DESC", heard.append)
    here.ports.streams[0].transport.write(
        b"650 HS_DESC UPLOADED abc UNKNOWN $AA\r\n650 STATUS_CLIENT NOTICE X\r\n"
    )
    await until(lambda: heard)
    assert heard == ["UPLOADED abc UNKNOWN $AA"]


async def test_cancelling_a_wait_for_the_end_is_no_end(here: Here) -> None:
    link = await control.connect(reactor, UnixAddress(here.path))
    outcome: list[object] = []
    waiting = link.when_gone()
    waiting.addBoth(outcome.append)
    waiting.cancel()
    assert outcome
    assert outcome != [None]
    assert not link.gone


@pytest.mark.parametrize(
    "protocolinfo",
    [
        "250-PROTOCOLINFO 1\n250-AUTH METHODS=HASHEDPASSWORD\n250 OK\n",
        '250-PROTOCOLINFO 1\n250-AUTH METHODS=COOKIE COOKIEFILE="/nonexistent/cookie"\n250 OK\n',
        "250-PROTOCOLINFO 1\n250 OK\n",
        "510 What?\n",
        "SSH-2.0-OpenSSH\n",
    ],
)
async def test_a_port_that_does_not_let_us_in_is_a_sentence(
    here: Here, protocolinfo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "ANSWER_SECONDS", 0.5)
    here.ports.answers["PROTOCOLINFO"] = protocolinfo
    with pytest.raises(TorUnready) as error:
        await control.connect(reactor, UnixAddress(here.path))
    assert "cookie authentication" in str(error.value)
    assert "/nonexistent" not in str(error.value)


async def test_a_port_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    for address in (UnixAddress(tmp_path / "none"), TcpAddress("127.0.0.1", 1)):
        with pytest.raises(TorUnready):
            await control.connect(reactor, address)


async def test_attaching_over_a_socket_of_our_own_user_lets_onions_listen_on_sockets(here: Here) -> None:
    tor = await foreign_tor.attach(reactor, f"unix:{here.path}")
    assert (tor.reaches_sockets, tor.warning) == (True, None)
    assert tor.socks == TcpAddress("127.0.0.1", 9050)
    await tor.end()
    await until(lambda: tor.link.gone)
    # A foreign tor is never shut down.
    assert not [command for command in here.ports.commands if "OWNERSHIP" in command or "SHUTDOWN" in command]


async def test_a_tor_that_began_as_our_user_and_is_another_now_gets_no_socket(here: Here) -> None:
    for said in (f"250-process/uid={os.getuid() + 1}\n250 OK\n", "552 Unrecognized key\n"):
        here.ports.answers["GETINFO process/uid"] = said
        tor = await foreign_tor.attach(reactor, f"unix:{here.path}")
        assert not tor.reaches_sockets
        assert "loopback TCP" in str(tor.warning)
        await tor.end()
        await until(lambda: tor.link.gone)  # noqa: B023 - it is waited for here


async def test_attaching_over_tcp_warns_and_uses_loopback(here: Here) -> None:
    port = reactor.listenTCP(0, here.ports, interface="127.0.0.1")  # type: ignore[arg-type]
    bound = port.getHost()
    assert isinstance(bound, IPv4Address)
    tor = await foreign_tor.attach(reactor, f"127.0.0.1:{bound.port}")
    assert not tor.reaches_sockets
    assert "loopback TCP" in str(tor.warning)
    await tor.end()
    await until(lambda: tor.link.gone)
    await maybeDeferred(port.stopListening)


async def test_attaching_where_there_is_no_socks_port_is_a_sentence(here: Here) -> None:
    for listeners in ('"unix:/nonexistent/socks"', ""):
        here.ports.answers["GETINFO net/listeners/socks"] = f"250-net/listeners/socks={listeners}\n250 OK\n"
        with pytest.raises(TorUnready, match="SocksPort"):
            await foreign_tor.attach(reactor, f"unix:{here.path}")


async def test_attaching_to_another_machine_is_refused() -> None:
    with pytest.raises(TorUnready, match="another machine"):
        await foreign_tor.attach(reactor, "tor.example:9051")

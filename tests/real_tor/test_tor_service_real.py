"""TorService with real tors on the private network: publishing, dialling, isolation, and every way to lose a tor."""

import base64
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pytest_twisted import blockon
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import ITransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from cwtchd.config import Config, TorChoice
from cwtchd.protocol.crypto.onion import expanded_key, identity_from_seed
from cwtchd.protocol.model import Onion
from cwtchd.tor.interface import DialFailed, TorState, TorStatus
from cwtchd.tor.service import TorService
from tests.support.reactor import pause, reactor, until

OWNER = """
import sys, time
from pathlib import Path
from twisted.internet import asyncioreactor
asyncioreactor.install()
from twisted.internet import reactor
from cwtchd.config import Config, TorChoice
from cwtchd.tor.service import TorService
home, network = map(Path, sys.argv[1:])
service = TorService(reactor, Config(home, home / "socket", TorChoice(network=network)), lambda: 0)
service.watch(lambda status: print(status.state.value, flush=True))
reactor.callWhenRunning(service.start)
reactor.run()
"""
"""A daemon that has nothing but a tor."""


class Caller(Protocol):
    transport: ITransport

    def __init__(self) -> None:
        self.data = b""
        self.lost = False

    def dataReceived(self, data: bytes) -> None:
        self.data += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost = True


class Echo(Caller):
    def dataReceived(self, data: bytes) -> None:
        self.transport.write(data)


def noted(made: Caller, into: list[Caller]) -> Caller:
    into.append(made)
    return made


def quiet(protocol: Callable[[], Protocol]) -> "Factory[Protocol]":
    factory: Factory[Protocol] = Factory.forProtocol(protocol)
    factory.noisy = False
    return factory


class Services:
    """Services on the private network, stopped when the test ends."""

    def __init__(self, network: Path, folder: Path) -> None:
        self._network = network
        self._folder = folder
        self.all: list[TorService] = []

    def start(self, name: str, attach: str | None = None) -> TorService:
        home = self._folder / name
        home.mkdir(exist_ok=True)
        choice = TorChoice(attach=attach, network=None if attach else self._network)
        service = TorService(reactor, Config(home, home / "socket", choice), lambda: int(time.time() * 1000))
        self.all.append(service)
        service.start()
        return service

    def home(self, name: str) -> Path:
        return self._folder / name


@pytest.fixture
def services(private_network: Path, tmp_path: Path) -> Iterator[Services]:
    made = Services(private_network, tmp_path)
    yield made
    for service in made.all:
        blockon(service.stop())
    assert tors_of(tmp_path) == []


def tors_of(folder: Path) -> list[int]:
    """The tor processes whose settings are below a folder."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                command = (process / "cmdline").read_bytes()
                state = (process / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if f"{folder}/".encode() in command and b"torrc" in command and state != "Z":
                found.append(int(process.name))
    return found


@contextmanager
def ending(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Kills it in the end: waiting for one that lives would hide why the test failed."""
    try:
        yield
    finally:
        process.kill()


async def ready(service: TorService) -> None:
    await until(lambda: service.status.state is TorState.READY, 40, "Tor")


async def published(service: TorService, onion: Onion) -> None:
    await until(lambda: service.published_since(onion) is not None, 40, "an uploaded descriptor")


async def call(service: TorService, onion: Onion, isolation: str = "word") -> Caller:
    """A stream over which an echo came back."""
    for _ in range(60):
        try:
            stream = await service.dial(onion, isolation, quiet(Caller))
            break
        except DialFailed:
            await pause(0.3)
    else:
        raise AssertionError("The onion was never reached.")
    assert isinstance(stream, Caller)
    stream.transport.write(b"echo" * 5000)
    await until(lambda: stream.data == b"echo" * 5000, 20, "an echo")
    return stream


async def circuits(service: TorService) -> list[str]:
    """The circuit of each stream that is open."""
    assert service._tor is not None
    said = await service._tor.link.ask("GETINFO stream-status")
    return re.findall(r"[0-9]+ SUCCEEDED ([0-9]+) ", said)


async def test_publish_dial_isolate_and_have_new_circuits(services: Services) -> None:
    alice, bob = services.start("alice"), services.start("bob")
    identity = identity_from_seed(os.urandom(32))
    bob.publish(identity, quiet(Echo))
    await ready(alice)
    await published(bob, identity.onion)
    # Each stream has a circuit of its own, whether its isolation was used before or not.
    streams = [await call(alice, identity.onion, isolation) for isolation in ("one", "one", "two")]
    used = await circuits(alice)
    assert len(used) == len(set(used)) == 3
    await alice.new_circuits()
    streams.append(await call(alice, identity.onion, "one"))
    assert len(set(await circuits(alice))) == 4
    # What was published is not in tor's files, nor is its key.
    for path in services.home("bob").rglob("*"):
        assert path.is_dir() or identity.onion.encode() not in path.read_bytes()
        assert path.stat().st_mode & 0o077 == 0 or path.parent.name == "data"
    bob.unpublish(identity.onion)
    # The streams that it brought stay.
    streams[0].transport.write(b"more")
    await until(lambda: streams[0].data.endswith(b"more"), 20)
    for stream in streams:
        stream.transport.loseConnection()


async def test_an_onion_that_is_nowhere_is_said_to_be_so(services: Services) -> None:
    alice = services.start("alice")
    await ready(alice)
    with pytest.raises(DialFailed) as failure:
        await alice.dial(identity_from_seed(os.urandom(32)).onion, "word", quiet(Caller))
    assert failure.value.reason == "not_published"


async def test_a_killed_tor_is_replaced_and_the_onion_is_back(services: Services) -> None:
    alice, bob = services.start("alice"), services.start("bob")
    identity = identity_from_seed(os.urandom(32))
    answering: list[Caller] = []
    bob.publish(identity, quiet(lambda: noted(Echo(), answering)))
    await ready(alice)
    await published(bob, identity.onion)
    stream = await call(alice, identity.onion)
    told: list[TorStatus] = []
    bob.watch(told.append)
    (pid,) = tors_of(services.home("bob"))
    os.kill(pid, signal.SIGKILL)
    await until(lambda: any(status.state is TorState.LOST for status in told))
    await ready(bob)
    assert tors_of(services.home("bob")) != [pid]
    await published(bob, identity.onion)
    again = await call(alice, identity.onion)
    # The caller's end of the old stream is told by relays, when they tell it: that is no promise of ours (a peer is
    # hung up on where it acknowledges nothing). The killed tor's own end is gone at once.
    assert answering[0].lost
    assert not answering[-1].lost
    for each in (stream, again):
        each.transport.loseConnection()


async def test_a_foreign_tor_is_used_and_left_alone(services: Services) -> None:
    alice = services.start("alice")
    await ready(alice)
    torrc = (services.home("alice") / "tor" / "torrc").read_text()
    control = re.search(r'ControlPort unix:"(.*)"', torrc)
    assert control is not None
    identity = identity_from_seed(os.urandom(32))
    bob = services.start("bob", attach=f"unix:{control[1]}")
    bob.publish(identity, quiet(Echo))
    await ready(bob)
    assert bob.status.warning is None
    await published(bob, identity.onion)
    (await call(bob, identity.onion)).transport.loseConnection()
    # As after a crash of ours: what the tor still holds is waited for, then had.
    heir = services.start("heir", attach=f"unix:{control[1]}")
    heir.publish(identity, quiet(Echo))
    await ready(heir)
    await bob.stop()
    (await call(alice, identity.onion)).transport.loseConnection()
    await heir.stop()
    assert alice.status.state is TorState.READY
    # Nothing of ours is left in it: tor would refuse an onion that it has.
    assert alice._tor is not None
    key = base64.b64encode(expanded_key(identity.seed)).decode()
    await alice._tor.link.ask(f"ADD_ONION ED25519-V3:{key} Flags=DiscardPK Port=9878,unix:/nowhere")


async def test_a_killed_owners_tor_goes_at_once_and_its_home_can_be_had(
    services: Services, private_network: Path
) -> None:
    home = services.home("alice")
    home.mkdir()
    command: list[str | Path] = [sys.executable, "-c", OWNER, home, private_network]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as owner, ending(owner):
        assert owner.stdout is not None
        for line in owner.stdout:
            if line == b"ready\n":
                break
        (pid,) = tors_of(home)
        told: list[TorStatus] = []
        heir = services.start("alice")
        heir.watch(told.append)
        await until(lambda: any("Another tor" in status.summary for status in told), 20, "a word on the wait")
        owner.kill()
        before = reactor.seconds()
        await until(lambda: pid not in tors_of(home), 2, "the end of a killed owner's tor")
        print(f"gone after {reactor.seconds() - before:.2f} s")
    await ready(heir)


async def test_stopping_in_the_middle_leaves_nothing(services: Services) -> None:
    alice = services.start("alice")
    for _ in range(20):
        await pause(0)
    await alice.stop()
    assert tors_of(services.home("alice")) == []


async def test_a_network_without_its_lines_is_a_sentence(services: Services, tmp_path: Path) -> None:
    service = TorService(
        reactor, Config(tmp_path, tmp_path / "socket", TorChoice(network=tmp_path / "none")), lambda: 0
    )
    service.start()
    assert (service.status.state, "tornet start" in service.status.summary) == (TorState.LOST, True)
    stopped: Deferred[None] = service.stop()
    await stopped

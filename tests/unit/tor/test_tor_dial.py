"""Dialling through a SOCKS proxy that the test plays, on a real UNIX socket."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_twisted import blockon
from twisted.internet.defer import CancelledError, maybeDeferred
from twisted.internet.interfaces import ITransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from cwtchd.protocol.model import Onion
from cwtchd.tor import dial as dialling
from cwtchd.tor.addresses import UnixAddress
from cwtchd.tor.dial import Dial
from cwtchd.tor.interface import DialFailed
from cwtchd.tor.sockets import SocketFolder
from tests.support.reactor import reactor, until

BOB = Onion("b" * 56)
OPENED = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"


class Heard(Protocol):
    """Notes what a stream brings."""

    transport: ITransport

    def __init__(self) -> None:
        self.data = b""
        self.lost: Failure | None = None

    def dataReceived(self, data: bytes) -> None:
        self.data += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost = reason


class Proxy(Heard):
    """A SOCKS proxy: answers what its factory says, each time it was asked something more."""

    def connectionMade(self) -> None:
        assert isinstance(self.factory, Proxies)
        self.answers = list(self.factory.answers)
        self.factory.streams.append(self)

    def dataReceived(self, data: bytes) -> None:
        super().dataReceived(data)
        if self.answers:
            self.transport.write(self.answers.pop(0))


class Proxies(Factory[Proxy]):
    protocol = Proxy
    noisy = False

    def __init__(self, *answers: bytes) -> None:
        self.answers = answers
        self.streams: list[Proxy] = []


class Here:
    """A proxy's socket, and dials to it."""

    def __init__(self, folder: SocketFolder) -> None:
        self.path = folder.new()
        self.proxies = Proxies(b"\x05\x02", b"\x01\x00", OPENED + b"early ")
        self.port = reactor.listenUNIX(str(self.path), self.proxies)  # type: ignore[arg-type]

    def dial(self) -> tuple[Dial, Heard]:
        heard = Heard()
        factory = Factory()
        factory.noisy = False
        factory.buildProtocol = lambda _: heard  # type: ignore[method-assign,assignment]
        return dialling.dial(reactor, UnixAddress(self.path), BOB, "word", factory), heard


@pytest.fixture
def here() -> Iterator[Here]:
    folder = SocketFolder()
    found = Here(folder)
    yield found
    for stream in found.proxies.streams:
        stream.transport.loseConnection()
    blockon(maybeDeferred(found.port.stopListening))
    folder.remove()


async def refused(attempt: Dial) -> DialFailed:
    with pytest.raises(DialFailed) as failure:
        await attempt.done
    assert BOB not in str(failure.value)
    return failure.value


async def test_a_stream_comes_with_its_first_bytes_and_goes_both_ways(here: Here) -> None:
    attempt, heard = here.dial()
    stream: object = await attempt.done
    await until(lambda: heard.data == b"early ")
    assert stream is heard
    (proxy,) = here.proxies.streams
    assert b"word" in proxy.data
    assert BOB.encode() + b".onion" in proxy.data
    heard.transport.write(b"to bob")
    await until(lambda: proxy.data.endswith(b"to bob"))
    proxy.transport.write(b"from bob")
    await until(lambda: heard.data == b"early from bob")
    proxy.transport.loseConnection()
    await until(lambda: heard.lost is not None)


@pytest.mark.parametrize(
    ("code", "reason"), [(0xF0, "not_published"), (0x05, "connection_refused"), (0x77, "general_failure")]
)
async def test_a_refusal_has_its_word_and_closes(here: Here, code: int, reason: str) -> None:
    here.proxies.answers = (b"\x05\x02", b"\x01\x00", b"\x05" + bytes([code]) + OPENED[2:])
    attempt, heard = here.dial()
    assert (await refused(attempt)).reason == reason
    await until(lambda: here.proxies.streams[0].lost is not None)
    assert heard.lost is None


async def test_a_proxy_that_closes_is_a_failure(here: Here) -> None:
    here.proxies.answers = (b"\x05\x02",)
    attempt, _ = here.dial()
    await until(lambda: here.proxies.streams and here.proxies.streams[0].data)
    here.proxies.streams[0].transport.loseConnection()
    assert (await refused(attempt)).reason == "tor_unavailable"


async def test_no_proxy_is_a_failure(here: Here, tmp_path: Path) -> None:
    here.path = tmp_path / "nothing"
    attempt, _ = here.dial()
    assert (await refused(attempt)).reason == "tor_unavailable"


async def test_an_attempt_is_given_up_in_time(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialling, "DIAL_SECONDS", 0.05)
    here.proxies.answers = ()
    attempt, _ = here.dial()
    assert (await refused(attempt)).reason == "timed_out"


async def test_cancelling_closes_the_stream(here: Here) -> None:
    here.proxies.answers = (b"\x05\x02",)
    attempt, heard = here.dial()
    await until(lambda: here.proxies.streams)
    attempt.done.cancel()
    with pytest.raises(CancelledError):
        await attempt.done
    await until(lambda: here.proxies.streams[0].lost is not None)
    assert heard.lost is None
    attempt.fail("late", "Too late to matter.")


async def test_cancelling_at_once_leaves_nothing(here: Here) -> None:
    attempt, _ = here.dial()
    attempt.done.cancel()
    with pytest.raises(CancelledError):
        await attempt.done
    await until(lambda: all(stream.lost is not None for stream in here.proxies.streams))


async def test_what_is_not_wanted_any_more_is_closed(here: Here) -> None:
    factory = Factory()
    factory.noisy = False
    factory.buildProtocol = lambda _: None  # type: ignore[method-assign,assignment]
    attempt = dialling.dial(reactor, UnixAddress(here.path), BOB, "word", factory)
    assert (await refused(attempt)).reason == "given_up"
    await until(lambda: here.proxies.streams[0].lost is not None)

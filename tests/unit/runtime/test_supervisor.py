"""Word to the supervisor: what is said when, and that nothing is said, waited for or stopped where nobody listens."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from cwtchd.runtime.supervisor import MOST_BEAT_SECONDS, Supervisor, standing
from cwtchd.tor.interface import TorState, TorStatus
from tests.support.supervised import NotifySocket


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["a path", "abstract"])
def heard(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NotifySocket]:
    made = NotifySocket(
        str(tmp_path / "notify") if request.param == "a path" else f"@cwtchd-{os.urandom(8).hex()}"
    )
    yield made
    made.close()


def said(heard: NotifySocket) -> list[dict[str, str]]:
    heard.said.clear()
    heard.drain()
    return heard.said


def test_ready_alive_changed_stopping(heard: NotifySocket, clock: Clock) -> None:
    environment = {
        "NOTIFY_SOCKET": heard.address,
        "WATCHDOG_USEC": "3000000",
        "WATCHDOG_PID": str(os.getpid()),
        "PATH": "/bin",
    }
    supervisor = Supervisor.of(clock, environment)
    assert environment == {"PATH": "/bin"}, "no child speaks in our name"
    status = ["Tor is being started."]
    assert said(heard) == []
    supervisor.ready(lambda: status[0])
    assert said(heard) == [{"READY": "1"}, {"WATCHDOG": "1"}, {"STATUS": "Tor is being started."}]
    clock.advance(1.4)
    assert said(heard) == []
    clock.advance(0.1)
    assert said(heard) == [{"WATCHDOG": "1"}], "what did not change is not said again"
    status[0] = "Tor is ready."
    supervisor.tell()
    assert said(heard) == [{"STATUS": "Tor is ready."}]
    supervisor.tell()
    assert said(heard) == []
    supervisor.stopping()
    assert said(heard) == [{"STOPPING": "1", "STATUS": "The daemon is stopping."}]
    clock.advance(1.5)
    assert said(heard) == [{"WATCHDOG": "1"}], "a stop that takes long is no hang"
    supervisor.close()
    clock.advance(60)
    assert said(heard) == []
    assert not clock.getDelayedCalls()


def test_without_a_watchdog_the_beat_only_keeps_the_status_fresh(heard: NotifySocket, clock: Clock) -> None:
    status = ["one"]
    for others in ({}, {"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "never"}):
        supervisor = Supervisor.of(clock, {"NOTIFY_SOCKET": heard.address, **others})
        status[0] = "one"
        supervisor.ready(lambda: status[0])
        assert said(heard) == [{"READY": "1"}, {"STATUS": "one"}]
        status[0] = "two"
        clock.advance(MOST_BEAT_SECONDS)
        assert said(heard) == [{"STATUS": "two"}]
        supervisor.close()


def test_a_supervisor_that_does_not_read_is_not_waited_for_and_misses_nothing(
    heard: NotifySocket, clock: Clock
) -> None:
    supervisor = Supervisor.of(clock, {"NOTIFY_SOCKET": heard.address})
    status = ["first"]
    supervisor.ready(lambda: status[0])
    for number in range(2_000):  # more than any socket holds
        status[0] = f"status {number}"
        supervisor.tell()
    supervisor.stopping()
    heard.drain()
    clock.advance(1)
    assert said(heard) == [{"STATUS": "The daemon is stopping.", "STOPPING": "1"}], "the newest word, once"
    supervisor.close()


@pytest.mark.parametrize("address", [None, "", "vsock:2:1", "relative", "/nowhere/notify", "/" + "x" * 200])
def test_where_nobody_listens_nothing_happens(address: str | None, clock: Clock) -> None:
    environment = {"WATCHDOG_USEC": "1000"}
    if address is not None:
        environment["NOTIFY_SOCKET"] = address
    supervisor = Supervisor.of(clock, environment)
    supervisor.ready(lambda: "a status")
    clock.advance(10)
    supervisor.tell()
    supervisor.stopping()
    supervisor.close()
    assert not clock.getDelayedCalls()


def test_the_status_is_a_line_that_names_nobody() -> None:
    tor = TorStatus(TorState.READY, 100, "Tor is ready.", 0)

    def said(
        opened: int, online: int, waiting: int, useless: int, servers: int = 0, only: bool = False
    ) -> str:
        return standing(tor, opened, online, servers, waiting, useless, only_serves=only)

    assert said(2, 1, 0, 0) == "Tor is ready. Profiles open: 2, online: 1."
    assert said(2, 1, 0, 0, servers=1) == "Tor is ready. Profiles open: 2, online: 1. Servers running: 1."
    assert said(0, 0, 0, 0, servers=1, only=True) == "Tor is ready. Servers running: 1."
    assert "hosting start" in said(0, 0, 0, 0, only=True)
    assert "profile unlock" in said(0, 0, 0, 0)
    assert "still being tried" in said(0, 0, 1, 0)
    assert "opened nothing: 2" in said(1, 1, 0, 2)

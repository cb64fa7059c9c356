"""Commands that wait: they end when the daemon says so, and say on standard error how far it is."""

import json
import subprocess

import pytest

from cwtch_client import Json, fake_methods
from cwtch_client.fake_world import FakeProfile
from cwtch_client.testing import FakeDaemon
from tests.support.cwtch_process import Screen, on_terminal, started
from tests.unit.clients.conftest import Cwtch

pytestmark = pytest.mark.filterwarnings("ignore:.*preexec_fn:DeprecationWarning")


@pytest.fixture
def tor(monkeypatch: pytest.MonkeyPatch) -> dict[str, Json]:
    """How the fake daemon's Tor stands."""
    standing: dict[str, Json] = {"state": "starting", "progress": 10, "summary": "Tor starts."}
    monkeypatch.setitem(fake_methods.METHODS, "tor.status", lambda world, params: dict(standing))
    return standing


def asked(daemon: FakeDaemon, method: str) -> bool:
    return any(name == method for name, _ in daemon.calls)


def test_tor_is_waited_for_over_a_restart_of_the_daemon(daemon: FakeDaemon, tor: dict[str, Json]) -> None:
    with started(daemon, "tor", "status", "--wait", "--json") as cwtch:
        assert cwtch.stdout is not None
        assert cwtch.stderr is not None
        assert cwtch.stderr.readline() == "cwtch: starting: Tor starts.\n"
        daemon.until(lambda: daemon.subscriptions() == 1)
        tor.update(state="connecting", progress=50, summary="Half of it.")
        daemon.tell(None, "tor.changed", dict(tor))
        assert cwtch.stderr.readline() == "cwtch: connecting: Half of it.\n"
        daemon.stop()
        assert cwtch.stderr.readline() == "cwtch: waiting for the daemon\n"
        tor.update(state="ready", progress=100, summary="Tor is ready.")
        daemon.start()
        assert cwtch.wait(20) == 0
        assert json.loads(cwtch.stdout.read())["state"] == "ready"


def test_an_event_that_was_missed_is_no_reason_to_wait_for_ever(
    daemon: FakeDaemon, tor: dict[str, Json]
) -> None:
    with started(daemon, "tor", "status", "--wait") as cwtch:
        assert cwtch.stderr is not None
        cwtch.stderr.readline()
        tor.update(state="ready")  # and nobody is told
        assert cwtch.wait(20) == 0


def test_the_time_allowed_ends_it_with_what_is_known(cwtch: Cwtch, tor: dict[str, Json]) -> None:
    told = cwtch("tor", "status", "--timeout", "0.1")
    assert (told.status, "state: starting" in told.out) == (5, True)
    assert told.err.endswith("cwtch: Tor is not ready yet: wait longer, or see what its summary says.\n")


def test_a_bar_on_a_terminal(daemon: FakeDaemon, tor: dict[str, Json]) -> None:
    with on_terminal(daemon, "tor", "status", "--wait") as (process, terminal):
        screen = Screen(terminal)
        screen.until("starting: Tor starts.")
        tor.update(state="ready", progress=100, summary="Tor is ready.")
        daemon.tell(None, "tor.changed", dict(tor))
        screen.until("summary")
        assert process.wait(20) == 0


@pytest.mark.parametrize(("state", "status"), [("delivered", 0), ("failed", 1)])
def test_a_message_is_waited_for(
    daemon: FakeDaemon, alice: FakeProfile, bob: dict[str, Json], state: str, status: int
) -> None:
    with started(daemon, "message", "send", "--wait", "bob", "hi", "--json") as cwtch:
        assert cwtch.stdout is not None
        assert cwtch.stderr is not None
        assert cwtch.stderr.readline() == "cwtch: queued\n"
        daemon.until(lambda: daemon.subscriptions() == 1)
        number = next(iter(alice.messages))
        alice.messages[number]["delivery"] = None
        alice.messages[number]["state"] = state
        daemon.tell(alice.id, f"message.{state}", alice.messages[number], stored=True)
        assert cwtch.wait(20) == status
        assert json.loads(cwtch.stdout.read())["state"] == state
        assert ("cwtch message retry" in cwtch.stderr.read()) == (state == "failed")


def test_a_message_that_is_not_delivered_in_time_is_still_queued(
    daemon: FakeDaemon, alice: FakeProfile, bob: dict[str, Json], cwtch: Cwtch
) -> None:
    told = cwtch("message", "send", "bob", "hi", "--wait", "--timeout", "0.1")
    assert (told.status, "state: queued" in told.out) == (5, True)
    assert "stays queued" in told.err
    assert [params["text"] for name, params in daemon.calls if name == "message.send"] == ["hi"]


def test_a_message_that_is_refused_is_not_waited_for(
    daemon: FakeDaemon, alice: FakeProfile, bob: dict[str, Json], cwtch: Cwtch
) -> None:
    bob["state"] = "blocked"
    assert cwtch("message", "send", "bob", "hi", "--wait").status == 4
    assert not asked(daemon, "event.subscribe")


def test_a_profile_that_is_locked_meanwhile_is_waited_for(
    daemon: FakeDaemon, alice: FakeProfile, bob: dict[str, Json]
) -> None:
    with started(daemon, "message", "send", "--wait", "bob", "hi", stdin=subprocess.DEVNULL) as cwtch:
        assert cwtch.stderr is not None
        cwtch.stderr.readline()
        daemon.until(lambda: daemon.subscriptions() == 1)
        daemon.stop()
        assert cwtch.stderr.readline() == "cwtch: waiting for the daemon\n"
        daemon.start()
        alice.open = True
        daemon.deliver(alice.id, next(iter(alice.messages)))
        assert cwtch.wait(20) == 0

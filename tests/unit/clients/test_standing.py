"""`cwtch daemon status`: whether it is alive or only seems so."""

import pytest

from cwtch_cli.output import Output
from cwtch_client import Json, fake_methods
from cwtch_client.fake_world import FakeProfile
from cwtch_client.testing import FakeDaemon
from tests.unit.clients.conftest import Cwtch

NOW = 1_790_000_000_000
MINUTE = 60_000


def status(alice: FakeProfile, bob: dict[str, Json]) -> dict[str, Json]:
    return {
        "version": "1",
        "uptime": 60 * MINUTE,
        "now": NOW,
        "tor": {
            "state": "ready",
            "progress": 100,
            "summary": "Ready.",
            "since": NOW,
            "last_proof_at": NOW - 30_000,
        },
        "profiles": [
            {
                "id": alice.id,
                "name": "alice",
                "published_since": NOW - 120 * MINUTE,
                "self_dial": {"last_proof_at": NOW - 3 * MINUTE, "last_failure": "timeout", "next_at": NOW},
                "contacts": [
                    {
                        "conversation": bob["id"],
                        "state": "disconnected",
                        "since": NOW - 5 * MINUTE,
                        "last_proof_at": None,
                        "next_dial_at": NOW + 2 * MINUTE,
                        "last_failure": "onion_unreachable\x1b",
                    },
                    {"conversation": 99, "state": "authenticated", "since": NOW, "last_proof_at": NOW - 1000},
                ],
                "more_contacts": True,
            },
            {"id": "x", "name": "fresh", "published_since": None},
        ],
    }


@pytest.fixture
def told(
    daemon: FakeDaemon, alice: FakeProfile, bob: dict[str, Json], monkeypatch: pytest.MonkeyPatch
) -> dict[str, Json]:
    found = status(alice, bob)
    monkeypatch.setitem(fake_methods.METHODS, "daemon.status", lambda world, params: found)
    return found


def test_each_part_says_when_it_was_proved(told: dict[str, Json], cwtch: Cwtch) -> None:
    printed = cwtch("daemon", "status")
    assert printed.status == 0
    lines = printed.out.splitlines()
    assert "tor proved: 30 s ago" in lines
    assert "profile alice: announced 2 h ago, proved 3 min ago, last call failed (timeout)" in lines
    assert "profile fresh: not announced yet: nobody can find it, never proved" in lines
    assert "alice\tbob\tnot connected\t5 min ago\tnever\tin 2.0 min\tonion_unreachable\\x1b" in lines
    assert "alice\tconversation 99\tconnected\t0 s ago\t1 s ago\t-\t-" in lines


def test_a_terminal_gets_a_table(
    told: dict[str, Json], cwtch: Cwtch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Output, "on_terminal", True)
    monkeypatch.setenv("COLUMNS", "120")
    printed = cwtch("daemon", "status")
    assert printed.status == 0
    assert "LAST FAILURE" in printed.out
    assert "There are more" in printed.out

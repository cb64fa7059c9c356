"""`cwtch server`: where a bundle comes from, which server is meant, how far a sync is."""

from pathlib import Path

import pytest

from cwtch_cli.output import SHORT
from cwtch_client import Client, RpcError, Server
from cwtch_client.fake_hosting import FakeHosted
from cwtch_client.fake_world import FakeProfile
from cwtch_client.testing import FakeDaemon
from tests.unit.clients.conftest import Cwtch

BUNDLE = FakeHosted("one").bundle


def test_a_bundle_is_an_argument_a_file_or_standard_input(
    daemon: FakeDaemon, alice: FakeProfile, cwtch: Cwtch, tmp_path: Path
) -> None:
    file = tmp_path / "bundle"
    file.write_text(f"{BUNDLE}\n")
    for words, stdin in (([BUNDLE], b""), (["-"], f"{BUNDLE}\n".encode()), (["--file", str(file)], b"")):
        told = cwtch("server", "add", *words, stdin=stdin)
        assert (told.status, f"bundle: {BUNDLE}\n" in told.out) == (0, True)
        assert daemon.calls[-1][1]["bundle"] == BUNDLE
    assert len(alice.servers) == 1
    for words in ([], [BUNDLE, "--file", str(file)], ["--file", str(tmp_path / "none")]):
        assert cwtch("server", "add", *words).status == 2
    assert cwtch("server", "add", "-", stdin=b"\xff").status == 2
    refused = cwtch("server", "add", "a" * 56)
    assert (refused.status, "begins with server:" in refused.err) == (4, True)


def test_it_is_named_by_id_or_onion(daemon: FakeDaemon, alice: FakeProfile, cwtch: Cwtch) -> None:
    with Client(daemon.path) as client:
        used: Server = client.server.add(profile=alice.id, bundle=BUNDLE)
        client.server.add(profile=alice.id, bundle=FakeHosted("two").bundle)
    for word in (str(used.id), used.onion, f"{used.onion.upper()}.onion", f"{used.onion[:SHORT]}…"):
        assert f"onion: {used.onion}\n" in cwtch("server", "get", word).out
    for word in ("", "zzz\x1b", used.onion[:2]):
        none = cwtch("server", "remove", word)
        assert (none.status, "cwtch server list" in none.err, "\x1b" in none.err) == (2, True, False)
    assert len(alice.servers) == 2


def test_a_sync_that_does_not_come_off_is_a_refusal(
    daemon: FakeDaemon, alice: FakeProfile, cwtch: Cwtch
) -> None:
    with Client(daemon.path) as client:
        client.server.add(profile=alice.id, bundle=BUNDLE)
        number = client.server.list(profile=alice.id)[0].id
        daemon.refuse("server.sync", -32015, "server_unreachable", "It can't be reached now.")
        with pytest.raises(RpcError) as caught:
            client.server.sync(profile=alice.id, server=number)
        assert caught.value.name == "server_unreachable"
        assert client.server.sync(profile=alice.id, server=number).state == "synced"


def test_what_a_server_was_caught_at_is_shown(daemon: FakeDaemon, alice: FakeProfile, cwtch: Cwtch) -> None:
    cwtch("server", "add", BUNDLE)
    (row,) = alice.servers.values()
    row["faults"], row["distrusted"] = ["other_keys"], True
    told = cwtch("server", "get", str(row["id"])).out
    assert "caught at: other_keys\n" in told
    assert "warning: it contradicted its own keys" in told
    assert "\tother_keys\t" in cwtch("server", "list").out


def test_events_of_servers_in_words(daemon: FakeDaemon, alice: FakeProfile, cwtch: Cwtch) -> None:
    cwtch("server", "add", BUNDLE)
    (number,) = alice.servers
    cwtch("server", "remove", str(number))
    told = cwtch("event", "list").out.splitlines()
    assert "0 messages, 20 tokens" in told[0]
    assert told[1].endswith(f"server {number} is used no more")

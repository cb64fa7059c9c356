"""The private network's folder and its refusals, without a tor; what needs real tors is in real_tor/."""

import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from cwtchd.tor import network, network_record, processes
from cwtchd.tor.network import NetworkFailed
from cwtchd.tor.network_record import Member, Record
from cwtchd.tor.tornet_command import tornet

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A tor that ends at once, with its tor-gencert."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in ("tor", "tor-gencert"):
        (folder / name).write_text("#!/bin/sh\nexit 1\n")
        (folder / name).chmod(0o755)
    return folder / "tor"


@pytest.fixture
def member() -> Iterator[Member]:
    with subprocess.Popen(SLEEPER) as child:
        mark = processes.mark_of(child.pid)
        assert mark is not None
        yield Member("relay1", mark)
        child.kill()


def record(
    folder: Path, *members: Member, boot: str | None = None, starter: processes.Mark | None = None
) -> None:
    folder.mkdir(exist_ok=True)
    made = Record(boot or network_record.boot(), starter, list(members), len(members), made_folder=True)
    network_record.save(folder, made)
    (folder / network_record.NODES).mkdir()
    (folder / network_record.CLIENT_TORRC).touch()


@pytest.mark.parametrize("relays", [-1, 0, 1, 3, 51])
def test_too_few_relays_are_refused_with_the_reason(tmp_path: Path, relays: int) -> None:
    with pytest.raises(NetworkFailed, match="distinct relays"):
        network.start(tmp_path / "net", relays)
    assert not (tmp_path / "net").exists()


def test_keys_that_can_not_be_made_leave_nothing(tmp_path: Path, programs: Path) -> None:
    said: list[str] = []
    with pytest.raises(NetworkFailed, match="keys of an authority"):
        network.start(tmp_path / "net", executable=programs, say=said.append)
    assert not (tmp_path / "net").exists()
    assert said


def test_a_folder_that_was_there_stays_with_what_is_in_it(tmp_path: Path, programs: Path) -> None:
    folder = tmp_path / "net"
    folder.mkdir()
    (folder / "mine").touch()
    with pytest.raises(NetworkFailed):
        network.start(folder, executable=programs, say=lambda _: None)
    assert list(folder.iterdir()) == [folder / "mine"]


def test_an_interruption_leaves_nothing(tmp_path: Path, programs: Path) -> None:
    programs.with_name("tor-gencert").write_text("#!/bin/sh\nexec sleep 600\n")
    asked = iter([False, False, True])
    with pytest.raises(NetworkFailed, match="interrupted"):
        network.start(
            tmp_path / "net", executable=programs, say=lambda _: None, interrupted=lambda: next(asked)
        )
    assert not (tmp_path / "net").exists()


def test_no_tor_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(NetworkFailed, match="tor program"):
        network.start(tmp_path / "net", executable=tmp_path / "none")


def test_others_files_are_not_written_over(tmp_path: Path, programs: Path) -> None:
    folder = tmp_path / "net"
    (folder / "nodes").mkdir(parents=True)
    with pytest.raises(NetworkFailed, match="in a network's way"):
        network.start(folder, executable=programs)
    assert (folder / "nodes").exists()


def test_a_network_that_runs_is_not_started_again(tmp_path: Path, programs: Path, member: Member) -> None:
    record(tmp_path / "net", member)
    with pytest.raises(NetworkFailed, match="already"):
        network.start(tmp_path / "net", executable=programs)
    assert processes.alive(member.mark)


def test_stop_ends_its_processes_and_removes_what_it_made(tmp_path: Path, member: Member) -> None:
    folder = tmp_path / "net"
    record(folder, member)
    assert stat.S_IMODE((folder / network_record.RECORD).stat().st_mode) == 0o600
    assert network.status(folder).running
    network.stop(folder, lambda _: None)
    assert not processes.alive(member.mark)
    assert not folder.exists()
    network.stop(folder, lambda _: None)


def test_stop_touches_no_process_that_only_has_the_pid(tmp_path: Path, member: Member) -> None:
    former = Member("relay1", processes.Mark(member.mark.pid, member.mark.started - 1))
    for boot, listed in ((None, former), ("another boot", member)):
        folder = tmp_path / "net"
        record(folder, listed, boot=boot)
        assert not network.status(folder).running
        network.stop(folder, lambda _: None)
        assert processes.alive(member.mark)
        assert not folder.exists()


def test_stop_ends_whoever_still_starts_it(tmp_path: Path, member: Member) -> None:
    with subprocess.Popen(SLEEPER) as starter:
        mark = processes.mark_of(starter.pid)
        assert mark is not None
        record(tmp_path / "net", member, starter=mark)
        assert "being started" in network.status(tmp_path / "net").sentence
        network.stop(tmp_path / "net", lambda _: None)
    assert starter.returncode == -signal.SIGTERM
    assert not processes.alive(member.mark)


def test_a_record_that_is_broken_is_none(tmp_path: Path) -> None:
    for broken in (b"", b"{}", b"[" * 100_000, b"\xff"):
        (tmp_path / network_record.RECORD).write_bytes(broken)
        assert network_record.load(tmp_path) is None


def test_the_command_says_what_is_wrong_in_one_sentence(tmp_path: Path) -> None:
    few = CliRunner().invoke(tornet, ["start", "--dir", str(tmp_path / "net"), "--relays", "1"])
    assert (few.exit_code, few.output.count("\n")) == (1, 1)
    none = CliRunner().invoke(tornet, ["status", "--dir", str(tmp_path / "net")])
    assert (none.exit_code, none.output.count("\n")) == (1, 1)
    nothing = CliRunner().invoke(tornet, ["stop", "--dir", str(tmp_path / "net")])
    assert (nothing.exit_code, nothing.output.count("\n")) == (0, 1)


def test_the_command_gives_signals_back(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    CliRunner().invoke(tornet, ["start", "--dir", str(tmp_path / "net"), "--relays", "1"])
    assert signal.getsignal(signal.SIGTERM) == before

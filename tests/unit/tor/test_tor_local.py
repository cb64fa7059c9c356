"""What Tor needs of this machine: programs, processes by start time, socket folders, addresses, quoted paths."""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtchd.tor import processes, sockets
from cwtchd.tor.addresses import AddressUnclear, TcpAddress, UnixAddress, parse, parse_listeners
from cwtchd.tor.locate import TorMissing, find_tor, find_tor_gencert
from cwtchd.tor.processes import Mark
from cwtchd.tor.sockets import SocketFolder
from cwtchd.tor.torrc import quoted

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An otherwise empty PATH, with this Python elsewhere."""
    folder = tmp_path / "bin"
    (tmp_path / "python").mkdir()
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python" / "python"))
    return folder


def program(path: Path) -> Path:
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


# --- programs ---


def test_tor_on_path_wins_over_the_one_beside_python(bin_folder: Path) -> None:
    with pytest.raises(TorMissing, match="install the package tor"):
        find_tor()
    beside = program(Path(sys.executable).with_name("tor"))
    assert find_tor() == beside
    on_path = program(bin_folder / "tor")
    assert find_tor() == on_path


def test_a_tor_that_was_named_is_that_or_none(bin_folder: Path) -> None:
    program(bin_folder / "tor")
    named = bin_folder.parent / "named"
    with pytest.raises(TorMissing):
        find_tor(named)
    assert find_tor(program(named)) == named


def test_gencert_is_beside_tor_or_where_programs_are(bin_folder: Path) -> None:
    tor = program(bin_folder / "tor")
    with pytest.raises(TorMissing, match="tor-gencert"):
        find_tor_gencert(tor)
    beside_python = program(Path(sys.executable).with_name("tor-gencert"))
    assert find_tor_gencert(tor) == beside_python
    assert find_tor_gencert(tor) != program(bin_folder / "tor-gencert") == find_tor_gencert(tor)


# --- processes ---


def test_a_process_is_alive_until_it_ends() -> None:
    with subprocess.Popen(SLEEPER) as child:
        mark = processes.mark_of(child.pid)
        assert mark is not None
        assert processes.alive(mark)
        # Not reaped yet: what is left of it is no process.
        processes.end([mark], 10)
        assert not processes.alive(mark)
    assert child.returncode == -signal.SIGTERM
    assert processes.mark_of(child.pid) is None


def test_one_that_will_not_end_is_killed() -> None:
    deaf = "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        mark = processes.mark_of(child.pid)
        assert mark is not None
        processes.end([mark], 0.2)
    assert child.returncode == -signal.SIGKILL


def test_another_process_of_the_same_pid_is_left_alone() -> None:
    with subprocess.Popen(SLEEPER) as child:
        mark = processes.mark_of(child.pid)
        assert mark is not None
        former = Mark(mark.pid, mark.started - 1)
        processes.end([former], 0.2)
        assert child.poll() is None
        child.kill()


# --- socket folders ---


@pytest.fixture
def base(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = Path("/tmp") / f"cwtchd-base-{os.getpid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    return folder


def test_a_socket_folder_is_private_short_and_gone_in_the_end(base: Path) -> None:
    folder = SocketFolder()
    assert folder.path.parent == base
    assert folder.path.stat().st_mode & 0o777 == 0o700
    first, second = folder.new(), folder.new()
    assert first != second
    assert len(str(first)) < 100
    first.touch()
    folder.remove()
    assert list(base.iterdir()) == []
    base.rmdir()


def test_a_folder_of_one_that_died_is_swept_and_that_of_one_that_lives_is_not(base: Path) -> None:
    living = SocketFolder()
    dead = base / f"{sockets.PREFIX}dead"
    (dead / "sub").mkdir(parents=True)
    outside = base / "precious"
    outside.mkdir()
    (outside / "file").touch()
    link = base / f"{sockets.PREFIX}link"
    link.symlink_to(outside)
    another = SocketFolder()
    assert not dead.exists()
    assert living.path.exists()
    assert (outside / "file").exists()
    link.unlink()
    (outside / "file").unlink()
    outside.rmdir()
    living.remove()
    another.remove()
    base.rmdir()


def test_the_lock_goes_to_no_child(base: Path) -> None:
    folder = SocketFolder()
    held = [
        each
        for each in Path("/proc/self/fd").iterdir()
        if each.is_symlink() and each.readlink() == folder.path
    ]
    assert len(held) == 1
    assert fcntl.fcntl(int(held[0].name), fcntl.F_GETFD) & fcntl.FD_CLOEXEC
    folder.remove()
    base.rmdir()


@pytest.mark.parametrize("named", ["", "/nonexistent", "/tmp/with a space", "/tmp/" + "long" * 20])
def test_an_unusable_runtime_folder_gives_way_to_tmp(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", named)
    folder = SocketFolder()
    assert folder.path.parent == Path("/tmp")
    folder.remove()


# --- addresses ---


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("unix:/run/tor/control", UnixAddress(Path("/run/tor/control"))),
        ('unix:"/run/tor control"', UnixAddress(Path("/run/tor control"))),
        ("127.0.0.1:9051", TcpAddress("127.0.0.1", 9051)),
        ("localhost:9051", TcpAddress("127.0.0.1", 9051)),
        ("0.0.0.0:9050", TcpAddress("127.0.0.1", 9050)),
        ("[::1]:9051", TcpAddress("::1", 9051)),
    ],
)
def test_addresses_of_this_machine_are_read(text: str, address: object) -> None:
    assert parse(text) == address


@pytest.mark.parametrize(
    "text", ["", "9051", "10.0.0.1:9051", "tor.example:9051", "[::2]:1", "127.0.0.1:", "127.0.0.1:9051\n"]
)
def test_other_addresses_are_refused(text: str) -> None:
    with pytest.raises(AddressUnclear):
        parse(text)


def test_listeners_are_read_sockets_first() -> None:
    said = 'net/listeners/socks="127.0.0.1:9050" "unix:/run/tor/socks" "10.1.1.1:9050" "unix:/run/\\"q\\""'
    assert parse_listeners(said) == [
        UnixAddress(Path("/run/tor/socks")),
        UnixAddress(Path('/run/"q')),
        TcpAddress("127.0.0.1", 9050),
    ]


@given(st.text(max_size=200))
def test_any_list_of_listeners_can_be_read(said: str) -> None:
    parse_listeners(said)


# --- torrc ---


def test_a_path_is_quoted_so_that_it_is_one_value() -> None:
    assert quoted(Path('/a "b" \\c')) == '"/a \\"b\\" \\\\c"'
    with pytest.raises(ValueError, match="control characters"):
        quoted("/home\nHiddenServiceDir /x")

"""`cwtchd tornet` as a command: networks side by side, outliving their command, ending wholly, cut short."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cwtchd.tor import network, network_record, processes

COMMAND = [sys.executable, "-c", "from cwtchd.tor.tornet_command import tornet; tornet()"]


def run(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "CWTCHD_TORNET_TEST": str(arguments[-1])}
    return subprocess.run(
        [*COMMAND, *arguments], env=environment, capture_output=True, text=True, timeout=150, check=False
    )


def wait(condition: Callable[[], object], seconds: float) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "The condition was waited for in vain."
        time.sleep(0.02)


def mentioning(folder: Path) -> list[str]:
    """The processes with this folder in their command line."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and process.name != str(os.getpid()):
            with suppress(OSError):
                if str(folder).encode() in (process / "cmdline").read_bytes():
                    found.append(process.name)
    return found


def test_a_second_network_comes_and_goes_beside_the_first(private_network: Path, tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 25) / "net"
    started = run("start", "--relays", "4", "--dir", folder)
    assert started.returncode == 0, started.stdout + started.stderr
    record = network_record.load(folder)
    assert record is not None
    assert len(record.living()) == 7
    # They have outlived their command, and can be told by its environment; they hold none of its descriptors.
    for member in record.members:
        process = Path(f"/proc/{member.mark.pid}")
        assert str(folder).encode() in (process / "environ").read_bytes()
        assert os.getsid(member.mark.pid) == member.mark.pid
        assert (process / "fd/1").readlink() == folder / "nodes" / member.name / "log"
    assert folder.stat().st_mode & 0o777 == 0o700
    first, second = ((each / "client.torrc").read_text() for each in (private_network, folder))
    assert first.count("DirAuthority ") == second.count("DirAuthority ") == 3
    assert first.split("DirAuthority ")[1] != second.split("DirAuthority ")[1]
    assert run("start", "--dir", folder).returncode == 1
    assert run("status", "--dir", folder).returncode == 0
    assert run("stop", "--dir", folder).returncode == 0
    assert record.living() == []
    assert not folder.exists()
    assert network.status(private_network).running


def test_a_start_that_is_interrupted_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "net"
    with subprocess.Popen(
        [*COMMAND, "start", "--dir", folder], stderr=subprocess.PIPE, text=True
    ) as starting:
        seen: list[processes.Mark] = []

        def has_tors() -> bool:
            record = network_record.load(folder)
            seen[:] = [member.mark for member in record.members] if record else []
            return len(seen) >= 5

        wait(has_tors, 60)
        starting.send_signal(signal.SIGTERM)
        starting.send_signal(signal.SIGINT)
        assert starting.stderr is not None
        assert "interrupted" in starting.stderr.read()
        assert starting.wait(20) == 1
    assert not any(processes.alive(mark) for mark in seen)
    assert not folder.exists()


def test_stop_ends_what_a_killed_start_left(tmp_path: Path) -> None:
    folder = tmp_path / "net"
    with subprocess.Popen([*COMMAND, "start", "--dir", folder], stdout=subprocess.DEVNULL) as starting:
        wait(lambda: (record := network_record.load(folder)) and len(record.members) >= 5, 60)
        starting.kill()
    record = network_record.load(folder)
    assert record is not None
    assert run("stop", "--dir", folder).returncode == 0
    assert record.living() == []
    assert not folder.exists()
    # Nor is there a tor that the killed command had no time to write down.
    wait(lambda: not mentioning(folder), 5)

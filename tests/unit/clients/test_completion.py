"""What the shells complete, and the files that are made for them and for `man`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cwtch_client import Json, fake_methods
from cwtch_client.fake_world import FakeProfile, onion
from cwtch_client.testing import FakeDaemon
from cwtchd.rpc.dispatch import DOCUMENT
from tests.support.cwtch_process import TREE, environment
from tools import generate_cli

BASH = TREE / "share" / "bash-completion" / "completions" / "cwtch"


def completed(tmp_path: Path, *words: str, socket: Path) -> list[str]:
    """What bash offers for the last word, asked as bash itself asks."""
    folder = tmp_path / "bin"
    folder.mkdir(exist_ok=True)
    program = folder / "cwtch"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m cwtch_cli "$@"\n')
    program.chmod(0o755)
    script = f"""
        . {BASH}
        complete -p cwtch | grep -q -- '-F _cwtch_completion' || exit 9
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
        _cwtch_completion cwtch 2>&1
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", script, "bash", "cwtch", *words],
        capture_output=True,
        text=True,
        env={**environment(), "PATH": f"{folder}:{os.environ['PATH']}", "CWTCHD_SOCKET": str(socket)},
        check=True,
        timeout=60,
    )
    assert done.stderr.replace("bash: compopt: not currently executing completion function\n", "") == ""
    return done.stdout.split()


def test_words_of_the_command_line(daemon: FakeDaemon, tmp_path: Path) -> None:
    assert completed(tmp_path, "contact", "b", socket=daemon.path) == ["block"]
    assert "--timeout" in completed(tmp_path, "tor", "status", "--t", socket=daemon.path)
    assert completed(tmp_path, "token", "create", "r", socket=daemon.path) == ["read"]


def test_servers_come_from_the_daemon(daemon: FakeDaemon, alice: FakeProfile, tmp_path: Path) -> None:
    made = daemon.world.hosting.create({"description": "two\nlines"})
    fake_methods.METHODS["server.add"](daemon.world, {"profile": alice.id, "bundle": made["bundle"]})
    assert completed(tmp_path, "hosting", "start", "", socket=daemon.path) == [made["id"]]
    assert completed(tmp_path, "server", "sync", "", socket=daemon.path) == [str(next(iter(alice.servers)))]


def test_names_come_from_the_daemon(
    daemon: FakeDaemon, alice: FakeProfile, bob: dict[str, Json], tmp_path: Path
) -> None:
    for at, name in enumerate(("bobby", "b$(id)", "b; rm", "-b", "")):
        daemon.world.add_conversation(alice, onion(str(at)), name, "accepted")
    assert completed(tmp_path, "chat", "b", socket=daemon.path) == ["bob", "bobby"]
    # What a shell would read as something else is offered by its id.
    offered = completed(tmp_path, "message", "send", "", socket=daemon.path)
    assert offered == ["bob", "bobby", *map(str, list(alice.conversations)[2:])]
    daemon.world.create("work", "x")
    assert completed(tmp_path, "--profile", "w", socket=daemon.path) == ["work"]
    assert completed(tmp_path, "--profile", "alice", "contact", "get", "bobb", socket=daemon.path) == [
        "bobby"
    ]


def test_types_of_events(daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(fake_methods.METHODS, "rpc.discover", lambda world, params: DOCUMENT)
    assert completed(tmp_path, "watch", "--type", "tor.", socket=daemon.path) == ["tor.changed"]


def test_without_a_daemon_nothing_is_offered_and_nothing_said(tmp_path: Path) -> None:
    assert completed(tmp_path, "chat", "b", socket=tmp_path / "none") == []
    assert completed(tmp_path, "xyzzy", "b", socket=tmp_path / "none") == []


# --- the files ---------------------------------------------------------------------------------------------------

FILES = generate_cli.files()


@pytest.mark.parametrize(
    ("shell", "file"),
    [
        *(("bash", f"bash-completion/completions/{name}") for name in ("cwtch", "cwtchd")),
        *(("zsh", f"zsh/site-functions/_{name}") for name in ("cwtch", "cwtchd")),
        *(("fish", f"fish/vendor_completions.d/{name}.fish") for name in ("cwtch", "cwtchd")),
    ],
)
def test_a_shell_reads_its_file(shell: str, file: str) -> None:
    path = generate_cli.SHARE / file
    assert path in FILES
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here to read {file} with")
    subprocess.run([shell, "-n", path], check=True, timeout=60)


@pytest.mark.skipif(shutil.which("man") is None, reason="there is no man here")
@pytest.mark.parametrize("path", [each for each in FILES if each.suffix == ".1"], ids=lambda path: path.name)
def test_man_renders_each_page_without_a_warning(path: Path, tmp_path: Path) -> None:
    page = tmp_path / path.name
    page.write_text(FILES[path])
    shown = subprocess.run(
        ["man", "--warnings", "-l", page],
        capture_output=True,
        text=True,
        env={**os.environ, "MANWIDTH": "80", "MAN_KEEP_FORMATTING": ""},
        check=True,
        timeout=60,
    )
    assert shown.stderr == ""
    assert path.stem.upper() in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 80


def test_the_files_are_the_same_each_time() -> None:
    assert generate_cli.files() == FILES


def test_the_page_of_the_program_tells_each_command_and_status() -> None:
    page = FILES[generate_cli.SHARE / "man" / "man1" / "cwtch.1"]
    for name in ("chat", "contact", "message", "token", "watch"):
        assert f"cwtch\\-{name}" in page
    for status in ("0", "5", "6", "7", "130"):
        assert f"\n.B {status}\n" in page

"""The API's part of the bench: one daemon, the floors beside it, and everything in turns."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import calls, following, scratch, standing
from bench.alone import Alone
from bench.processes import ROOT, Server, Stream
from bench.scratch import PASSWORD, Scratch
from bench.table import Part, fsync_ms, say

BENCH_VENV = ROOT / ".venv-bench"
ABOUT = """\
A `cwtchd run` with one profile, twenty contacts and 100,000 stored messages, without a Tor (`--tor` names a control socket that
isn't there), asked over its UNIX socket by one process with raw sockets and lines made beforehand. Both sides of a row take
turns, round by round: the figure is the median of the rounds' own quotients. *Alone* is the call's own statements in this process,
without a socket, a check or an answer: a process that does only that behind a bare socket, and blocks for it, already takes about
twice as long for a page, so that the bar of `message.list` leaves a daemon no room; `message.send` is still over its bar."""


def measure() -> Part:
    """Brings everything up, measures, takes it down."""
    if not (BENCH_VENV / "bin" / "deltachat-rpc-server").exists():
        sys.exit("What is measured beside cwtchd is not installed: run `make bench` once.")
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        with contextlib.ExitStack() as stack:
            return _measure(folder, stack)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measure(folder: Path, stack: contextlib.ExitStack) -> Part:
    say("Writing a home with a long past …")
    made = scratch.make(folder / "home")
    for copy in ("copy", "other copy"):
        shutil.copytree(made.home, folder / copy)
    counted = iter(range(1000))

    def make(name: str) -> Server:
        path = folder / f"{next(counted)}.sock"
        return daemon(made.home, path) if name == "cwtchd" else bare(path)

    say("Starting daemons and bare processes in turns …")
    rows = standing.measured(make)
    server = make("cwtchd")
    stream = server.start()
    stack.callback(server.end)
    stream.ask(calls.call(1, "profile.unlock", {"password": PASSWORD}))
    say("Asking for daemon.status …")
    with beside(folder, stream) as subjects:
        rows = [*calls.status(subjects), *rows]
    say("Listing, replaying, sending …")
    result = calls.result_of(stream.ask(calls.page_call(made)))
    alone = Alone(Scratch(folder / "copy", made.profile, made.conversations))
    stack.callback(alone.close)
    path = folder / "alone.sock"
    given: list[str | Path] = [path, folder / "other copy", str(made.conversations[0]), result]
    behind = Server([sys.executable, "-m", "bench.alone", *given], path, {})
    stored = calls.Stored(stream, made, alone, behind.start())
    stack.callback(behind.end)
    rows += calls.listed(stored, result)
    rows.append(following.replayed(server, made))
    rows += calls.sent(stored)
    rows.append(following.told(server, made))
    return Part(
        "The API", ABOUT, rows, [f"fsync of this disk alone: {fsync_ms(folder):.2f} ms at the median."]
    )


@contextlib.contextmanager
def beside(folder: Path, ours: Stream) -> Iterator[dict[str, Stream]]:
    """Everything that answers a call without a store, each in a process that stays."""
    result = ours.ask(calls.call(1, "daemon.status"))
    echo, dispatching = bare(folder / "echo.sock"), bare(folder / "dispatch.sock", result)
    accounts = {**os.environ, "DC_ACCOUNTS_PATH": str(folder / "accounts")}
    with subprocess.Popen(
        [BENCH_VENV / "bin" / "deltachat-rpc-server"],
        env=accounts,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as deltachat:
        assert deltachat.stdin is not None
        assert deltachat.stdout is not None
        try:
            yield {
                "cwtchd": ours,
                "echo": echo.start(),
                "jsonrpcserver": dispatching.start(),
                "deltachat": Stream(deltachat.stdin.fileno(), deltachat.stdout.fileno()),
            }
        finally:
            for server in (echo, dispatching):
                server.end()
            deltachat.terminate()


def daemon(home: Path, path: Path) -> Server:
    """The real command; its Tor is one that isn't there, so that it dials nobody."""
    where: list[str | Path] = ["--home", home, "--socket", path, "--tor", f"unix:{home.parent / 'no-tor'}"]
    return Server([sys.executable, "-m", "cwtchd", "run", *where], path, {})


def bare(path: Path, result: bytes | None = None) -> Server:
    """An echo; with an answer of ours, jsonrpcserver that returns the same."""
    found = next((BENCH_VENV / "lib").glob("python*/site-packages"))
    given: list[str] = [] if result is None else [calls.result_of(result)]
    return Server([sys.executable, "-m", "bench.bare", path, *given], path, {"PYTHONPATH": str(found)})

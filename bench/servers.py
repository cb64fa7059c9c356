"""The servers' part of the bench: daemons that host one server each, the floors beside them, and everything in turns."""

import contextlib
import shutil
import sys
import tempfile
from pathlib import Path

from bench import servers_live, servers_memory, servers_posts, servers_replay, servers_tokens
from bench.processes import ROOT
from bench.servers_home import MESSAGE_BYTES, Hosted, hosted, running
from bench.table import Part, fsync_ms, say

FEW, MANY, MOST = 1_000, 100_000, 1_000_000
SMALL_BYTES = 300
ABOUT = f"""\
Each server is hosted by a daemon process of its own, on a Tor whose onions are UNIX sockets in a folder, so that what is measured is
cwtchd and not Tor. Messages have {MESSAGE_BYTES:,} bytes, what a short text of a group is once it is padded; where memory is measured they
have {SMALL_BYTES}, so that {MOST:,} of them take half a gigabyte of disk and not four. Both sides of a row take turns, round by round: the figure is the
median of the rounds' own quotients. *Posts stored durably* go through the real decision on the real Ledger: the
token's multiplication in the group, what is spent and what is kept looked up, two rows written; the floor writes one of them, its columns
made beforehand. The goal is for what a server stores while guests post, over their sockets; those who post at once share commits. One post a
commit is the dearest way, and lies at about half of the floor. *The bare copy* is
a Twisted process that seals rows which it has in memory. Nobody opens what is read, so that the reader is not what is measured."""


def measure() -> Part:
    """Brings everything up, measures, takes it down."""
    if not list((ROOT / ".venv-bench" / "lib").glob("python*/site-packages/challenge_bypass_ristretto")):
        sys.exit("What is measured beside cwtchd is not installed: run `make bench` once.")
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        with contextlib.ExitStack() as stack:
            return _measure(folder, stack)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measure(folder: Path, stack: contextlib.ExitStack) -> Part:
    say("Making and opening batches of tokens …")
    tokens = servers_tokens.measured()
    say("Writing boards with a long past …")

    def host(name: str, stored: int, message_bytes: int) -> Hosted:
        return hosted(folder / name, stored, message_bytes)

    few, many = host("few", FEW, MESSAGE_BYTES), host("many", MANY, MESSAGE_BYTES)
    small, large = host("small", FEW, SMALL_BYTES), host("large", MOST, SMALL_BYTES)
    say(f"Holding {MOST:,} messages …")
    with running(small), running(large):
        memory = servers_memory.held(small, large)
    api = stack.enter_context(running(few))
    stack.enter_context(running(many))
    say(f"Replaying {MANY:,} messages and bare packets in turns …")
    replay = servers_replay.replayed(folder, many)
    resumed = servers_replay.resumed(few, many)
    say("Telling synced guests …")
    live = servers_live.told(many)
    say("Posting …")
    posted = servers_posts.measured(folder, few, api)
    rows = [*posted, replay, *tokens, live, *resumed, *memory]
    return Part(
        "Servers", ABOUT, rows, [f"fsync of this disk alone: {fsync_ms(folder):.2f} ms at the median."]
    )

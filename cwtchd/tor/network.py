"""A private Tor network on loopback: real onion services without Internet, for demos, development and tests.

It outlives the command that starts it; one record in its folder says which processes are its own (network_record.py).
What is started here is ended here, also when starting fails or is cut short. Plain blocking code: there is no loop.
"""

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cwtchd.tor import network_nodes, network_record, processes
from cwtchd.tor.locate import TorMissing, find_tor, find_tor_gencert
from cwtchd.tor.network_nodes import AUTHORITIES, FEWEST_RELAYS, MOST_RELAYS, KeysFailed, Node, Programs
from cwtchd.tor.network_probe import ProbeFailed, client_torrc, prove
from cwtchd.tor.network_record import CLIENT_TORRC, NODES, Member, Record, write_private

START_SECONDS = 120
STOP_SECONDS = 8
_STARTER_SECONDS = 20
_STEP_SECONDS = 0.05
_ADDRESSES = 5
"""How many addresses are tried where others hold the ports."""


_WHEN_TOLD = 'read -r told && exec "$0" "$@" </dev/null'


class NetworkFailed(Exception):
    """The network can't be had. The text is a sentence."""


class _AddressTaken(Exception):
    pass


@dataclass(frozen=True, slots=True)
class NetworkStatus:
    """How a folder's network stands."""

    running: bool
    sentence: str


def start(
    folder: Path,
    relays: int = 5,
    *,
    executable: Path | None = None,
    say: Callable[[str], None] = print,
    interrupted: Callable[[], bool] = lambda: False,
    owner: int | None = None,
) -> None:
    """Starts a network in a folder; returns when onion services work on it. Raises NetworkFailed.

    `interrupted` is asked all the time, and ends what was started when true. With an `owner` (a pid), the network ends
    soon after that process.
    """
    if not FEWEST_RELAYS <= relays <= MOST_RELAYS:
        raise NetworkFailed(
            f"A private network needs {FEWEST_RELAYS} to {MOST_RELAYS} relays beside its {AUTHORITIES} authorities: "
            "an onion service's circuits go over more distinct relays than fewer would give."
        )
    try:
        tor = find_tor(executable)
        programs = Programs(tor.absolute(), find_tor_gencert(tor).absolute())
    except TorMissing as missing:
        raise NetworkFailed(str(missing)) from missing
    folder = folder.absolute()
    network = _Starting(folder, _claim(folder, relays), programs, say, interrupted, owner)
    try:
        network.run(relays)
    except (KeysFailed, ProbeFailed) as error:
        raise NetworkFailed(str(error)) from error
    except OSError as error:
        raise NetworkFailed(
            f"The network could not be started: {error.strerror or 'a system call failed'}."
        ) from error


def status(folder: Path) -> NetworkStatus:
    """How the folder's network stands."""
    record = network_record.load(folder)
    if record is None:
        return NetworkStatus(running=False, sentence=f"There is no private network in {folder}.")
    living = len(record.living())
    if record.starting():
        return NetworkStatus(running=False, sentence=f"The network is being started: {living} tors run.")
    if living < record.expected:
        return NetworkStatus(
            running=False,
            sentence=f"The network is broken: {living} of {record.expected} tors run. Stop it and start it again.",
        )
    return NetworkStatus(
        running=True, sentence=f"The network runs: {living} tors. Clients read {folder / CLIENT_TORRC}."
    )


def stop(folder: Path, say: Callable[[str], None] = print) -> None:
    """Ends the folder's network, and removes what it made there. Raises NetworkFailed where a process does not end."""
    folder = folder.absolute()
    record = network_record.load(folder)
    if (
        record is not None
        and record.starter is not None
        and record.starting()
        and record.starter.pid != os.getpid()
    ):
        # Whoever starts it knows best what was started, and ends it.
        processes.end([record.starter], _STARTER_SECONDS)
        record = network_record.load(folder)
    if record is None:
        say(f"There is no private network in {folder}.")
        return
    _end(record.living())
    if record.living():
        raise NetworkFailed("A tor of the network does not end, not even when killed: try again later.")
    network_record.remove(folder, made_folder=record.made_folder)
    say("The network is stopped.")


def _claim(folder: Path, relays: int) -> Record:
    made = not folder.exists()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with network_record.claiming(folder):
        old = network_record.load(folder)
        if old is not None:
            if old.starting() or old.living():
                raise NetworkFailed(
                    f"A network runs in {folder} already: stop it first, or name another folder."
                )
            made = old.made_folder
            network_record.remove(folder, made_folder=False)
        elif any((folder / name).exists() for name in (NODES, CLIENT_TORRC, network_record.RECORD)):
            raise NetworkFailed(
                f"In {folder} are files that are in a network's way: name an empty or new folder."
            )
        record = Record(network_record.boot(), processes.mark_of(os.getpid()), [], AUTHORITIES + relays, made)
        network_record.save(folder, record)
    return record


def _end(members: list[Member]) -> None:
    def reap() -> None:
        for member in members:
            # Not a child, where another command started the network.
            with contextlib.suppress(ChildProcessError):
                os.waitpid(member.mark.pid, os.WNOHANG)

    processes.end([member.mark for member in members], STOP_SECONDS, reap)
    reap()


class _Starting:
    """A network on its way up."""

    def __init__(
        self,
        folder: Path,
        record: Record,
        programs: Programs,
        say: Callable[[str], None],
        interrupted: Callable[[], bool],
        owner: int | None,
    ) -> None:
        self._folder = folder
        self._record = record
        self._programs = programs
        self._say = say
        self._interrupted = interrupted
        self._owner = owner
        self._doing = "its keys were made"
        self._until = time.monotonic() + START_SECONDS

    def run(self, relays: int) -> None:
        """Brings it up, or leaves nothing."""
        try:
            self._try_addresses(relays)
            self._record.starter = None
            network_record.save(self._folder, self._record)
        except BaseException:
            self._end_all()
            network_record.remove(self._folder, made_folder=self._record.made_folder)
            raise

    def _try_addresses(self, relays: int) -> None:
        for _ in range(_ADDRESSES):
            try:
                return self._bring_up(network_nodes.plan(self._folder / NODES, relays))
            except _AddressTaken:
                self._end_all()
                shutil.rmtree(self._folder / NODES, ignore_errors=True)
        raise NetworkFailed("Other programs hold the ports that were tried on loopback: try again.")

    def _bring_up(self, nodes: Sequence[Node]) -> None:
        if not network_nodes.free(nodes):
            raise _AddressTaken
        (self._folder / NODES).mkdir(mode=0o700, exist_ok=True)
        self._say(f"Making the keys of {AUTHORITIES} authorities …")
        common = network_nodes.EVERYWHERE + network_nodes.make_keys(nodes, self._programs, self._pause)
        write_private(self._folder / CLIENT_TORRC, common.encode())
        self._say(f"Starting {len(nodes)} tors on {nodes[0].address} …")
        self._doing = "its directory formed"
        for node in nodes:
            network_nodes.write_torrc(node, common, self._owner)
            self._spawn(node.name, node.torrc, node.log)
        # A tor that chooses its guards while relays are still missing may never reach some of them.
        while not network_nodes.agreed(nodes):
            self._pause()
        trial = Node("trial", self._folder / NODES / "trial", nodes[0].address, 0, None)
        trial.data.mkdir(mode=0o700, parents=True)

        def run_trial(control: Path, socks: Path) -> None:
            trial.torrc.write_text(client_torrc(common, trial.data, control, socks, os.getpid()))
            self._spawn(trial.name, trial.torrc, trial.log)

        def tell(sentence: str) -> None:
            self._doing = "an onion service could be reached"
            self._say(sentence)

        prove(run_trial, trial.data, tell, self._pause)
        _end([self._record.members.pop()])
        shutil.rmtree(trial.folder)
        self._say(f"The network is ready. Any tor joins it with the lines of {self._folder / CLIENT_TORRC}.")

    def _spawn(self, name: str, torrc: Path, log: Path) -> None:
        # It becomes a tor only once it stands in the record: where we are killed in between, it reads an end and ends.
        # No descriptor of ours goes along (all are close-on-exec), and no terminal: the network outlives this command.
        reading, writing = os.pipe()
        try:
            pid = os.posix_spawn(
                "/bin/sh",
                [
                    "sh",
                    "-c",
                    _WHEN_TOLD,
                    str(self._programs.tor),
                    "--defaults-torrc",
                    os.devnull,
                    "-f",
                    str(torrc),
                ],
                os.environ,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, reading, 0),
                    (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
                    (os.POSIX_SPAWN_DUP2, 1, 2),
                ],
                setsid=True,
                setsigmask=(),
                setsigdef=(signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE),
            )
            mark = processes.mark_of(pid)
            if mark is None:
                self._fell(log)
                return
            self._record.members.append(Member(name, mark))
            network_record.save(self._folder, self._record)
            os.write(writing, b"go\n")
        except BrokenPipeError:
            self._fell(log)
        finally:
            os.close(reading)
            os.close(writing)

    def _pause(self) -> None:
        """Waits a moment, unless there is a reason to give up."""
        if self._interrupted():
            raise NetworkFailed("Starting the network was interrupted; what was started has been ended.")
        for member in self._record.members:
            if not processes.alive(member.mark):
                self._fell(self._folder / NODES / member.name / "log")
        if time.monotonic() > self._until:
            raise NetworkFailed(f"The network was given up: {START_SECONDS} s passed before {self._doing}.")
        time.sleep(_STEP_SECONDS)

    def _fell(self, log: Path) -> None:
        said = log.read_text(errors="replace") if log.exists() else ""
        if "Address already in use" in said:
            raise _AddressTaken
        last = said.strip().rpartition("\n")[2][:200] or "nothing"
        raise NetworkFailed(f"A tor of the network ended at once; the last that it said was: {last}")

    def _end_all(self) -> None:
        _end(self._record.members)
        self._record.members.clear()

"""The demo's stage: one private folder, the processes on it, and the end of both.

Rules: signals only leave a note, which every wait looks at, so that no process is started and then forgotten; every child has
a process group of its own, so that a terminal's ^C reaches only the demo, and is told to end should the demo be killed; the end
may be asked for at any moment, runs to its end whatever signals come, and ends nothing but what carries this stage's folder.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from demo.show import Show

T = TypeVar("T")

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STEP_SECONDS = 0.05
_ENDING_SECONDS = 15.0
_NETWORK_SECONDS = 40.0
_LONGEST_FOLDER = 40
"""AF_UNIX ends at 107 bytes, and tor's sockets lie three levels below the folder."""
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class PlayFailed(Exception):
    """The play can't go on; the text is a sentence."""


class Interrupted(Exception):
    """Somebody wants the play to end. `status` is the exit status for it."""

    def __init__(self, number: int) -> None:
        super().__init__("The demo was interrupted.")
        self.status = 128 + number


class Stage:
    """A folder, and what runs in it."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self._asked: list[int] = []
        for number in _SIGNALS:
            signal.signal(number, lambda got, _frame: self._asked.append(got))
        self._programs = Path(sys.executable).parent
        self._running: list[subprocess.Popen[bytes]] = []
        self._readers: list[Callable[[], None]] = []
        self._network = False
        place = tempfile.gettempdir()
        self.folder = Path(
            tempfile.mkdtemp(prefix="cwtch-demo-", dir=place if len(place) <= _LONGEST_FOLDER else "/tmp")  # noqa: S108 - mkdtemp makes it private
        )
        self.network = self.folder / "net"
        self._environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("CWTCHD_HOME", "CWTCHD_SOCKET", "XDG_DATA_HOME")
        }
        for name, variable in (("home", "HOME"), ("run", "XDG_RUNTIME_DIR"), ("tmp", "TMPDIR")):
            (self.folder / name).mkdir(mode=0o700)
            self._environment[variable] = str(self.folder / name)

    # --- processes -----------------------------------------------------------------------------------------------

    def start(
        self,
        program: str,
        *words: str,
        output: Path | None = None,
        errors: Path | None = None,
        stdin: bool = False,
    ) -> "subprocess.Popen[bytes]":
        """Starts a program of this installation; its output goes to a pipe, or to a file that it is added to."""
        path = self._programs / program
        if not path.exists():
            raise PlayFailed(f"There is no {path}: run `make install` first.")
        ours = os.getpid()

        def die_with_us() -> None:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != ours:
                os._exit(1)  # we ended before the kernel knew what to do then

        with contextlib.ExitStack() as files:
            out = subprocess.PIPE if output is None else files.enter_context(output.open("ab"))
            err = (
                files.enter_context((errors or self.folder / "errors").open("ab")) if output is None else out
            )
            process = subprocess.Popen(
                [str(path), *words],
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=self._environment,
                cwd=self.folder,
                process_group=0,
                preexec_fn=die_with_us,  # noqa: PLW1509 - the demo has no threads
            )
        self._running.append(process)
        return process

    def run(
        self, program: str, *words: str, given: bytes = b"", seconds: float = 60
    ) -> tuple[int, bytes, str]:
        """Runs a program to its end; returns its exit status, its output, and the last line of its errors."""
        errors = self.folder / f"errors-{len(self._running)}-{time.monotonic_ns()}"
        process = self.start(program, *words, errors=errors, stdin=True)
        end = time.monotonic() + seconds
        while True:
            try:
                output, _ = process.communicate(given or None, timeout=_STEP_SECONDS)
                break
            except subprocess.TimeoutExpired:
                given = b""  # once is enough: communicate remembers
                self.look()
                if time.monotonic() > end:
                    raise PlayFailed(
                        f"`{program} {' '.join(words[-3:])}` did not end within {seconds:.0f} s."
                    ) from None
        self._running.remove(process)
        said = errors.read_text("utf-8", "replace").strip().rpartition("\n")[2]
        errors.unlink()
        return process.returncode, output, said

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        """`kill -9`."""
        process.kill()
        process.wait()
        self._running.remove(process)

    def read_along(self, reader: Callable[[], None]) -> None:
        """Calls the reader while waiting."""
        self._readers.append(reader)

    # --- waiting -------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Takes what came meanwhile. Raises Interrupted where the play shall end."""
        for reader in self._readers:
            reader()
        if self._asked:
            raise Interrupted(self._asked[0])
        if self._show.gone:
            raise Interrupted(signal.SIGPIPE)

    def until(
        self,
        what: str,
        test: Callable[[], T | None],
        seconds: float,
        every: float = _STEP_SECONDS,
    ) -> T:
        """The first true value of a test; raises PlayFailed where there is none in time."""
        end = time.monotonic() + seconds
        while True:
            self.look()
            if found := test():
                return found
            if time.monotonic() > end:
                raise PlayFailed(f"Within {seconds:.0f} s it did not happen that {what}.")
            resume = time.monotonic() + every
            while time.monotonic() < resume:
                time.sleep(_STEP_SECONDS)
                self.look()

    # --- the network ---------------------------------------------------------------------------------------------

    def start_network(self, seconds: float) -> None:
        """Starts the private Tor network, and shows what it says meanwhile."""
        self._network = True
        log = self.folder / "network"
        process = self.start("cwtchd", "tornet", "start", "--dir", str(self.network), output=log)
        told = 0

        def tell() -> None:
            nonlocal told
            lines = log.read_text("utf-8", "replace").split("\n")[:-1]
            for line in lines[told:]:
                self._show.note(line.replace(str(self.folder), "…"))
            told = len(lines)

        def ended() -> bool:
            tell()
            return process.poll() is not None

        self.until("the private Tor network stood", ended, seconds)
        tell()
        self._running.remove(process)
        if process.returncode:
            last = log.read_text("utf-8", "replace").strip().rpartition("\n")[2]
            raise PlayFailed(f"The private Tor network could not be started: {last}")

    # --- the end -------------------------------------------------------------------------------------------------

    def end(self) -> None:
        """Ends everything that was started here and removes the folder. Raises PlayFailed where something stays."""
        for process in self._running:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        deadline = time.monotonic() + _ENDING_SECONDS
        for process in self._running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()
        self._running.clear()
        if self._network:
            # Where it can't be asked to stop, its processes are ended below.
            with contextlib.suppress(PlayFailed, OSError):
                self._stop_network()
        left = self._wait_for_the_last()
        shutil.rmtree(self.folder, ignore_errors=True)
        if left:
            raise PlayFailed(f"{left} processes did not end when they were told to, and were killed.")
        if self.folder.exists():
            raise PlayFailed(f"The folder {self.folder} could not be removed: remove it by hand.")

    def _stop_network(self) -> None:
        process = self.start(
            "cwtchd", "tornet", "stop", "--dir", str(self.network), output=self.folder / "network"
        )
        try:
            process.wait(_NETWORK_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._running.remove(process)

    def _wait_for_the_last(self) -> int:
        """Waits till nobody carries our folder; kills whoever still does then, and says how many."""
        deadline = time.monotonic() + _ENDING_SECONDS
        while (left := self._ours()) and time.monotonic() < deadline:
            time.sleep(_STEP_SECONDS)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return len(left)

    def _ours(self) -> list[int]:
        """The processes whose environment or command line names our folder, which is nobody else's."""
        mark = os.fsencode(self.folder)
        found = []
        for place in Path("/proc").iterdir():
            if place.name.isdigit() and int(place.name) != os.getpid():
                with contextlib.suppress(OSError):  # it ended meanwhile, or is another user's
                    if mark in (place / "environ").read_bytes() + (place / "cmdline").read_bytes():
                        found.append(int(place.name))
        return found

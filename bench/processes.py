"""What is measured runs in processes of its own, and is talked to in bytes that were made before the clock ran."""

import os
import socket
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
PATIENCE = 60.0
CHUNK = 1 << 18
AN_ERROR = b'"error":{"code"'


class Stream:
    """A line of talk with a process: a UNIX socket, or two pipes."""

    def __init__(self, write: int, read: int) -> None:
        self._write, self._read = write, read

    @classmethod
    def connect(cls, path: Path) -> "Stream":
        """A connection to a UNIX socket. Raises OSError."""
        with socket.socket(socket.AF_UNIX) as opened:
            opened.settimeout(PATIENCE)
            opened.connect(str(path))
            opened.settimeout(None)
            descriptor = opened.detach()
        return cls(descriptor, descriptor)

    def fileno(self) -> int:
        """For whoever waits for several."""
        return self._read

    def ask(self, line: bytes) -> bytes:
        """Sends a line; the line that comes back."""
        self.send(line)
        answer = os.read(self._read, CHUNK)
        while not answer.endswith(b"\n"):
            answer += self.some()
        return answer

    def send(self, line: bytes) -> None:
        """Sends a line, and waits for nothing."""
        os.write(self._write, line)

    def some(self) -> bytes:
        """What is there, once there is something."""
        data = os.read(self._read, CHUNK)
        if not data:
            raise ConnectionError
        return data

    def read_lines(self, count: int) -> None:
        """Reads so many lines, and looks at none but for an error."""
        while count > 0:
            data = self.some()
            if AN_ERROR in data:
                raise ValueError(data[data.index(AN_ERROR) :][:200])
            count -= data.count(b"\n")

    def round_trips(self, lines: Sequence[bytes]) -> list[float]:
        """The milliseconds that each took, one after the other."""
        taken = []
        for line in lines:
            began = time.perf_counter()
            answer = self.ask(line)
            taken.append((time.perf_counter() - began) * 1000)
            if AN_ERROR in answer:
                raise ValueError(answer[:200])
        return taken

    def pipelined(self, lines: Sequence[bytes]) -> float:
        """How many a second were answered, where none waits for the one before it."""
        data = b"".join(lines)
        writer = threading.Thread(target=self._write_all, args=(data,), daemon=True)
        began = time.perf_counter()
        writer.start()
        self.read_lines(len(lines))
        taken = time.perf_counter() - began
        writer.join()
        return len(lines) / taken

    def _write_all(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._write, rest[:CHUNK]) :]

    def close(self) -> None:
        """Ends it."""
        for descriptor in {self._write, self._read}:
            os.close(descriptor)


class Server:
    """A process that answers on a UNIX socket."""

    def __init__(self, command: Sequence[str | Path], path: Path, environment: Mapping[str, str]) -> None:
        self.path = path
        self._command = command
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> Stream:
        """Starts it; a first connection to it."""
        with self.path.with_suffix(".log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return Stream.connect(self.path)
            except OSError:
                if self._process.poll() is not None or time.monotonic() > end:
                    raise
                time.sleep(0.001)

    def memory(self) -> dict[str, int]:
        """Its resident set and its proportional share of it, in KiB."""
        lines = Path(f"/proc/{self.pid}/smaps_rollup").read_text("utf-8").splitlines()[1:]
        pairs = (line.split()[:2] for line in lines)
        return {name.rstrip(":"): int(size) for name, size in pairs}

    def end(self) -> None:
        """Ends it."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(PATIENCE)

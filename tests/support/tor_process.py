"""A tor that no daemon owns, on a private network: daemons attach to its control socket, and it lives on when they are killed."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from cwtchd.tor.locate import find_tor
from tests.support.node import until


class TorProcess:
    """One tor with UNIX sockets, in a short folder of its own (AF_UNIX ends at 107 bytes)."""

    def __init__(self, network: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tor-"))
        self.control = self.folder / "control"
        self.socks = self.folder / "socks"
        lines = [
            (network / "client.torrc").read_text("utf-8"),
            f"DataDirectory {self.folder / 'data'}",
            f"ControlPort unix:{self.control}",
            f"SocksPort unix:{self.socks} OnionTrafficOnly IsolateSOCKSAuth ExtendedErrors",
            "CookieAuthentication 1",
            f"Log notice file {self.folder / 'log'}",
        ]
        (self.folder / "torrc").write_text("\n".join(lines) + "\n")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it and waits for its control socket."""
        self._process = subprocess.Popen(
            [find_tor(None), "-f", self.folder / "torrc", "--quiet"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(self.folder)},
        )
        until("tor's control socket", self.control.exists)

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self.control.unlink(missing_ok=True)

    def end(self) -> None:
        """Ends it and removes what it wrote."""
        if self._process is not None and self._process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

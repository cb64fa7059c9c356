"""Where tor is: the program that was named, else on PATH, else beside this Python (`make install` puts one there)."""

import os
import shutil
import sys
from pathlib import Path


class TorMissing(Exception):
    """There is no tor program. The text is a sentence that says how to get one."""


def find_tor(chosen: Path | None = None) -> Path:
    """The tor program. Raises TorMissing."""
    if chosen is not None:
        if chosen.is_file() and os.access(chosen, os.X_OK):
            return chosen
        raise TorMissing("The tor program that was named is not there, or can't be run: name another.")
    found = _look_up("tor")
    if found is None:
        raise TorMissing("No tor program was found: install the package tor, so that `tor` is on PATH.")
    return found


def find_tor_gencert(tor: Path) -> Path:
    """The program that makes a directory authority's keys, of this tor's package. Raises TorMissing."""
    beside = tor.with_name("tor-gencert")
    if beside.is_file() and os.access(beside, os.X_OK):
        return beside
    found = _look_up("tor-gencert")
    if found is None:
        raise TorMissing("No tor-gencert was found, which a private network needs: install the package tor.")
    return found


def _look_up(program: str) -> Path | None:
    found = shutil.which(program) or shutil.which(program, path=str(Path(sys.executable).parent))
    return None if found is None else Path(found)

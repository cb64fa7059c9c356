"""A disk of a few MiB, mounted for a test: checks run as root, whom no mode of a file stops."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A private tmpfs of that size. Skips, saying why, where nothing may be mounted."""
    disk = folder / "disk"
    disk.mkdir()
    options = f"size={size},mode=0700"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small disk needs the right to mount one: run the tests as root to try a full disk")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def remount(disk: Path, options: str) -> None:
    """Makes it larger, or read-only."""
    subprocess.run(["mount", "-o", f"remount,{options}", disk], check=True)

"""What a process holds: its memory and its descriptors, as Linux counts them."""

import re
from pathlib import Path


def memory(pid: int) -> int:
    """Bytes of memory that are there for it (VmRSS)."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) << 10


def descriptors(pid: int) -> int:
    """Open files, sockets and pipes."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))

"""Values that a FakeDaemon makes up: addresses and times."""

import base64
import hashlib
import time


def onion(word: str) -> str:
    """An address that looks like one, the same for the same word."""
    return base64.b32encode(hashlib.sha512(word.encode()).digest()).decode().lower()[:56]


def now() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000

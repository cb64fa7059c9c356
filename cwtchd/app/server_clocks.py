"""Every clock and bound of how a profile uses its servers, in one table (extensions 0-ground, 8.3), and the draws from them.

Clocks are drawn, so that nothing that a server sees comes at a time by which it could know its cause: sessions, purchases and posts each run
by their own. Randomness is handed in; all times here are seconds, but those that say otherwise.
"""

import math
from collections.abc import Callable

Randomness = Callable[[int], bytes]

ROTATE_LEAST = 10 * 60.0
ROTATE_MORE = 50 * 60.0
"""A sync session lasts ROTATE_LEAST and an exponential time of this mean, whether or not anything was posted."""

BETWEEN_SESSIONS = 60.0
"""The mean time between the end of one session and the beginning of the next."""

POST_CLOSE_LEAST = 2.0
POST_CLOSE_MOST = 20.0
"""How long a post's connection stays after the answer."""

TOKEN_CLOCK = 60 * 60.0
TOKEN_BATCH = 10
TOKEN_STOCK = 10
"""A batch is bought when so many tokens or fewer are left, on a Poisson clock of this mean and never because of a post."""
FIRST_BATCHES = 2
"""What adding a server, which is a click, buys at once."""

PURCHASE_RETRY = 5 * 60.0
"""The mean time until one of the first purchases is tried again; any other waits for the clock."""
AFTER_ABSENCE = 60.0
"""The mean time that what fell due without Tor, or with the profile closed, still waits: coming back must not begin everything in one second."""
AFTER_PURCHASE = 60.0
"""The mean time that a post which waited for a token still waits once it has one: the purchase must not announce it."""

POST_RETRY = 30.0
POST_RETRY_MOST = 60 * 60.0
"""The mean time until a post that was not answered is shown again, doubled each time up to the most."""
POST_ATTEMPTS = 5
"""A message shown so often without an answer is not shown again: whether it is stored, its echo says."""
POST_ANSWER = 3 * 60.0
"""A post that was shown is not shown again before this, so that a crash in between is no hurry."""
POST_REFUSALS = 3
"""So many good tokens refused one after another, and the server gets no more of them for this message."""

ECHO_SESSIONS = 2
"""A post is echoed when seen in so many sessions that began after it, and missed when absent from so many whole ones."""

_UNIFORM_BITS = 53


def uniform(randomness: Randomness, least: float = 0.0, most: float = 1.0) -> float:
    """A number from `least` up to, and not including, `most`."""
    drawn = int.from_bytes(randomness(8), "little") >> (64 - _UNIFORM_BITS)
    return least + (most - least) * (drawn / (1 << _UNIFORM_BITS))


def exponential(randomness: Randomness, mean: float) -> float:
    """A waiting time of this mean that remembers nothing."""
    return -mean * math.log(1.0 - uniform(randomness))


def rotate(randomness: Randomness) -> float:
    """How long a sync session lasts (ROTATE)."""
    return ROTATE_LEAST + exponential(randomness, ROTATE_MORE)


def between_sessions(randomness: Randomness) -> float:
    """From the end of a session to the beginning of the next."""
    return exponential(randomness, BETWEEN_SESSIONS)


def post_close(randomness: Randomness) -> float:
    """How long a post's connection stays after the answer (POST_CLOSE)."""
    return uniform(randomness, POST_CLOSE_LEAST, POST_CLOSE_MOST)


def token_clock(randomness: Randomness) -> float:
    """Until the stock of tokens is looked at again (TOKEN_CLOCK)."""
    return exponential(randomness, TOKEN_CLOCK)


def post_retry(randomness: Randomness, attempts: int) -> float:
    """Until a post is shown again that was shown so often without an answer."""
    return exponential(randomness, min(POST_RETRY * 2.0 ** max(0, min(attempts, 16) - 1), POST_RETRY_MOST))

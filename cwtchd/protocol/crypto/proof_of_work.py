"""What a server asks for a batch of tokens: about 65,000 hashes (wire-server §2.3).

`Work` is what both sides draw from their transcript once the seed is known. `solve` is a pure function of bytes, so that a process of
its own can do it in slices; it needs no library of the group, since a candidate is one remainder of division.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Final

from cwtchd.protocol import server_table as table
from cwtchd.protocol.crypto.group import ORDER
from cwtchd.protocol.crypto.transcript import Prng, Transcript

_CHUNK: Final = 1_000
"""Candidates that are drawn at once."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is asked: the seed of the generator of candidates, and the challenge; 64 bytes each."""

    prng_seed: bytes = field(repr=False)
    challenge: bytes = field(repr=False)


def begin(transcript: Transcript, seed: bytes) -> Work:
    """The work that a server's seed stands for; the transcript is told of it."""
    transcript.protocol(table.WORK_PROTOCOL)
    transcript.append(table.WORK_SEED, seed)
    challenge = transcript.challenge(table.WORK_CHALLENGE, table.WORK_CHALLENGE_SIZE)
    return Work(transcript.challenge(table.WORK_PRNG, table.PRNG_SEED_SIZE), challenge)


def end(transcript: Transcript, solution: bytes) -> None:
    """Tells the transcript of a solution."""
    transcript.append(table.WORK_SOLUTION, solution)


def check(solution: bytes, challenge: bytes) -> bool:
    """Whether this is a solution; it need not come from the generator."""
    return len(solution) == table.SOLUTION_SIZE and _hits(solution, challenge)


def solve(prng_seed: bytes, challenge: bytes, tried: int, count: int) -> bytes | None:
    """The first solution among the next `count` candidates, after `tried` of them; None where there is none. About 1.5 µs each."""
    prng = Prng(prng_seed)
    for size in _chunks(tried):
        prng.read(size * table.WIDE_SIZE)
    for size in _chunks(count):
        drawn = prng.read(size * table.WIDE_SIZE)
        for at in range(0, len(drawn), table.WIDE_SIZE):
            number = int.from_bytes(drawn[at : at + table.WIDE_SIZE], "little") % ORDER
            candidate = number.to_bytes(table.SOLUTION_SIZE, "little")
            if _hits(candidate, challenge):
                return candidate
    return None


def _hits(solution: bytes, challenge: bytes) -> bool:
    return hashlib.sha256(solution + challenge).digest().startswith(table.WORK_ZEROS)


def _chunks(count: int) -> list[int]:
    whole, rest = divmod(count, _CHUNK)
    return [_CHUNK] * whole + ([rest] if rest else [])

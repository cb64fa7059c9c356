"""Proof of work: the specification's vector, slices, and what is no solution."""

import hashlib
import itertools
import pickle

import pytest

from cwtchd.protocol.crypto.proof_of_work import Work, begin, check, end, solve
from cwtchd.protocol.crypto.transcript import Prng, Transcript
from cwtchd.protocol.server_table import TRANSCRIPT_LABEL
from tests.support.vectors import vectors

VECTOR = vectors("tokens")
SOLUTION = bytes.fromhex(VECTOR["solution"])
TRY = VECTOR["solution_try"]


def asked(seed: bytes = VECTOR["seed"].encode()) -> Work:
    return begin(Transcript(TRANSCRIPT_LABEL), seed)


def test_the_challenge_and_the_first_solution() -> None:
    work = asked()
    assert work.challenge.hex().startswith(VECTOR["challenge_starts"])
    assert solve(work.prng_seed, work.challenge, 0, TRY) == SOLUTION
    assert check(SOLUTION, work.challenge)


def test_slices_find_what_one_search_finds() -> None:
    work = asked()
    assert solve(work.prng_seed, work.challenge, 0, TRY - 1) is None
    assert solve(work.prng_seed, work.challenge, TRY - 1, 1) == SOLUTION
    found = (solve(work.prng_seed, work.challenge, tried, 7_777) for tried in itertools.count(0, 7_777))
    assert next(solution for solution in found if solution is not None) == SOLUTION


def test_no_tries_find_nothing() -> None:
    work = asked()
    assert solve(work.prng_seed, work.challenge, 5, 0) is None


def test_a_solution_holds_for_its_own_challenge_alone() -> None:
    assert not check(SOLUTION, asked(b"another seed").challenge)


@pytest.mark.parametrize("solution", [b"", SOLUTION[:31], SOLUTION + b"\0", bytes(32), SOLUTION[::-1]])
def test_what_is_no_solution(solution: bytes) -> None:
    assert not check(solution, asked().challenge)


def test_a_solution_of_another_size_is_none_even_where_its_hash_would_do() -> None:
    challenge = asked().challenge
    short = next(
        number.to_bytes(31, "little")
        for number in itertools.count()
        if hashlib.sha256(number.to_bytes(31, "little") + challenge).digest().startswith(bytes(2))
    )
    assert not check(short, challenge)


def test_a_solution_need_not_come_from_the_generator() -> None:
    challenge = asked().challenge
    assert any(check(number.to_bytes(32, "big"), challenge) for number in range(2_000_000))


def test_the_transcript_depends_on_the_seed_and_the_solution() -> None:
    def last(seed: bytes, solution: bytes) -> bytes:
        transcript = Transcript(TRANSCRIPT_LABEL)
        begin(transcript, seed)
        end(transcript, solution)
        return transcript.challenge(b"x", 32)

    said = {last(seed, solution) for seed in (b"a", b"b") for solution in (SOLUTION, bytes(32))}
    assert len(said) == 4


def test_it_can_be_done_by_another_process() -> None:
    assert pickle.loads(pickle.dumps(solve)) is solve
    work = asked()
    assert pickle.loads(pickle.dumps(work)) == work


def test_the_generator_squeezes_on() -> None:
    prng = Prng(b"seed")
    whole = hashlib.shake_256(b"seed").digest(64 * 5)
    assert b"".join(prng.read(64) for _ in range(5)) == whole


def test_a_generator_is_drawn_from_the_transcript() -> None:
    one, other = Transcript(b"t"), Transcript(b"t")
    drawn = other.challenge(b"w", 64)
    assert one.prng(b"w").read(32) == hashlib.shake_256(drawn).digest(32)
    assert one.challenge(b"x", 32) == other.challenge(b"x", 32)


def test_a_protocol_is_a_message() -> None:
    one, other = Transcript(b"t"), Transcript(b"t")
    one.protocol(b"p")
    other.append(b"protocol", b"p")
    assert one.challenge(b"x", 32) == other.challenge(b"x", 32)

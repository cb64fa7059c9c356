"""Transcripts: the specification's vectors, and `merlin-transcripts` as an oracle for any sequence of operations."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from merlin_transcripts.merlin_transcript import MerlinTranscript

from cwtchd.protocol.crypto.transcript import Transcript
from tests.support.vectors import named, vectors

labels = st.binary(max_size=40)
# Sizes around one block of 166 bytes and several of them, where an error would hide.
sizes = st.one_of(st.integers(0, 40), st.integers(140, 200), st.integers(300, 700))
appends = st.tuples(st.just("append"), labels, sizes)
challenges = st.tuples(st.just("challenge"), labels, sizes)


@pytest.mark.parametrize("case", vectors("transcript")["cases"], ids=named)
def test_vectors(case: dict[str, Any]) -> None:
    transcript = Transcript(case["label"].encode())
    for operation in case["operations"]:
        if "append" in operation:
            transcript.append(operation["append"].encode(), operation["data"].encode())
        else:
            challenge = transcript.challenge(operation["challenge"].encode(), 64).hex()
            assert operation["gives"] in (None, challenge)


@given(labels, st.lists(st.one_of(appends, challenges), max_size=8))
@example(b"", [("challenge", b"", 0), ("challenge", b"", 166), ("challenge", b"", 167), ("append", b"", 0)])
def test_any_sequence_gives_the_oracles_bytes(label: bytes, operations: list[tuple[str, bytes, int]]) -> None:
    ours, oracle = Transcript(label), MerlinTranscript(label)
    for number, (operation, name, size) in enumerate(operations):
        if operation == "append":
            data = bytes((number + at) & 0xFF for at in range(size))
            ours.append(name, data)
            oracle.append_message(name, data)
        else:
            assert ours.challenge(name, size) == oracle.challenge_bytes(name, size)
    # Whatever came before, it shows in a last challenge.
    assert ours.challenge(b"last", 32) == oracle.challenge_bytes(b"last", 32)


@pytest.mark.parametrize("size", range(140, 175))
def test_every_place_where_a_block_can_end(size: int) -> None:
    ours, oracle = Transcript(b"t"), MerlinTranscript(b"t")
    ours.append(b"x", bytes(size))
    oracle.append_message(b"x", bytes(size))
    assert ours.challenge(b"c", 400) == oracle.challenge_bytes(b"c", 400)
    assert ours.challenge(b"c", 1) == oracle.challenge_bytes(b"c", 1)

"""The draws: within their bounds, with their means, from the randomness that is handed in."""

import random
from collections.abc import Callable
from statistics import mean

import pytest

from cwtchd.app import server_clocks
from cwtchd.app.server_clocks import Randomness

MINUTE = 60.0


def least(size: int) -> bytes:
    return bytes(size)


def most(size: int) -> bytes:
    return b"\xff" * size


def test_a_uniform_number_is_below_its_most() -> None:
    assert server_clocks.uniform(least, 2, 20) == 2
    assert 19.99 < server_clocks.uniform(most, 2, 20) < 20
    assert 0 <= server_clocks.exponential(least, 60) < 1e-9
    assert server_clocks.exponential(most, 60) < 60 * 40  # finite, whatever is drawn


@pytest.mark.parametrize(
    ("draw", "lowest", "expected"),
    [
        (server_clocks.rotate, 10 * MINUTE, 60 * MINUTE),
        (server_clocks.post_close, 2, 11),
        (server_clocks.token_clock, 0, 60 * MINUTE),
        (server_clocks.between_sessions, 0, MINUTE),
    ],
)
def test_each_clock_has_its_bound_and_mean(
    draw: Callable[[Randomness], float], lowest: float, expected: float
) -> None:
    chance = random.Random(7).randbytes
    drawn = [draw(chance) for _ in range(4000)]
    assert min(drawn) >= lowest
    assert mean(drawn) == pytest.approx(expected, rel=0.06)


def test_a_post_is_retried_ever_later() -> None:
    chance = random.Random(8).randbytes
    means = [mean(server_clocks.post_retry(chance, tries) for _ in range(3000)) for tries in (0, 1, 2, 60)]
    assert means == pytest.approx([30, 30, 60, 3600], rel=0.1)

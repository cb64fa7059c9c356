"""What a board keeps, and what it says: a token for a message, junk beside it, replays that are whole."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from cwtchd.protocol.model import EncryptedGroupMessage, SpentToken
from cwtchd.server import board as decisions
from cwtchd.server.board import CIPHERTEXT_MOST, Posted, PostOutcome
from cwtchd.server.keys import ServerKeys
from cwtchd.store import board
from cwtchd.store.board import BoardRow, Replay, Totals
from tests.support.hosted_board import ALL, BoardDesk, message
from tests.support.minting import minted, paid

KEYS = ServerKeys.new(os.urandom)


class Posting(BoardDesk):
    """A board with a purse full of its tokens."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.purse = minted(KEYS, 30)

    def pay(self, posted: EncryptedGroupMessage) -> SpentToken:
        return paid(KEYS, posted, self.purse.pop())

    def post(self, posted: EncryptedGroupMessage, token: SpentToken | None = None) -> Posted:
        token = self.pay(posted) if token is None else token
        return self.run(lambda uow: decisions.post(uow, KEYS.token_key, KEYS.board.onion, posted, token))

    def replay(self, last_commit: bytes | None) -> Replay:
        return self.run(lambda uow: board.start_of(uow, last_commit))

    def kept(self) -> list[EncryptedGroupMessage]:
        return [row.message for row in self.page(0, ALL, 1_000)]

    def page(self, after: int, until: int, limit: int) -> Sequence[BoardRow]:
        return self.run(lambda uow: board.page(uow, after, until, limit))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Posting]:
    desk = Posting(tmp_path)
    yield desk
    desk.database.close()


def test_a_post_is_kept_and_its_token_spent(desk: Posting) -> None:
    posted = message(1)
    token = desk.pay(posted)
    assert desk.post(posted, token) == Posted(PostOutcome.STORED, 1)
    assert desk.kept() == [posted]
    assert desk.run(lambda uow: board.is_spent(uow, token.secret))


def test_a_spent_token_is_refused_for_any_message(desk: Posting) -> None:
    token = desk.purse[-1]
    assert desk.post(message(1), paid(KEYS, message(1), token)).success
    for number in (1, 2):
        again = desk.post(message(number), paid(KEYS, message(number), token))
        assert again == Posted(PostOutcome.SPENT)
        assert not again.success
    assert desk.kept() == [message(1)]


def test_what_is_refused_spends_nothing(desk: Posting) -> None:
    posted = message(1)
    token = desk.pay(posted)
    other = ServerKeys.new(os.urandom)
    attempts = [
        (message(2), token, PostOutcome.NOT_OURS),
        (posted, replace(token, mac=bytes(64)), PostOutcome.NOT_OURS),
        (posted, replace(token, secret=os.urandom(32)), PostOutcome.NOT_OURS),
        (posted, paid(other, posted, minted(other, 1)[0]), PostOutcome.NOT_OURS),
        (posted, paid(other, posted, desk.purse[-1]), PostOutcome.NOT_OURS),  # bound to another board
        (posted, replace(token, mac=token.mac[:63]), PostOutcome.MALFORMED),
        (posted, replace(token, secret=b""), PostOutcome.MALFORMED),
        (posted, replace(token, secret=token.secret + b"."), PostOutcome.MALFORMED),
    ]
    for each, shown, outcome in attempts:
        assert desk.post(each, shown) == Posted(outcome)
        assert not Posted(outcome).success
    assert desk.run(board.sums) == Totals(0, 0, 0)
    assert desk.post(posted, token).success


@pytest.mark.parametrize(
    ("ciphertext", "signature"),
    [(40, 0), (40, 63), (40, 65), (39, 64), (0, 64), (CIPHERTEXT_MOST + 1, 64), (1 << 20, 64)],
)
def test_a_malformed_message_is_refused_and_its_token_kept(
    desk: Posting, ciphertext: int, signature: int
) -> None:
    posted = EncryptedGroupMessage(bytes(ciphertext), bytes(signature))
    token = desk.pay(posted)
    assert desk.post(posted, token) == Posted(PostOutcome.MALFORMED)
    assert not desk.run(lambda uow: board.is_spent(uow, token.secret))


@pytest.mark.parametrize("size", [40, CIPHERTEXT_MOST])
def test_the_smallest_and_the_largest_are_kept(desk: Posting, size: int) -> None:
    assert desk.post(message(1, size=size)).success
    assert desk.kept() == [message(1, size=size)]


def test_a_repeat_costs_its_token_and_is_not_told_again(desk: Posting) -> None:
    assert desk.post(message(1)) == Posted(PostOutcome.STORED, 1)
    token = desk.pay(message(1))
    again = desk.post(message(1), token)
    assert again == Posted(PostOutcome.REPEATED)
    assert again.success
    assert desk.run(lambda uow: board.is_spent(uow, token.secret))
    assert desk.kept() == [message(1)]


@pytest.mark.parametrize("junk", [message(1, nonce=2), message(1, box=2), message(1, size=41)])
def test_junk_under_somebodys_signature_keeps_nothing_out(desk: Posting, junk: EncryptedGroupMessage) -> None:
    assert desk.post(junk).row == 1
    assert desk.post(message(1)).row == 2
    assert desk.kept() == [junk, message(1)]


def test_a_replay_begins_with_the_last_commit_itself(desk: Posting) -> None:
    assert desk.replay(None).count == 0
    for number in range(5):
        desk.post(message(number))
    assert desk.replay(message(2).signature) == Replay(3, 5)
    assert desk.replay(message(2).signature).count == 3
    for nothing_known in (None, b"", b"unknown", bytes(64)[:63], bytes(5_000)):
        assert desk.replay(nothing_known) == Replay(1, 5)


def test_a_last_commit_of_several_rows_means_the_oldest(desk: Posting) -> None:
    for posted in (message(1), message(2), message(1, nonce=7), message(3)):
        desk.post(posted)
    assert desk.replay(message(1).signature) == Replay(1, 4)


def test_a_pruned_last_commit_gets_what_is_left(desk: Posting) -> None:
    for number in range(5):
        desk.post(message(number))
    desk.run(lambda uow: board.remove_through(uow, 3))
    assert desk.replay(message(1).signature) == Replay(4, 5)
    desk.run(lambda uow: board.remove_through(uow, 5))
    assert desk.replay(message(1).signature).count == 0
    assert desk.post(message(9)).row == 6
    assert desk.replay(message(1).signature) == Replay(6, 6)


def test_a_replay_is_what_it_promised_while_posts_go_on(desk: Posting) -> None:
    for number in range(10):
        desk.post(message(number))
    replay, sent = desk.replay(message(3).signature), 0
    promised = replay.count
    while replay.count:
        page = desk.page(replay.first - 1, replay.last, 3)
        sent += len(page)
        replay = replace(replay, first=page[-1].id + 1)
        desk.post(message(100 + sent))
    assert sent == promised == 7
    live = desk.page(replay.last, ALL, 100)
    assert [row.message for row in live] == desk.kept()[10:]


def test_no_repr_tells_what_was_posted(desk: Posting) -> None:
    desk.post(message(1))
    assert "b'" not in repr(desk.page(0, ALL, 1))

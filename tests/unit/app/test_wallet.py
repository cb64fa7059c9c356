"""Tokens are bought on a clock, kept once, and bound to the posts that wait."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from cwtchd.app import posts, servers, wallet
from cwtchd.app.server_clocks import TOKEN_BATCH, TOKEN_STOCK
from cwtchd.app.wallet import Purchase
from cwtchd.store.posts import PostState
from cwtchd.store.servers import Fault
from tests.support.servers import add, bundle, message, token
from tests.support.unit_of_work import Desk

LATER = 100 * 60 * 60 * 1000
"""Beyond any draw of the clock but one in e^100."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    add(made)
    yield made
    made.database.close()


def begun(desk: Desk) -> Purchase:
    found = desk.run(lambda uow: wallet.begin_purchase(uow, 1)).value
    assert found is not None
    return found


def buy(desk: Desk, first: int, count: int = TOKEN_BATCH) -> int:
    purchase = begun(desk)
    bought = [token(number) for number in range(first, first + count)]
    return desk.run(lambda uow: wallet.finish_purchase(uow, purchase, bought)).value


def stock(desk: Desk) -> int:
    return desk.run(lambda uow: servers.get(uow, 1)).tokens


def test_a_new_server_is_bought_two_batches_from_at_once_and_then_by_the_clock(desk: Desk) -> None:
    assert begun(desk) == Purchase(1, 1, bundle().token_service, bundle().token_key, TOKEN_BATCH)
    desk.now += LATER
    assert buy(desk, 0) == TOKEN_BATCH
    assert desk.run(wallet.due) == [1]  # the second, without a wait
    assert buy(desk, 10) == 2 * TOKEN_BATCH
    assert desk.run(wallet.due) == []
    assert desk.run(lambda uow: wallet.begin_purchase(uow, 1)).value is None
    struck = desk.run(wallet.next_due_at)
    assert struck is not None
    assert struck > desk.now
    desk.now += LATER
    assert desk.run(wallet.due) == [1]
    assert desk.run(lambda uow: wallet.begin_purchase(uow, 1)).value is None  # the stock is not low
    assert desk.run(wallet.due) == []  # the clock goes on
    for number in range(TOKEN_STOCK):
        desk.run(partial(posts.queue, server=1, message=message(number)))
        assert desk.run(wallet.due) == []  # never because of a post
    desk.now += LATER
    assert stock(desk) == TOKEN_STOCK
    assert buy(desk, 20) == 2 * TOKEN_STOCK


def test_a_purchase_is_finished_once(desk: Desk) -> None:
    cut_off = begun(desk)
    desk.now += LATER
    purchase = begun(desk)
    bought = [token(number) for number in range(TOKEN_BATCH)]
    assert desk.run(lambda uow: wallet.finish_purchase(uow, cut_off, bought)).value == 0
    assert desk.run(lambda uow: wallet.finish_purchase(uow, purchase, bought)).value == TOKEN_BATCH
    assert desk.run(lambda uow: wallet.finish_purchase(uow, purchase, bought)).value == 0
    desk.run(lambda uow: wallet.failed_purchase(uow, purchase, Fault.LIED_PROOF))
    assert stock(desk) == TOKEN_BATCH
    assert not desk.run(lambda uow: servers.get(uow, 1)).faults
    again = begun(desk)
    with pytest.raises(IntegrityError):
        desk.run(lambda uow: wallet.finish_purchase(uow, again, bought))
    with pytest.raises(ValueError, match="More tokens"):
        desk.run(lambda uow: wallet.finish_purchase(uow, again, [token(n) for n in range(50, 61)]))
    assert stock(desk) == TOKEN_BATCH


def test_a_failed_first_purchase_is_tried_again_soon_and_a_later_one_by_the_clock(desk: Desk) -> None:
    purchase = begun(desk)
    desk.run(lambda uow: wallet.failed_purchase(uow, purchase))
    due = desk.run(wallet.next_due_at)
    assert due is not None
    assert desk.now < due < desk.now + 5 * 60 * 1000 * 40
    assert not desk.run(lambda uow: servers.get(uow, 1)).faults
    desk.now += LATER
    purchase = begun(desk)
    desk.run(lambda uow: wallet.failed_purchase(uow, purchase, Fault.LIED_PROOF))
    assert desk.run(lambda uow: servers.get(uow, 1)).faults == (Fault.LIED_PROOF,)


def test_a_short_batch_is_kept_and_named(desk: Desk) -> None:
    assert buy(desk, 0, 7) == 7
    assert desk.run(lambda uow: servers.get(uow, 1)).faults == (Fault.SHORT_COUNT,)


def test_posts_that_wait_are_bound_oldest_first_and_shown_a_while_after(desk: Desk) -> None:
    waiting = [desk.run(partial(posts.queue, server=1, message=message(n))).value for n in range(12)]
    assert {post.state for post in waiting} == {PostState.WAITING_TOKEN}
    assert desk.run(posts.next_due_at) is None
    assert desk.run(lambda uow: servers.get(uow, 1)).waiting_posts == 12
    assert buy(desk, 0) == 0
    now = [desk.run(partial(posts.get, post=post.id)) for post in waiting]
    assert [post.state for post in now] == [PostState.QUEUED] * 10 + [PostState.WAITING_TOKEN] * 2
    assert [post.token for post in now] == [*(token(n) for n in range(10)), None, None]
    assert all(post.due_at > desk.now for post in now[:10])
    assert buy(desk, 10) == 8

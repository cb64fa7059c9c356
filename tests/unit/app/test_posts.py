"""Posts: one token each, shown again with the same one, believed only when they echo."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from cwtchd.app import posts, server_sync, servers, wallet
from cwtchd.app.errors import LimitExceeded, MessageTooLarge, NotFound
from cwtchd.app.posts import CIPHERTEXT_LIMIT, SETTLED_KEPT_MS, Showing
from cwtchd.app.server_clocks import POST_ATTEMPTS, POST_REFUSALS
from cwtchd.app.server_sync import Session
from cwtchd.protocol.model import EncryptedGroupMessage
from cwtchd.store.posts import PostRow, PostState
from cwtchd.store.servers import Fault
from tests.support.servers import add, anchor, message, token
from tests.support.unit_of_work import Desk

LATER = 100 * 60 * 60 * 1000


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    add(made)
    purchase = made.run(lambda uow: wallet.begin_purchase(uow, 1)).value
    assert purchase is not None
    made.run(lambda uow: wallet.finish_purchase(uow, purchase, [token(n) for n in range(10)]))
    yield made
    made.database.close()


def queue(desk: Desk, number: int = 1) -> PostRow:
    return desk.run(lambda uow: posts.queue(uow, 1, message(number))).value


def get(desk: Desk, post: int = 1) -> PostRow:
    return desk.run(lambda uow: posts.get(uow, post))


def show(desk: Desk, post: int = 1) -> Showing | None:
    return desk.run(lambda uow: posts.showing(uow, post)).value


def answer(desk: Desk, success: bool, post: int = 1) -> PostState:
    desk.run(lambda uow: posts.answered(uow, post, success))
    return get(desk, post).state


def begin(desk: Desk) -> Session:
    return desk.run(lambda uow: server_sync.begin_session(uow, 1)).value


def receive(desk: Desk, session: Session, *rows: EncryptedGroupMessage, live: bool = False) -> None:
    desk.run(lambda uow: server_sync.received(uow, session, rows, live))


def end(desk: Desk, session: Session, complete: bool = True) -> None:
    desk.run(lambda uow: server_sync.ended(uow, session, complete, 0, 0))


def sync(desk: Desk, *rows: EncryptedGroupMessage, complete: bool = True) -> Session:
    session = begin(desk)
    receive(desk, session, *rows)
    end(desk, session, complete)
    return session


def test_a_post_takes_a_token_for_itself_alone(desk: Desk) -> None:
    first, second = queue(desk, 1), queue(desk, 2)
    assert (first.state, first.token, second.token) == (PostState.QUEUED, token(0), token(1))
    assert queue(desk, 1) == first  # the same message is the same post
    assert desk.run(lambda uow: servers.get(uow, 1)).tokens == 8
    assert [post.id for post in desk.run(lambda uow: posts.due(uow, 9))] == [1, 2]
    assert [post.id for post in desk.run(lambda uow: posts.due(uow, 1))] == [1]
    shown = show(desk)
    assert shown is not None
    assert (shown.message, shown.token, shown.server) == (message(1), token(0), 1)
    assert [post.id for post in desk.run(lambda uow: posts.due(uow, 9))] == [2]
    assert "row 1" not in repr((first, shown))


def test_what_can_not_be_posted_is_refused(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.run(lambda uow: posts.queue(uow, 9, message(1)))
    with pytest.raises(NotFound):
        get(desk, 9)
    for ciphertext, signature in ((CIPHERTEXT_LIMIT + 1, 64), (100, 63), (100, 0)):
        bad = EncryptedGroupMessage(bytes(ciphertext), bytes(signature))
        with pytest.raises(MessageTooLarge):
            desk.run(partial(posts.queue, server=1, message=bad))
    desk.run(lambda uow: posts.queue(uow, 1, EncryptedGroupMessage(bytes(CIPHERTEXT_LIMIT), bytes(64))))


def test_posts_without_a_verdict_are_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posts, "POSTS_OPEN", 2)
    queue(desk, 1), queue(desk, 2)
    with pytest.raises(LimitExceeded):
        queue(desk, 3)
    assert queue(desk, 2).id == 2


def test_success_is_an_answer_and_nothing_more(desk: Desk) -> None:
    queue(desk)
    assert show(desk)
    assert answer(desk, True) is PostState.POSTED
    assert show(desk) is None
    assert answer(desk, False) is PostState.POSTED


def test_a_first_refusal_is_believed_and_the_message_gets_another_token(desk: Desk) -> None:
    queue(desk)
    for refusals in range(1, POST_REFUSALS):
        show(desk)
        assert answer(desk, False) is PostState.QUEUED
        assert get(desk).token == token(refusals)
        assert get(desk).due_at > desk.now
    show(desk)
    assert answer(desk, False) is PostState.MISSED
    assert desk.run(lambda uow: servers.get(uow, 1)).faults == (Fault.REFUSED_TOKENS,)
    assert desk.run(lambda uow: servers.get(uow, 1)).tokens == 10 - POST_REFUSALS


def test_a_refusal_after_an_attempt_without_an_answer_is_not_believed(desk: Desk) -> None:
    queue(desk)
    show(desk)  # and the process dies, or the connection
    desk.now += LATER
    again = show(desk)
    assert again is not None
    assert again.token == token(0)
    assert answer(desk, False) is PostState.POSTED
    assert get(desk).token == token(0)


def test_what_is_never_answered_is_left_to_its_echo(desk: Desk) -> None:
    queue(desk)
    desk.run(lambda uow: posts.unanswered(uow, 1))  # it was not even reached
    assert (get(desk).attempts, get(desk).state) == (0, PostState.QUEUED)
    for attempts in range(1, POST_ATTEMPTS + 1):
        desk.now += LATER
        assert [post.id for post in desk.run(lambda uow: posts.due(uow, 9))] == [1]
        assert show(desk)
        assert get(desk).state is PostState.QUEUED
        desk.run(lambda uow: posts.unanswered(uow, 1))
        assert get(desk).attempts == attempts
    assert get(desk).state is PostState.POSTED


def test_an_answer_to_what_was_not_shown_says_nothing(desk: Desk) -> None:
    queue(desk)
    assert answer(desk, True) is PostState.QUEUED
    desk.run(lambda uow: posts.answered(uow, 99, True))
    desk.run(lambda uow: posts.unanswered(uow, 99))


def test_an_echo_is_two_sessions_that_began_after_it(desk: Desk) -> None:
    queue(desk)
    session = begin(desk)
    show(desk)
    answer(desk, True)
    receive(desk, session, message(1), live=True)  # sent around, which says nothing of its being stored
    receive(desk, session, message(1), live=True)
    end(desk, session)
    assert (get(desk).seen, get(desk).absent) == (0, 0)
    session = begin(desk)
    receive(desk, session, message(1))
    receive(desk, session, message(1))
    end(desk, session)
    assert (get(desk).state, get(desk).seen) == (PostState.POSTED, 1)
    sync(desk, message(1), complete=False)
    assert get(desk).state is PostState.ECHOED


def test_a_miss_is_two_whole_sessions_without_it_and_an_echo_may_still_come(desk: Desk) -> None:
    queue(desk)
    show(desk)
    answer(desk, True)
    sync(desk, complete=False)
    assert get(desk).absent == 0
    sync(desk)
    assert (get(desk).state, get(desk).absent) == (PostState.POSTED, 1)
    sync(desk)
    assert get(desk).state is PostState.MISSED
    sync(desk, message(1))
    assert get(desk).state is PostState.MISSED
    sync(desk, message(1))
    assert get(desk).state is PostState.ECHOED


def test_a_session_that_resumes_behind_a_post_says_nothing_of_its_absence(desk: Desk) -> None:
    sync(desk, anchor(1))
    session = begin(desk)
    queue(desk)
    show(desk)
    answer(desk, True)
    receive(desk, session, anchor(1), anchor(2))  # the second is younger than the post, for all we know
    end(desk, session)
    sync(desk, anchor(1), anchor(2))
    assert get(desk).absent == 1
    for _ in range(3):
        assert sync(desk, anchor(2)).resume == anchor(2).signature
    assert (get(desk).state, get(desk).absent) == (PostState.POSTED, 1)


def test_what_is_seen_needs_no_answer_any_more(desk: Desk) -> None:
    queue(desk)
    show(desk)
    sync(desk, message(1))
    assert get(desk).state is PostState.POSTED
    sync(desk, message(1))
    assert get(desk).state is PostState.ECHOED
    queue(desk, 2)
    sync(desk, message(2))  # never shown: somebody else's copy
    assert get(desk, 2).state is PostState.QUEUED


def test_posts_with_a_verdict_are_forgotten_after_a_while(desk: Desk) -> None:
    queue(desk)
    show(desk)
    for _ in range(2):
        sync(desk, message(1))
    desk.now += SETTLED_KEPT_MS + 1
    queue(desk, 2)
    with pytest.raises(NotFound):
        get(desk, 1)


def test_a_server_that_is_not_wanted_is_shown_nothing(desk: Desk) -> None:
    queue(desk)
    desk.run(lambda uow: servers.want(uow, 1, False))
    assert desk.run(lambda uow: posts.due(uow, 9)) == []
    assert show(desk) is None

"""Tokens and posts under crashes anywhere, against servers that store, drop, refuse or stay silent: what is spent is spent on one message.

Invariant: no token is ever shown with two messages; no message with two tokens, unless the first was refused when it was shown for the
first time; every token that was bought is in the wallet, with one post, or was refused; ECHOED only what the server served twice after it.
"""

import shutil
import tempfile
from collections import defaultdict
from functools import partial
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cwtchd.app import posts, server_sync, wallet
from cwtchd.app.posts import Showing
from cwtchd.app.server_sync import Session
from cwtchd.app.wallet import Purchase
from cwtchd.protocol.model import EncryptedGroupMessage
from cwtchd.store import posts as post_rows
from cwtchd.store.posts import PostState
from tests.support.servers import Board, CrashingDesk, add, message, token

STEP = 40 * 60 * 1000
MESSAGES = 4
SERVER = st.sampled_from(["stores", "stores", "drops", "refuses", "silent"])


class Spending(RuleBasedStateMachine):
    """One client of one server."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.desk = CrashingDesk(self.folder)
        self.board = Board()
        self.minted = 0
        self.bought: set[bytes] = set()
        self.queued = 0
        self.purchase: Purchase | None = None
        self.spent: dict[bytes, bytes] = {}  # by the server: token to message
        self.shown: defaultdict[bytes, list[bytes]] = defaultdict(list)  # message to tokens, each time
        self.refused: set[bytes] = set()  # refused when shown for the first time, and heard
        self.served: defaultdict[bytes, set[int]] = defaultdict(
            set
        )  # message to the sessions that began after it was last shown
        self.session: Session | None = None
        add(self.desk)
        self.begin_purchase(crash=False)
        self.finish_purchase(crash="never", fails=False)

    def teardown(self) -> None:
        self.desk.database.close()
        shutil.rmtree(self.folder)

    @rule(crash=st.booleans())
    def begin_purchase(self, crash: bool) -> None:
        if crash:
            self.desk.die_in(lambda uow: wallet.begin_purchase(uow, 1))
        self.purchase = self.desk.run(lambda uow: wallet.begin_purchase(uow, 1)).value or self.purchase

    @precondition(lambda self: self.purchase is not None)
    @rule(crash=st.sampled_from(["before", "after", "never", "twice"]), fails=st.booleans())
    def finish_purchase(self, crash: str, fails: bool) -> None:
        purchase = self.purchase
        assert purchase is not None
        if fails:
            self.desk.run(lambda uow: wallet.failed_purchase(uow, purchase))
            self.purchase = None
            return
        made = [token(self.minted + number) for number in range(10)]
        self.minted += 10
        if crash == "before":
            self.desk.die_in(lambda uow: wallet.finish_purchase(uow, purchase, made))
            self.purchase = None
            return
        before = self._known()
        self.desk.run(lambda uow: wallet.finish_purchase(uow, purchase, made))
        if self._known() != before:
            self.bought |= {each.secret for each in made}
        if crash == "twice":
            again = self._known()
            self.desk.run(lambda uow: wallet.finish_purchase(uow, purchase, made))
            assert self._known() == again
        if crash == "after":
            self.desk.restart()
        self.purchase = None

    @precondition(lambda self: self.queued < MESSAGES)
    @rule(crash=st.booleans())
    def queue(self, crash: bool) -> None:
        self.queued += 1
        if crash:
            self.desk.die_in(lambda uow: posts.queue(uow, 1, message(self.queued)))
        self.desk.run(lambda uow: posts.queue(uow, 1, message(self.queued)))

    @rule(server=SERVER)
    def show_in_peace(self, server: str) -> None:
        self.show("never", server)

    @rule(crash=st.sampled_from(["before", "after", "unheard", "never"]), server=SERVER)
    def show(self, crash: str, server: str) -> None:
        self.desk.now += STEP
        due = self.desk.run(lambda uow: posts.due(uow, 1))
        if not due:
            return
        post = due[0].id
        if crash == "before":
            self.desk.die_in(lambda uow: posts.showing(uow, post))
            return
        showing = self.desk.run(lambda uow: posts.showing(uow, post)).value
        assert showing is not None
        if crash == "after":
            self.desk.restart()
            return
        success = self._serve(showing, server)
        if crash == "unheard":
            self.desk.die_in(lambda uow: posts.answered(uow, post, bool(success)))
        elif success is None:
            self.desk.run(lambda uow: posts.unanswered(uow, post))
        else:
            if not success and self.shown[showing.message.signature].count(showing.token.secret) == 1:
                row = self.desk.run(lambda uow: posts.get(uow, post))
                if row.attempts == 1:
                    self.refused.add(showing.token.secret)
            self.desk.run(lambda uow: posts.answered(uow, post, success))

    def _serve(self, showing: Showing, how: str) -> bool | None:
        """What the server answers, None for nothing."""
        secret, row = showing.token.secret, showing.message.signature
        assert secret in self.bought
        assert self.spent.setdefault(secret, row) == row, "a token was shown with two messages"
        earlier = set(self.shown[row]) - {secret}
        assert earlier <= self.refused, "a second token for a message whose first was not refused"
        known = bool(self.shown[row].count(secret))
        self.shown[row].append(secret)
        self.served[row] = set()
        if how == "silent":
            return None
        if known or how == "refuses":
            return False
        if how == "stores":
            if showing.message not in self.board.rows:
                self.board.rows.append(showing.message)
            if self.session is not None:
                self._receive([showing.message], live=True, counts=False)
        return True

    def _receive(self, rows: list[EncryptedGroupMessage], live: bool, counts: bool) -> None:
        session = self.session
        assert session is not None
        self.desk.run(lambda uow: server_sync.received(uow, session, rows, live))
        if counts:
            for row in rows:
                self.served[row.signature].add(session.number)

    @rule(complete=st.booleans(), crash=st.booleans())
    def sync(self, complete: bool, crash: bool) -> None:
        """One session ends and the next begins."""
        ending = self.session
        if ending is not None:
            rows = len(self.board.rows)
            if crash:
                self.desk.die_in(lambda uow: server_sync.ended(uow, ending, complete, rows, rows))
            else:
                self.desk.run(lambda uow: server_sync.ended(uow, ending, complete, rows, rows))
        self.session = self.desk.run(lambda uow: server_sync.begin_session(uow, 1)).value
        self._receive(list(self.board.replay(self.session.resume)), live=False, counts=True)

    @rule()
    def crash(self) -> None:
        self.desk.restart()
        self.purchase = self.session = None

    def _known(self) -> set[bytes]:
        sql = self.desk.database.sql.exec_driver_sql
        in_wallet = [secret for (secret,) in sql("SELECT secret FROM tokens")]
        bound = [secret for (secret,) in sql("SELECT token_secret FROM posts WHERE token_secret IS NOT NULL")]
        assert len(in_wallet) + len(bound) == len({*in_wallet, *bound}), "a token is in two places"
        return {*in_wallet, *bound}

    @invariant()
    def every_token_is_somewhere(self) -> None:
        assert self._known() <= self.bought
        assert self.bought - self._known() <= self.refused

    @invariant()
    def a_verdict_is_the_boards(self) -> None:
        stored = {row.signature for row in self.board.rows}
        for state in (PostState.ECHOED, PostState.MISSED):
            found = self.desk.run(partial(post_rows.of_state, server=1, state=state))
            for post in found:
                if state is PostState.ECHOED:
                    assert len(self.served[post.message.signature]) >= 2
                elif post.refusals < 3:
                    assert post.message.signature not in stored


def test_a_token_is_spent_on_one_message_whatever_happens() -> None:
    run_state_machine_as_test(Spending, settings=settings(max_examples=15, stateful_step_count=40))

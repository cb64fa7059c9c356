"""Sessions with an honest server that prunes, cut off and crashed anywhere: every row new exactly once, and resumed only at shared anchors.

Invariant: a session resumes at a row only if it is an anchor and came in the replays of at least two of our own sessions; what a whole replay held has
been told of, and nothing was told of twice, although what can't come again is forgotten.
"""

import shutil
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cwtchd.app import anchors, server_sync
from cwtchd.app.server_sync import Session
from cwtchd.protocol.model import EncryptedGroupMessage
from tests.support.servers import Board, CrashingDesk, add, anchor, message


class Syncing(RuleBasedStateMachine):
    """One client of one server."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.desk = CrashingDesk(self.folder)
        self.board = Board()
        self.posted = 0
        self.told: Counter[EncryptedGroupMessage] = Counter()
        self.replays_of: defaultdict[bytes, set[int]] = defaultdict(set)
        self.session: Session | None = None
        self.whole = False
        add(self.desk)

    def teardown(self) -> None:
        self.desk.database.close()
        shutil.rmtree(self.folder)

    def _receive(self, rows: list[EncryptedGroupMessage], live: bool, crash: bool) -> None:
        session = self.session
        assert session is not None
        if crash:
            self.desk.die_in(lambda uow: server_sync.received(uow, session, rows, live))
            self.session = None
            return
        got = self.desk.run(lambda uow: server_sync.received(uow, session, rows, live)).value
        assert not got.over
        self.told.update(got.new)
        for row in rows if not live else ():
            self.replays_of[row.signature].add(session.number)

    @rule(anchored=st.booleans(), crash=st.booleans())
    def post(self, anchored: bool, crash: bool) -> None:
        self.posted += 1
        row = anchor(self.posted) if anchored else message(self.posted)
        self.board.rows.append(row)
        if self.session is not None and self.whole:
            self._receive([row], live=True, crash=crash)

    @rule(crash=st.booleans(), cut=st.none() | st.integers(0, 30), batch=st.integers(1, 64))
    def sync(self, crash: bool, cut: int | None, batch: int) -> None:
        if self.session is not None:
            self.end()
        if crash:
            self.desk.die_in(lambda uow: server_sync.begin_session(uow, 1))
        session = self.desk.run(lambda uow: server_sync.begin_session(uow, 1)).value
        if session.resume is not None:
            assert anchors.is_anchor(session.resume, anchors.LEAST_BITS)
            assert len(self.replays_of[session.resume]) >= 2
        self.session, self.whole = session, False
        replay = list(self.board.replay(session.resume))
        rows = replay if cut is None else replay[:cut]
        for at in range(0, len(rows), batch):
            self._receive(rows[at : at + batch], live=False, crash=False)
        if cut is not None and len(rows) < len(replay):
            self.desk.run(lambda uow: server_sync.ended(uow, session, False, len(rows), len(replay)))
            self.session = None
            return
        self.whole = True
        self.desk.run(lambda uow: server_sync.caught_up(uow, session))
        assert all(self.told[row] == 1 for row in self.board.rows)
        if rows:
            self._receive(rows[-1:], live=True, crash=False)  # as the first implementation does

    @precondition(lambda self: self.session is not None)
    @rule()
    def end(self) -> None:
        session = self.session
        assert session is not None
        assert self.desk.run(lambda uow: server_sync.ended(uow, session, self.whole, 0, 0)).value == ()
        self.session = None

    @rule()
    def crash(self) -> None:
        self.desk.restart()
        self.session = None

    @rule(count=st.integers(1, 20))
    def prune(self, count: int) -> None:
        del self.board.rows[:count]

    @invariant()
    def nothing_is_told_twice(self) -> None:
        assert all(times == 1 for times in self.told.values())


def test_every_row_is_told_once_and_resumed_at_only_when_seen_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_sync, "REORDERED", 1)
    monkeypatch.setattr(server_sync, "_FORGOTTEN_AT_ONCE", 5)
    monkeypatch.setattr(server_sync, "ANCHORS_KEPT", 2)
    run_state_machine_as_test(Syncing, settings=settings(max_examples=15, stateful_step_count=40))

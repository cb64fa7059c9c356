"""Posting: each message bound to one token before its server sees either, shown again with the same one, believed only when it echoes.

A post is shown with another token only where the first was refused when it was shown for the first time: a refusal after that may come from
its having been spent by the copy that was stored. `Success` means nothing but that the server has answered (extensions 4.5, 6.1).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from cwtchd.app import anchors, server_clocks, servers
from cwtchd.app.effects import LookAtServers, Outcome
from cwtchd.app.errors import LimitExceeded, MessageTooLarge, NotFound, OtherKeys
from cwtchd.app.server_clocks import ECHO_SESSIONS, POST_ATTEMPTS, POST_REFUSALS
from cwtchd.protocol.model import EncryptedGroupMessage, Onion, Token
from cwtchd.store import posts, wallet
from cwtchd.store import server_rows as received
from cwtchd.store.database import UnitOfWork
from cwtchd.store.posts import PostRow, PostState
from cwtchd.store.servers import Fault

POSTS_OPEN = 1_000
"""So many posts may be without a verdict on one server."""

PUT_OFF_AT_ONCE = 1_000
"""So many posts are put off in one unit: those behind them keep their time, which has come as well."""

CIPHERTEXT_LIMIT = 5_874
"""Bytes: with a signature of 64 the largest that fits the packet of a post (wire-server §3.5)."""

SETTLED_KEPT_MS = 30 * 24 * 60 * 60 * 1000
"""So long a post with its verdict is kept."""


@dataclass(frozen=True, slots=True)
class Showing:
    """A message about to be shown to its server with its token."""

    post: int
    server: int
    onion: Onion = field(repr=False)
    message: EncryptedGroupMessage = field(repr=False)
    token: Token = field(repr=False)


def queue(uow: UnitOfWork, server: int, message: EncryptedGroupMessage) -> Outcome[PostRow]:
    """Wants a message posted; one that is there already is what comes back. It takes a token, or waits for one: none is bought for it.

    Raises NotFound, OtherKeys (the server is distrusted), MessageTooLarge, LimitExceeded.
    """
    if servers.get(uow, server).distrusted:
        raise OtherKeys(server=server)
    if len(message.ciphertext) > CIPHERTEXT_LIMIT or len(message.signature) != anchors.SIGNATURE_SIZE:
        raise MessageTooLarge(limit=CIPHERTEXT_LIMIT, size=len(message.ciphertext))
    row_id = anchors.row_id(message)
    known = posts.of(uow, server, row_id)
    if known is not None:
        return Outcome(known)
    if posts.count_open(uow, server) >= POSTS_OPEN:
        raise LimitExceeded(limit=POSTS_OPEN, size=POSTS_OPEN + 1)
    posts.forget_settled(uow, server, uow.now - SETTLED_KEPT_MS)
    added = get(uow, posts.add(uow, server, message, row_id, wallet.take(uow, server)))
    return Outcome(added, (LookAtServers(),))


def get(uow: UnitOfWork, post: int) -> PostRow:
    """The post of this id. Raises NotFound."""
    found = posts.get(uow, post)
    if found is None:
        raise NotFound
    return found


def due(uow: UnitOfWork, limit: int) -> Sequence[PostRow]:
    """Up to `limit` posts whose time has come: each on a connection of its own, `showing` first."""
    return posts.due(uow, limit)


def next_due_at(uow: UnitOfWork) -> int | None:
    """When the next post's time comes, milliseconds since the epoch; None where none has a token and waits."""
    return posts.next_due_at(uow)


def put_off(uow: UnitOfWork) -> Outcome[None]:
    """We were away: what fell due meanwhile waits a little more, each post by itself."""
    for row in posts.due(uow, PUT_OFF_AT_ONCE):
        delay = server_clocks.exponential(uow.randomness, server_clocks.AFTER_ABSENCE)
        posts.change(uow, row.id, due_at=uow.now + int(delay * 1000))
    return Outcome(None)


def showing(uow: UnitOfWork, post: int) -> Outcome[Showing | None]:
    """The connection stands: what it is to be shown. The attempt is counted first, so that after a crash a refusal is not believed.

    None where the post is not to be shown (any more).
    """
    row = posts.get(uow, post)
    server = None if row is None else servers.get(uow, row.server)
    if row is None or server is None or row.token is None or row.state is not PostState.QUEUED:
        return Outcome(None)
    if server.distrusted or not server.wanted:
        return Outcome(None)
    session = received.session(uow, server.id)
    posts.change(
        uow,
        post,
        attempts=row.attempts + 1,
        due_at=uow.now + int(server_clocks.POST_ANSWER * 1000),
        mark_session=0 if session is None else session.number,
        mark_arrival=server.rows,
    )
    return Outcome(Showing(post, server.id, server.onion, row.message, row.token))


def answered(uow: UnitOfWork, post: int, success: bool) -> Outcome[None]:
    """The server's answer. It is believed in one case: a refusal of a token that was never shown before."""
    row = posts.get(uow, post)
    if row is None or row.state is not PostState.QUEUED or not row.attempts:
        return Outcome(None)
    if success or row.attempts > 1:
        posts.change(uow, post, state=PostState.POSTED)
        return Outcome(None)
    posts.change(uow, post, refusals=row.refusals + 1)
    if row.refusals + 1 >= POST_REFUSALS:
        posts.change(uow, post, state=PostState.MISSED)
        return servers.fault(uow, row.server, Fault.REFUSED_TOKENS)
    posts.bind(uow, post, wallet.take(uow, row.server))
    posts.change(uow, post, due_at=_again_at(uow, row.refusals + 1))
    return Outcome(None)


def unanswered(uow: UnitOfWork, post: int) -> Outcome[None]:
    """The server wasn't reached, or its connection ended without an answer: again later with the same token, or its echo decides."""
    row = posts.get(uow, post)
    if row is not None and row.state is PostState.QUEUED:
        if row.attempts >= POST_ATTEMPTS:
            posts.change(uow, post, state=PostState.POSTED)
        else:
            posts.change(uow, post, due_at=_again_at(uow, row.attempts))
    return Outcome(None)


def _again_at(uow: UnitOfWork, times: int) -> int:
    return uow.now + int(server_clocks.post_retry(uow.randomness, times) * 1000)


def sighted(uow: UnitOfWork, server: int, session: int, rows: Sequence[bytes]) -> None:
    """Rows of these ids came in this session: it counts for those of our posts that were last shown before it began."""
    for row in posts.among(uow, server, rows):
        if row.state in (PostState.QUEUED, PostState.WAITING_TOKEN) and (row.attempts or row.refusals):
            posts.change(uow, row.id, state=PostState.POSTED)  # it is there, whatever was answered
        elif row.state in (PostState.QUEUED, PostState.WAITING_TOKEN):
            continue  # never shown: somebody else's copy
        if session <= row.mark_session or session == row.seen_session:
            continue
        posts.change(uow, row.id, seen=row.seen + 1, seen_session=session)
        if row.seen + 1 >= ECHO_SESSIONS:
            posts.change(uow, row.id, state=PostState.ECHOED)


def absent(uow: UnitOfWork, server: int, session: int, resume: int) -> None:
    """A session is over whose replay came whole from the row of arrival `resume` (0: from the first): what it should have shown and didn't.

    Where the session resumed at a row that may be younger than the post, its absence says nothing.
    """
    for row in posts.of_state(uow, server, PostState.POSTED):
        if row.mark_session < session and row.seen_session != session and resume <= row.mark_arrival:
            posts.change(uow, row.id, absent=row.absent + 1)
            if row.absent + 1 >= ECHO_SESSIONS:
                posts.change(uow, row.id, state=PostState.MISSED)

"""The token board's decision: whether a post is kept, and what its author is told.

Rules: one post is one unit of work, so that its token is spent if and only if its message is kept. A post that is refused spends
nothing. The server sees ciphertext only: it can't tell a group or an author, and keeps nothing that says who posted.
"""

from dataclasses import dataclass
from enum import StrEnum

from cwtchd.protocol.crypto import privacypass
from cwtchd.protocol.crypto.primitives import NONCE_SIZE, SIGNATURE_SIZE, TAG_SIZE
from cwtchd.protocol.crypto.privacypass import TokenKey
from cwtchd.protocol.model import EncryptedGroupMessage, Onion, SpentToken
from cwtchd.protocol.server_table import MAC_SIZE, SECRET_SIZE
from cwtchd.protocol.wire.token_board import spending_data
from cwtchd.store import board
from cwtchd.store.database import UnitOfWork

CIPHERTEXT_LEAST = NONCE_SIZE + TAG_SIZE
CIPHERTEXT_MOST = 5874
"""What fits a post's packet (wire-server §3.5)."""


class PostOutcome(StrEnum):
    """What became of a post: a word for sums over all posts, never kept beside one."""

    STORED = "stored"
    REPEATED = "repeated"
    MALFORMED = "malformed"
    SPENT = "spent"
    NOT_OURS = "not_ours"


@dataclass(frozen=True, slots=True)
class Posted:
    """What to tell the author, and the row that is new to all who follow: None where there is none."""

    outcome: PostOutcome
    row: int | None = None

    @property
    def success(self) -> bool:
        """The word of the answer (wire-server §3.4)."""
        return self.outcome in {PostOutcome.STORED, PostOutcome.REPEATED}


def post(
    uow: UnitOfWork, key: TokenKey, server: Onion, message: EncryptedGroupMessage, token: SpentToken
) -> Posted:
    """Spends a token on a message and keeps it (wire-server §2.6, §3.4).

    A message that is kept already, bit for bit, is a repeat: it costs its token and succeeds, and is neither kept nor told twice, since
    whoever follows the board has it or will be sent it. `server` is the board's own onion, to which a token's MAC is bound.
    """
    if not _well_formed(message, token):
        return Posted(PostOutcome.MALFORMED)
    if board.is_spent(uow, token.secret):
        return Posted(PostOutcome.SPENT)
    if not privacypass.verify(key, token, spending_data(message, server)):
        return Posted(PostOutcome.NOT_OURS)
    board.spend(uow, token.secret)
    row = board.add(uow, message)
    return Posted(PostOutcome.REPEATED if row is None else PostOutcome.STORED, row)


def _well_formed(message: EncryptedGroupMessage, token: SpentToken) -> bool:
    """One length of signatures, so that box and signature have one boundary (extensions 6.1); a box that could be opened."""
    return (
        len(message.signature) == SIGNATURE_SIZE
        and CIPHERTEXT_LEAST <= len(message.ciphertext) <= CIPHERTEXT_MOST
        and len(token.secret) == SECRET_SIZE
        and len(token.mac) == MAC_SIZE
    )

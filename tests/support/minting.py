"""Tokens of a hosted server, as a client has bought them, and what it pays with them."""

import os
from collections.abc import Callable

from cwtchd.protocol.crypto import privacypass
from cwtchd.protocol.crypto.transcript import Transcript
from cwtchd.protocol.model import EncryptedGroupMessage, SpentToken, Token
from cwtchd.protocol.wire.token_board import spending_data
from cwtchd.server.keys import ServerKeys

BATCH = 10


def minted(keys: ServerKeys, count: int, randomness: Callable[[int], bytes] = os.urandom) -> list[Token]:
    """Tokens as a client has bought them."""
    made: list[Token] = []
    while len(made) < count:
        blinded = [privacypass.blind(randomness) for _ in range(BATCH)]
        batch = privacypass.sign(
            keys.token_key, [each.point for each in blinded], Transcript(b"test"), randomness
        )
        made += privacypass.unblind(keys.token_key.public, blinded, batch, Transcript(b"test"))
    return made[:count]


def paid(keys: ServerKeys, posted: EncryptedGroupMessage, token: Token) -> SpentToken:
    """The token, bound to the message."""
    return privacypass.spend(token, spending_data(posted, keys.board.onion))

"""Tokens: one batch is signed, proved and unblinded on one connection, after the work (wire-server §2.2, §2.5).

Goal: a guest has either all the tokens that it asked for, signed with the key that it knows, or none. A connection serves once: who
wants more works again. Left out: who keeps tokens, and when they are bought.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from automat import TypeMachineBuilder

from cwtchd.protocol.crypto.privacypass import BlindedToken, SignedBatch, TokenKey, blind, sign, unblind
from cwtchd.protocol.crypto.transcript import Transcript
from cwtchd.protocol.model import Token
from cwtchd.protocol.server_table import TOKEN_PROTOCOL
from cwtchd.protocol.wire.token import encode_batch, encode_blinded


@dataclass(slots=True)
class SignerState:
    """What a token service signs with, on the connection's transcript."""

    key: TokenKey
    transcript: Transcript = field(repr=False)
    randomness: Callable[[int], bytes] = field(repr=False)


class Signer(Protocol):
    """What can happen to a token service whose guest has worked."""

    def got_blinded(self, points: tuple[bytes, ...]) -> bytes:
        """The guest's batch, decoded and bounded by wire/token; returns a plain packet's data"""


_signer = TypeMachineBuilder(Signer, SignerState)
ready = _signer.state("ready")
"""a batch is awaited"""
spent = _signer.state("spent")
"""a batch is signed, and nothing more is heard"""


@ready.upon(Signer.got_blinded).to(spent)
def _sign(signer: Signer, state: SignerState, points: tuple[bytes, ...]) -> bytes:
    state.transcript.protocol(TOKEN_PROTOCOL)
    return encode_batch(sign(state.key, points, state.transcript, state.randomness))


build_signer = _signer.build()


@dataclass(slots=True)
class BuyerState:
    """The public key of a token service, and what it was sent, on the connection's transcript."""

    public: bytes
    transcript: Transcript = field(repr=False)
    randomness: Callable[[int], bytes] = field(repr=False)
    blinded: tuple[BlindedToken, ...] = field(default=(), repr=False)


class Buyer(Protocol):
    """What can happen to a guest that has worked."""

    def ask(self, amount: int) -> bytes:
        """So many tokens are wanted; returns a plain packet's data"""

    def got_batch(self, batch: SignedBatch) -> tuple[Token, ...]:
        """The token service's answer, decoded and bounded by wire/token"""


_buyer = TypeMachineBuilder(Buyer, BuyerState)
idle = _buyer.state("idle")
"""nothing was asked for"""
asked = _buyer.state("asked")
"""the blinded tokens are sent; the batch is awaited"""
served = _buyer.state("served")
"""the tokens are there, and nothing more is heard"""


@idle.upon(Buyer.ask).to(asked)
def _ask(buyer: Buyer, state: BuyerState, amount: int) -> bytes:
    state.blinded = tuple(blind(state.randomness) for _ in range(amount))
    return encode_blinded(token.point for token in state.blinded)


@asked.upon(Buyer.got_batch).to(served)
def _unblind(buyer: Buyer, state: BuyerState, batch: SignedBatch) -> tuple[Token, ...]:
    blinded, state.blinded = state.blinded, ()
    state.transcript.protocol(TOKEN_PROTOCOL)
    return unblind(state.public, blinded, batch, state.transcript)


build_buyer = _buyer.build()

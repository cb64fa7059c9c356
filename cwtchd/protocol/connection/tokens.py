"""Connections between a token service and its guests: plain packets, and nobody says who they are (wire-server §2.2).

    service → seed      guest → solution, blinded tokens      service → signed batch

Anything else, and anything after it, ends the connection. The guest never does the work itself: it takes a second or so.
"""

from collections.abc import Callable, Iterable

from automat import NoTransition

from cwtchd.protocol.connection.base import BaseConnection
from cwtchd.protocol.crypto import proof_of_work
from cwtchd.protocol.crypto.privacypass import TokenKey
from cwtchd.protocol.crypto.proof_of_work import Work
from cwtchd.protocol.crypto.transcript import Transcript
from cwtchd.protocol.errors import LocalProtocolError
from cwtchd.protocol.events import BatchSigned, Event, TokensBought, WorkNeeded
from cwtchd.protocol.machines.proof_of_work import WorkState, build_work_client, build_work_server
from cwtchd.protocol.machines.token import BuyerState, SignerState, build_buyer, build_signer
from cwtchd.protocol.server_table import BATCH_LIMIT, TRANSCRIPT_LABEL
from cwtchd.protocol.wire.frame import decode_plain, encode_plain
from cwtchd.protocol.wire.token import decode_batch, decode_blinded


class TokenServer(BaseConnection):
    """The service's end. `seed` is random and of this connection alone; `randomness` gives the proof's nonce."""

    def __init__(self, key: TokenKey, seed: bytes, randomness: Callable[[int], bytes]) -> None:
        super().__init__()
        self._seed = seed
        transcript = Transcript(TRANSCRIPT_LABEL)
        self._work = build_work_server(WorkState(transcript))
        self._signer = build_signer(SignerState(key, transcript, randomness))
        self._worked = False

    def _begin(self) -> None:
        self._to_send.append(encode_plain(self._work.begin(self._seed)))

    def _receive_packet(self, packet: bytes) -> Iterable[Event]:
        data = decode_plain(packet)
        if not self._worked:
            self._work.got_solution(data)
            self._worked = True
            return ()
        points = decode_blinded(data)
        self._to_send.append(encode_plain(self._signer.got_blinded(points)))
        return (BatchSigned(len(points)),)


class TokenClient(BaseConnection):
    """A guest's end, which wants so many tokens of the service with this public key. `randomness` gives secrets and blinds."""

    def __init__(self, public: bytes, amount: int, randomness: Callable[[int], bytes]) -> None:
        """Raises LocalProtocolError for none, or more than a batch may have."""
        super().__init__()
        if not 0 < amount <= BATCH_LIMIT:
            raise LocalProtocolError("A batch has 1 to 32 tokens.")
        self._amount = amount
        transcript = Transcript(TRANSCRIPT_LABEL)
        self._client = build_work_client(WorkState(transcript))
        self._buyer = build_buyer(BuyerState(public, transcript, randomness))
        self._asked: Work | None = None

    def solved(self, solution: bytes) -> bytes:
        """Hands in the work, and asks for the tokens. Raises LocalProtocolError for no solution, out of turn, or a second time."""
        if self._asked is None or not proof_of_work.check(solution, self._asked.challenge):
            raise LocalProtocolError("This is not what the token service asked for.")
        try:
            handed_in = self._client.solved(solution)
        except NoTransition:
            raise LocalProtocolError("The work is handed in already.") from None
        return encode_plain(handed_in) + encode_plain(self._buyer.ask(self._amount))

    def _begin(self) -> None:
        """The service speaks first."""

    def _receive_packet(self, packet: bytes) -> Iterable[Event]:
        data = decode_plain(packet)
        if self._asked is None:
            self._asked = self._client.got_seed(data)
            return (WorkNeeded(self._asked.prng_seed, self._asked.challenge),)
        return (TokensBought(self._buyer.got_batch(decode_batch(data))),)

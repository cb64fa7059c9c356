"""The token service of a running server: who has done the work gets a batch of tokens, and goes.

Nothing is stored: what is signed is blinded, and which of it comes back is not known here. A batch takes a few milliseconds, on the
loop; the work that is asked for before it takes its guest a hundred times as long.
"""

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from cwtchd.protocol.connection import TokenServer
from cwtchd.protocol.crypto.privacypass import TokenKey
from cwtchd.protocol.events import BatchSigned, Event
from cwtchd.protocol.wire.constants import PACKET_SIZE
from cwtchd.runtime.guests import Guest, Guests

GUESTS = 256
WORK_SECONDS = 180
"""From coming in to the batch: the work takes seconds on a phone, Tor some more."""
LEAVING_SECONDS = 20
"""How long a guest that has its batch may take to go."""
SEED_SIZE = 32
"""Bytes of the seed that each guest's work starts from."""

TokenGuest = Guest[TokenServer, None]


class TokenGuests(Guests[TokenServer, None]):
    """Those at the token service."""

    def __init__(
        self,
        clock: IReactorTime,
        chance: Callable[[], float],
        randomness: Callable[[int], bytes],
        key: TokenKey,
    ) -> None:
        super().__init__(clock, chance, most=GUESTS, unread_bytes=PACKET_SIZE)
        self._randomness = randomness
        self._key = key
        self.signed = 0
        """tokens, since the start"""

    def _connection(self) -> TokenServer:
        return TokenServer(self._key, self._randomness(SEED_SIZE), self._randomness)

    def _came(self) -> tuple[None, float]:
        return None, WORK_SECONDS

    def _heard(self, guest: TokenGuest, event: Event) -> None:
        if isinstance(event, BatchSigned):
            self.signed += event.count
            self.watch(guest, LEAVING_SECONDS)

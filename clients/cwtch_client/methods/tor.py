"""tor.*, made by `make docs` from the API's description: change tools/generate_client.py, not this file."""

from cwtch_client.asking import Asking, AsyncAsking
from cwtch_client.model import TorStatus


class TorMethods:
    """tor.*, with a Client."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def status(self) -> TorStatus:
        """Says how Tor stands, with bootstrap progress.

        Refused as: unauthorized, limit_exceeded.
        """
        return self._asking.ask(TorStatus, "tor.status")

    def reset(self) -> None:
        """Asks Tor for new circuits for everything that is dialled from now on.

        Refused as: tor_unavailable, unauthorized, limit_exceeded.
        """
        self._asking.call("tor.reset")


class AsyncTorMethods:
    """tor.*, with an AsyncClient."""

    def __init__(self, asking: AsyncAsking) -> None:
        self._asking = asking

    async def status(self) -> TorStatus:
        """Says how Tor stands, with bootstrap progress.

        Refused as: unauthorized, limit_exceeded.
        """
        return await self._asking.ask(TorStatus, "tor.status")

    async def reset(self) -> None:
        """Asks Tor for new circuits for everything that is dialled from now on.

        Refused as: tor_unavailable, unauthorized, limit_exceeded.
        """
        await self._asking.call("tor.reset")

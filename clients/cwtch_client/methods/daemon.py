"""daemon.*, made by `make docs` from the API's description: change tools/generate_client.py, not this file."""

from cwtch_client.asking import Asking, AsyncAsking
from cwtch_client.model import DaemonStatus


class DaemonMethods:
    """daemon.*, with a Client."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def status(self) -> DaemonStatus:
        """Says what the daemon is doing, and when Tor, each profile's own onion and each contact's path were last proved to work.

        Refused as: unauthorized, limit_exceeded.
        """
        return self._asking.ask(DaemonStatus, "daemon.status")

    def shutdown(self) -> None:
        """Ends the daemon, and the tor that it started.

        Refused as: unauthorized, limit_exceeded.
        """
        self._asking.call("daemon.shutdown")


class AsyncDaemonMethods:
    """daemon.*, with an AsyncClient."""

    def __init__(self, asking: AsyncAsking) -> None:
        self._asking = asking

    async def status(self) -> DaemonStatus:
        """Says what the daemon is doing, and when Tor, each profile's own onion and each contact's path were last proved to work.

        Refused as: unauthorized, limit_exceeded.
        """
        return await self._asking.ask(DaemonStatus, "daemon.status")

    async def shutdown(self) -> None:
        """Ends the daemon, and the tor that it started.

        Refused as: unauthorized, limit_exceeded.
        """
        await self._asking.call("daemon.shutdown")

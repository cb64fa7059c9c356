"""rpc.*, made by `make docs` from the API's description: change tools/generate_client.py, not this file."""

from cwtch_client.asking import Asking, AsyncAsking


class RpcMethods:
    """rpc.*, with a Client."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def discover(self) -> dict[str, object]:
        """Returns this description: every method with its params, result, errors and an example, and every event.

        Refused as: unauthorized, limit_exceeded.
        """
        return self._asking.ask(dict[str, object], "rpc.discover")


class AsyncRpcMethods:
    """rpc.*, with an AsyncClient."""

    def __init__(self, asking: AsyncAsking) -> None:
        self._asking = asking

    async def discover(self) -> dict[str, object]:
        """Returns this description: every method with its params, result, errors and an example, and every event.

        Refused as: unauthorized, limit_exceeded.
        """
        return await self._asking.ask(dict[str, object], "rpc.discover")

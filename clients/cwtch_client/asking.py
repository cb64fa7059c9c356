"""Asking and AsyncAsking: what the typed methods need of a client; Client and AsyncClient are these."""

from abc import ABC, abstractmethod
from typing import TypeVar

from cwtch_client.model import Json, convert

T = TypeVar("T")


class Asking(ABC):
    """A client that blocks."""

    @abstractmethod
    def call(self, method: str, /, **params: object) -> Json:
        """Calls a method of the contract and returns its result; a param that is None is left out, NULL is null.

        Raises RpcError where the daemon refuses, DaemonAbsent where none is there, and other ClientErrors.
        """

    def ask(self, kind: type[T], method: str, /, **params: object) -> T:
        """Like `call`, with the result as a noun of the contract, such as `Profile` or `list[Conversation]`."""
        return convert(self.call(method, **params), kind)


class AsyncAsking(ABC):
    """A client for asyncio."""

    @abstractmethod
    async def call(self, method: str, /, **params: object) -> Json:
        """Calls a method of the contract and returns its result; a param that is None is left out, NULL is null.

        Raises RpcError where the daemon refuses, DaemonAbsent where none is there, and other ClientErrors.
        """

    async def ask(self, kind: type[T], method: str, /, **params: object) -> T:
        """Like `call`, with the result as a noun of the contract, such as `Profile` or `list[Conversation]`."""
        return convert(await self.call(method, **params), kind)

"""token.*, made by `make docs` from the API's description: change tools/generate_client.py, not this file."""

from typing import Literal

from cwtch_client.asking import Asking, AsyncAsking
from cwtch_client.model import ApiToken, NewApiToken


class TokenMethods:
    """token.*, with a Client."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def create(
        self,
        *,
        scope: Literal["admin", "read", "send"],
        label: str | None = None,
        profile: str | None = None,
        conversations: list[int] | None = None,
        folders: list[str] | None = None,
    ) -> NewApiToken:
        """Makes a token, which is shown this once. `conversations` need their `profile`.

        label: what it is for; kept unencrypted, as all of this is.
        profile: holds for this profile only; null: for all.
        conversations: holds for these conversations of the profile only; null: for all.
        folders: its holder may use files below these only; null: no files.
        Refused as: profile_locked, not_found, storage_failed, unauthorized, limit_exceeded.
        """
        return self._asking.ask(
            NewApiToken,
            "token.create",
            scope=scope,
            label=label,
            profile=profile,
            conversations=conversations,
            folders=folders,
        )

    def revoke(self, *, id: int) -> None:
        """Ends a token, and every connection that holds to it.

        Refused as: not_found, storage_failed, unauthorized, limit_exceeded.
        """
        self._asking.call("token.revoke", id=id)

    def list(self) -> list[ApiToken]:
        """Lists the tokens; which profile one is bound to is seen only while that profile is open.

        Refused as: storage_failed, unauthorized, limit_exceeded.
        """
        return self._asking.ask(list[ApiToken], "token.list")


class AsyncTokenMethods:
    """token.*, with an AsyncClient."""

    def __init__(self, asking: AsyncAsking) -> None:
        self._asking = asking

    async def create(
        self,
        *,
        scope: Literal["admin", "read", "send"],
        label: str | None = None,
        profile: str | None = None,
        conversations: list[int] | None = None,
        folders: list[str] | None = None,
    ) -> NewApiToken:
        """Makes a token, which is shown this once. `conversations` need their `profile`.

        label: what it is for; kept unencrypted, as all of this is.
        profile: holds for this profile only; null: for all.
        conversations: holds for these conversations of the profile only; null: for all.
        folders: its holder may use files below these only; null: no files.
        Refused as: profile_locked, not_found, storage_failed, unauthorized, limit_exceeded.
        """
        return await self._asking.ask(
            NewApiToken,
            "token.create",
            scope=scope,
            label=label,
            profile=profile,
            conversations=conversations,
            folders=folders,
        )

    async def revoke(self, *, id: int) -> None:
        """Ends a token, and every connection that holds to it.

        Refused as: not_found, storage_failed, unauthorized, limit_exceeded.
        """
        await self._asking.call("token.revoke", id=id)

    async def list(self) -> list[ApiToken]:
        """Lists the tokens; which profile one is bound to is seen only while that profile is open.

        Refused as: storage_failed, unauthorized, limit_exceeded.
        """
        return await self._asking.ask(list[ApiToken], "token.list")

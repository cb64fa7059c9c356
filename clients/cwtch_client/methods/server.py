"""server.*, made by `make docs` from the API's description: change tools/generate_client.py, not this file."""

from cwtch_client.asking import Asking, AsyncAsking
from cwtch_client.model import Server


class ServerMethods:
    """server.*, with a Client."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def add(self, *, profile: str, bundle: str) -> Server:
        """Uses a server from now on: its keys are trusted as they are now, and must never change. Tokens are bought at once.

        profile: a profile's onion: 56 characters, without .onion.
        bundle: what its operator hands out: `server:…`, or `tofubundle:…` of which an invite is passed over.
        Refused as: invalid_bundle, invalid_bundle, limit_exceeded, profile_locked, storage_failed, unauthorized.
        """
        return self._asking.ask(Server, "server.add", profile=profile, bundle=bundle)

    def get(self, *, profile: str, server: int) -> Server:
        """Shows a server that the profile uses.

        profile: a profile's onion: 56 characters, without .onion.
        server: a server's id, in its profile.
        Refused as: not_found, profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return self._asking.ask(Server, "server.get", profile=profile, server=server)

    def remove(self, *, profile: str, server: int) -> None:
        """Uses a server no more: its tokens, and what waits to be posted there, are gone.

        profile: a profile's onion: 56 characters, without .onion.
        server: a server's id, in its profile.
        Refused as: not_found, profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        self._asking.call("server.remove", profile=profile, server=server)

    def sync(self, *, profile: str, server: int) -> Server:
        """Answers once everything that the server stores was received; where a session goes on already, that is at its end.

        profile: a profile's onion: 56 characters, without .onion.
        server: a server's id, in its profile.
        Refused as: not_found, server_unreachable, profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return self._asking.ask(Server, "server.sync", profile=profile, server=server)

    def list(self, *, profile: str) -> list[Server]:
        """Lists the servers that the profile uses; whose token is for some conversations only is shown none.

        profile: a profile's onion: 56 characters, without .onion.
        Refused as: profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return self._asking.ask(list[Server], "server.list", profile=profile)


class AsyncServerMethods:
    """server.*, with an AsyncClient."""

    def __init__(self, asking: AsyncAsking) -> None:
        self._asking = asking

    async def add(self, *, profile: str, bundle: str) -> Server:
        """Uses a server from now on: its keys are trusted as they are now, and must never change. Tokens are bought at once.

        profile: a profile's onion: 56 characters, without .onion.
        bundle: what its operator hands out: `server:…`, or `tofubundle:…` of which an invite is passed over.
        Refused as: invalid_bundle, invalid_bundle, limit_exceeded, profile_locked, storage_failed, unauthorized.
        """
        return await self._asking.ask(Server, "server.add", profile=profile, bundle=bundle)

    async def get(self, *, profile: str, server: int) -> Server:
        """Shows a server that the profile uses.

        profile: a profile's onion: 56 characters, without .onion.
        server: a server's id, in its profile.
        Refused as: not_found, profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return await self._asking.ask(Server, "server.get", profile=profile, server=server)

    async def remove(self, *, profile: str, server: int) -> None:
        """Uses a server no more: its tokens, and what waits to be posted there, are gone.

        profile: a profile's onion: 56 characters, without .onion.
        server: a server's id, in its profile.
        Refused as: not_found, profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        await self._asking.call("server.remove", profile=profile, server=server)

    async def sync(self, *, profile: str, server: int) -> Server:
        """Answers once everything that the server stores was received; where a session goes on already, that is at its end.

        profile: a profile's onion: 56 characters, without .onion.
        server: a server's id, in its profile.
        Refused as: not_found, server_unreachable, profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return await self._asking.ask(Server, "server.sync", profile=profile, server=server)

    async def list(self, *, profile: str) -> list[Server]:
        """Lists the servers that the profile uses; whose token is for some conversations only is shown none.

        profile: a profile's onion: 56 characters, without .onion.
        Refused as: profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return await self._asking.ask(list[Server], "server.list", profile=profile)

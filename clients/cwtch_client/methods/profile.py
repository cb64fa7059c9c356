"""profile.*, made by `make docs` from the API's description: change tools/generate_client.py, not this file."""

from typing import Literal

from cwtch_client.asking import Asking, AsyncAsking
from cwtch_client.model import Profile


class ProfileMethods:
    """profile.*, with a Client."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def create(self, *, name: str, password: str) -> Profile:
        """Makes a profile with a new address, open and wanted online.

        name: what you call it; sealed with the rest.
        password: opens the profiles made with it.
        Refused as: only_serves, storage_failed, stopping, unauthorized, limit_exceeded.
        """
        return self._asking.ask(Profile, "profile.create", name=name, password=password)

    def unlock(self, *, password: str) -> list[Profile]:
        """Opens every profile that was made with this password; returns them all, open before or not.

        password: opens the profiles made with it.
        Refused as: only_serves, wrong_password, limit_exceeded, storage_failed, stopping, unauthorized.
        """
        return self._asking.ask(list[Profile], "profile.unlock", password=password)

    def get(self, *, profile: str) -> Profile:
        """Shows an open profile.

        profile: a profile's onion: 56 characters, without .onion.
        Refused as: profile_locked, unauthorized, limit_exceeded.
        """
        return self._asking.ask(Profile, "profile.get", profile=profile)

    def set(self, *, profile: str, key: Literal["autostart", "name"], value: str | bool) -> Profile:
        """Renames a profile, or says whether the daemon opens it at a start without a person.

        profile: a profile's onion: 56 characters, without .onion.
        value: `name`: what you call it; `autostart`: whether a start without a person opens it.
        Refused as: profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return self._asking.ask(Profile, "profile.set", profile=profile, key=key, value=value)

    def lock(self, *, profile: str) -> None:
        """Closes a profile: its connections end, its onion goes, its file is closed.

        profile: a profile's onion: 56 characters, without .onion.
        Refused as: profile_locked, unauthorized, limit_exceeded.
        """
        self._asking.call("profile.lock", profile=profile)

    def list(self) -> list[Profile]:
        """Lists the open profiles; what a locked one is called is sealed.

        Refused as: unauthorized, limit_exceeded.
        """
        return self._asking.ask(list[Profile], "profile.list")


class AsyncProfileMethods:
    """profile.*, with an AsyncClient."""

    def __init__(self, asking: AsyncAsking) -> None:
        self._asking = asking

    async def create(self, *, name: str, password: str) -> Profile:
        """Makes a profile with a new address, open and wanted online.

        name: what you call it; sealed with the rest.
        password: opens the profiles made with it.
        Refused as: only_serves, storage_failed, stopping, unauthorized, limit_exceeded.
        """
        return await self._asking.ask(Profile, "profile.create", name=name, password=password)

    async def unlock(self, *, password: str) -> list[Profile]:
        """Opens every profile that was made with this password; returns them all, open before or not.

        password: opens the profiles made with it.
        Refused as: only_serves, wrong_password, limit_exceeded, storage_failed, stopping, unauthorized.
        """
        return await self._asking.ask(list[Profile], "profile.unlock", password=password)

    async def get(self, *, profile: str) -> Profile:
        """Shows an open profile.

        profile: a profile's onion: 56 characters, without .onion.
        Refused as: profile_locked, unauthorized, limit_exceeded.
        """
        return await self._asking.ask(Profile, "profile.get", profile=profile)

    async def set(self, *, profile: str, key: Literal["autostart", "name"], value: str | bool) -> Profile:
        """Renames a profile, or says whether the daemon opens it at a start without a person.

        profile: a profile's onion: 56 characters, without .onion.
        value: `name`: what you call it; `autostart`: whether a start without a person opens it.
        Refused as: profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return await self._asking.ask(Profile, "profile.set", profile=profile, key=key, value=value)

    async def lock(self, *, profile: str) -> None:
        """Closes a profile: its connections end, its onion goes, its file is closed.

        profile: a profile's onion: 56 characters, without .onion.
        Refused as: profile_locked, unauthorized, limit_exceeded.
        """
        await self._asking.call("profile.lock", profile=profile)

    async def list(self) -> list[Profile]:
        """Lists the open profiles; what a locked one is called is sealed.

        Refused as: unauthorized, limit_exceeded.
        """
        return await self._asking.ask(list[Profile], "profile.list")

"""event.*, made by `make docs` from the API's description: change tools/generate_client.py, not this file."""

from cwtch_client.asking import Asking, AsyncAsking
from cwtch_client.model import EventPage


class EventMethods:
    """event.*, with a Client."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def list(self, *, profile: str, after: int, limit: int | None = None) -> EventPage:
        """Shows a page of the log behind a cursor.

        profile: a profile's onion: 56 characters, without .onion.
        after: the seq of the last event that was handled.
        limit: so many at most.
        Refused as: cursor_expired, profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return self._asking.ask(EventPage, "event.list", profile=profile, after=after, limit=limit)


class AsyncEventMethods:
    """event.*, with an AsyncClient."""

    def __init__(self, asking: AsyncAsking) -> None:
        self._asking = asking

    async def list(self, *, profile: str, after: int, limit: int | None = None) -> EventPage:
        """Shows a page of the log behind a cursor.

        profile: a profile's onion: 56 characters, without .onion.
        after: the seq of the last event that was handled.
        limit: so many at most.
        Refused as: cursor_expired, profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return await self._asking.ask(EventPage, "event.list", profile=profile, after=after, limit=limit)

"""hosting.*, made by `make docs` from the API's description: change tools/generate_client.py, not this file."""

from cwtch_client.asking import Asking, AsyncAsking
from cwtch_client.model import Hosted, HostedStats, Null


class HostingMethods:
    """hosting.*, with a Client."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def create(
        self,
        *,
        description: str | None = None,
        password: str | None = None,
        autostart: bool | None = None,
        max_messages: int | None = None,
        max_mib: int | None = None,
        max_hours: int | None = None,
        onion_pow: bool | None = None,
        intro_rate: int | None = None,
        intro_burst: int | None = None,
    ) -> Hosted:
        """Makes a server with new keys, which `hosting.start` runs; hand its `bundle` to those who are to use it.

        description: what it is for; kept unencrypted on this machine, shown to nobody else.
        password: seals its keys; null: they lie in the clear, and whoever has the disk has the server.
        autostart: it is started now and with the daemon; a sealed one where its password is put there.
        max_messages: so many messages are kept, the oldest go first.
        max_mib: so many MiB of messages are kept.
        onion_pow: Tor asks those who call for work while the onions are flooded.
        Refused as: invalid_settings, limit_exceeded, storage_failed, stopping, unauthorized.
        """
        return self._asking.ask(
            Hosted,
            "hosting.create",
            description=description,
            password=password,
            autostart=autostart,
            max_messages=max_messages,
            max_mib=max_mib,
            max_hours=max_hours,
            onion_pow=onion_pow,
            intro_rate=intro_rate,
            intro_burst=intro_burst,
        )

    def get(self, *, id: str) -> Hosted:
        """Shows a server, with its bundle.

        id: a server that runs here, as `hosting.list` names it.
        Refused as: not_found, storage_failed, unauthorized, limit_exceeded.
        """
        return self._asking.ask(Hosted, "hosting.get", id=id)

    def set(
        self,
        *,
        id: str,
        description: str | None = None,
        autostart: bool | None = None,
        max_messages: int | None = None,
        max_mib: int | None = None,
        max_hours: int | Null | None = None,
        onion_pow: bool | None = None,
        intro_rate: int | Null | None = None,
        intro_burst: int | Null | None = None,
    ) -> Hosted:
        """Changes what a server keeps and how it is started; a running one goes by it at once.

        id: a server that runs here, as `hosting.list` names it.
        description: what it is for; kept unencrypted on this machine, shown to nobody else.
        max_messages: so many messages are kept, the oldest go first.
        max_mib: so many MiB of messages are kept.
        onion_pow: Tor asks those who call for work while the onions are flooded.
        Refused as: not_found, server_damaged, invalid_settings, storage_failed, stopping, unauthorized, limit_exceeded.
        """
        return self._asking.ask(
            Hosted,
            "hosting.set",
            id=id,
            description=description,
            autostart=autostart,
            max_messages=max_messages,
            max_mib=max_mib,
            max_hours=max_hours,
            onion_pow=onion_pow,
            intro_rate=intro_rate,
            intro_burst=intro_burst,
        )

    def start(self, *, id: str, password: str | None = None) -> Hosted:
        """Runs a server: its onions are published, those who have its bundle can use it. One that runs already runs on.

        id: a server that runs here, as `hosting.list` names it.
        password: opens its keys, where they are sealed.
        Refused as: not_found, server_damaged, wrong_password, storage_failed, stopping, unauthorized, limit_exceeded.
        """
        return self._asking.ask(Hosted, "hosting.start", id=id, password=password)

    def stop(self, *, id: str) -> Hosted:
        """Ends a server's connections and takes its onions back; what it stores is kept.

        id: a server that runs here, as `hosting.list` names it.
        Refused as: not_found, storage_failed, unauthorized, limit_exceeded.
        """
        return self._asking.ask(Hosted, "hosting.stop", id=id)

    def stats(self, *, id: str) -> HostedStats:
        """Shows a server's sums.

        id: a server that runs here, as `hosting.list` names it.
        Refused as: not_found, storage_failed, unauthorized, limit_exceeded.
        """
        return self._asking.ask(HostedStats, "hosting.stats", id=id)

    def delete(self, *, id: str, password: str | None = None) -> None:
        """Stops a server and removes its keys and all that it stores, for good: nobody can bring its onions back.

        id: a server that runs here, as `hosting.list` names it.
        password: opens its keys, where they are sealed.
        Refused as: not_found, server_damaged, wrong_password, storage_failed, stopping, unauthorized, limit_exceeded.
        """
        self._asking.call("hosting.delete", id=id, password=password)

    def list(self) -> list[Hosted]:
        """Lists the servers of this daemon, stopped ones too.

        Refused as: storage_failed, unauthorized, limit_exceeded.
        """
        return self._asking.ask(list[Hosted], "hosting.list")


class AsyncHostingMethods:
    """hosting.*, with an AsyncClient."""

    def __init__(self, asking: AsyncAsking) -> None:
        self._asking = asking

    async def create(
        self,
        *,
        description: str | None = None,
        password: str | None = None,
        autostart: bool | None = None,
        max_messages: int | None = None,
        max_mib: int | None = None,
        max_hours: int | None = None,
        onion_pow: bool | None = None,
        intro_rate: int | None = None,
        intro_burst: int | None = None,
    ) -> Hosted:
        """Makes a server with new keys, which `hosting.start` runs; hand its `bundle` to those who are to use it.

        description: what it is for; kept unencrypted on this machine, shown to nobody else.
        password: seals its keys; null: they lie in the clear, and whoever has the disk has the server.
        autostart: it is started now and with the daemon; a sealed one where its password is put there.
        max_messages: so many messages are kept, the oldest go first.
        max_mib: so many MiB of messages are kept.
        onion_pow: Tor asks those who call for work while the onions are flooded.
        Refused as: invalid_settings, limit_exceeded, storage_failed, stopping, unauthorized.
        """
        return await self._asking.ask(
            Hosted,
            "hosting.create",
            description=description,
            password=password,
            autostart=autostart,
            max_messages=max_messages,
            max_mib=max_mib,
            max_hours=max_hours,
            onion_pow=onion_pow,
            intro_rate=intro_rate,
            intro_burst=intro_burst,
        )

    async def get(self, *, id: str) -> Hosted:
        """Shows a server, with its bundle.

        id: a server that runs here, as `hosting.list` names it.
        Refused as: not_found, storage_failed, unauthorized, limit_exceeded.
        """
        return await self._asking.ask(Hosted, "hosting.get", id=id)

    async def set(
        self,
        *,
        id: str,
        description: str | None = None,
        autostart: bool | None = None,
        max_messages: int | None = None,
        max_mib: int | None = None,
        max_hours: int | Null | None = None,
        onion_pow: bool | None = None,
        intro_rate: int | Null | None = None,
        intro_burst: int | Null | None = None,
    ) -> Hosted:
        """Changes what a server keeps and how it is started; a running one goes by it at once.

        id: a server that runs here, as `hosting.list` names it.
        description: what it is for; kept unencrypted on this machine, shown to nobody else.
        max_messages: so many messages are kept, the oldest go first.
        max_mib: so many MiB of messages are kept.
        onion_pow: Tor asks those who call for work while the onions are flooded.
        Refused as: not_found, server_damaged, invalid_settings, storage_failed, stopping, unauthorized, limit_exceeded.
        """
        return await self._asking.ask(
            Hosted,
            "hosting.set",
            id=id,
            description=description,
            autostart=autostart,
            max_messages=max_messages,
            max_mib=max_mib,
            max_hours=max_hours,
            onion_pow=onion_pow,
            intro_rate=intro_rate,
            intro_burst=intro_burst,
        )

    async def start(self, *, id: str, password: str | None = None) -> Hosted:
        """Runs a server: its onions are published, those who have its bundle can use it. One that runs already runs on.

        id: a server that runs here, as `hosting.list` names it.
        password: opens its keys, where they are sealed.
        Refused as: not_found, server_damaged, wrong_password, storage_failed, stopping, unauthorized, limit_exceeded.
        """
        return await self._asking.ask(Hosted, "hosting.start", id=id, password=password)

    async def stop(self, *, id: str) -> Hosted:
        """Ends a server's connections and takes its onions back; what it stores is kept.

        id: a server that runs here, as `hosting.list` names it.
        Refused as: not_found, storage_failed, unauthorized, limit_exceeded.
        """
        return await self._asking.ask(Hosted, "hosting.stop", id=id)

    async def stats(self, *, id: str) -> HostedStats:
        """Shows a server's sums.

        id: a server that runs here, as `hosting.list` names it.
        Refused as: not_found, storage_failed, unauthorized, limit_exceeded.
        """
        return await self._asking.ask(HostedStats, "hosting.stats", id=id)

    async def delete(self, *, id: str, password: str | None = None) -> None:
        """Stops a server and removes its keys and all that it stores, for good: nobody can bring its onions back.

        id: a server that runs here, as `hosting.list` names it.
        password: opens its keys, where they are sealed.
        Refused as: not_found, server_damaged, wrong_password, storage_failed, stopping, unauthorized, limit_exceeded.
        """
        await self._asking.call("hosting.delete", id=id, password=password)

    async def list(self) -> list[Hosted]:
        """Lists the servers of this daemon, stopped ones too.

        Refused as: storage_failed, unauthorized, limit_exceeded.
        """
        return await self._asking.ask(list[Hosted], "hosting.list")

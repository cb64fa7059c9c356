"""A daemon that is only a server: made where the home has none, run, and its bundle shown to whoever started it.

The first line of the output is the bundle of the oldest server that runs; the same as a QR code follows on a terminal.
"""

import sys

from cwtchd import log
from cwtchd.app.errors import Refusal, WrongPassword
from cwtchd.config import Serving
from cwtchd.credential import PasswordSources
from cwtchd.runtime.hosting import IN_THE_CLEAR, Hosting
from cwtchd.server.settings import ServerSettings


class Serve:
    """What `cwtchd serve` does at its start. Where `passwords` name any, a new server is sealed under the first."""

    def __init__(self, hosting: Hosting, serving: Serving, passwords: PasswordSources) -> None:
        self._hosting = hosting
        self._serving = serving
        self._passwords = passwords
        self._shown = False

    async def begin(self) -> None:
        """Starts what can be started without a password; makes a server where there is none and none is to be sealed."""
        try:
            await self._hosting.begin()
            if not self._passwords.any:
                await self._make(None)
            await self._show()
            if not self._shown and not self._passwords.any:
                say(
                    "No server of this home was started: start one with `cwtch hosting start`, or put the password of a "
                    "sealed one in a --password-file."
                )
        except Refusal as refusal:
            log.info("the server could not be started", reason=refusal.name)

    async def unlocked(self, password: str) -> int:
        """Starts what a password opens; makes a server sealed under it where there is none. How many were started."""
        started = await self._hosting.unlock(password) or await self._make(password)
        await self._show()
        if not started:
            raise WrongPassword
        return started

    async def _make(self, password: str | None) -> int:
        if await self._hosting.listed():
            return 0
        settings = ServerSettings(description=self._serving.description, autostart=True)
        made = await self._hosting.create(settings, password)
        if made.warning is not None:
            say(f"{IN_THE_CLEAR} A --password-file seals a new server's keys.")
        return 1

    async def _show(self) -> None:
        for hosted in await self._hosting.listed():
            if hosted.state == "running" and hosted.bundle is not None and not self._shown:
                self._shown = True
                print(hosted.bundle, flush=True)  # noqa: T201 - the command's result
                if sys.stdout.isatty():
                    import segno  # noqa: PLC0415 - seldom wanted, and every daemon would load it

                    segno.make(hosted.bundle, error="l").terminal(compact=True)


def say(sentence: str) -> None:
    """The command's own word to whoever started it."""
    print(f"cwtchd: {sentence}", file=sys.stderr)  # noqa: T201 - not the log's: it is for a person

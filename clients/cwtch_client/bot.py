"""Bot: a program that answers messages, as handlers by decorator; the kit keeps its place, its connection and its life.

    bot = Bot("greeter")

    @bot.on_message
    def greet(message: IncomingMessage) -> None:
        message.reply("hello")

    if __name__ == "__main__":
        bot.run()

Rules: every event is handled at least once, one after the other; what a handler sends by `reply`, `say` or `send` is sent once all
the same. A handler's exception is logged, without its text, and the bot goes on with the next event. While the daemon is away or
the profile is locked, the bot waits, and the event that it was at is handled again.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import platformdirs

from cwtch_client.aio import AsyncClient
from cwtch_client.bot_answers import Answers
from cwtch_client.bot_incoming import ContactRequest, IncomingMessage, send_once
from cwtch_client.bot_options import Options, read_options
from cwtch_client.bot_run import BotRun
from cwtch_client.client import Client
from cwtch_client.errors import ClientError
from cwtch_client.model import Event, Message

__all__ = ["Bot", "ContactRequest", "IncomingMessage"]

MessageHandler = Callable[[IncomingMessage], Any]
RequestHandler = Callable[[ContactRequest], Any]
EventHandler = Callable[[Event], Any]
Tick = Callable[[], Any]
M = TypeVar("M", bound=MessageHandler)
R = TypeVar("R", bound=RequestHandler)
E = TypeVar("E", bound=EventHandler)
F = TypeVar("F", bound=Tick)


class Bot:
    """A bot of this name. Handlers are plain functions or coroutines; they run one at a time.

    While it runs, `client` calls the daemon, `profile` is the id of the profile that it works for, and `state` is a folder that is
    its own, for what it wants to keep over a restart.
    """

    def __init__(self, name: str) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", name):
            raise ValueError(
                "A bot's name is at most 40 characters of a-z, 0-9, - and _: its files are called after it."
            )
        self.name = name
        self._answers = Answers()
        self._run: BotRun | None = None

    # --- what it answers to ------------------------------------------------------------------------------------------

    def on_message(self, handler: M) -> M:
        """Called with each message that has a text and is no command."""
        self._answers.messages.append(handler)
        return handler

    def on_request(self, handler: R) -> R:
        """Called with each request to be a contact: its `accept`, `reject` and `block` decide it."""
        self._answers.requests.append(handler)
        return handler

    def command(self, word: str) -> Callable[[M], M]:
        """Called with a message that begins with this word, as `word`, `/word` or `!word`; `rest` is what follows.

        The first line of the handler's docstring is what `help` says of it; a bot with commands answers `help` by itself.
        """

        def add(handler: M) -> M:
            self._answers.commands[word.lower()] = handler
            return handler

        return add

    def on(self, type_: str) -> Callable[[E], E]:
        """Called with each event of a type, such as `message.delivered` (docs/rpc.md lists them)."""

        def add(handler: E) -> E:
            self._answers.events.append((type_, handler))
            return handler

        return add

    def every(self, seconds: float) -> Callable[[F], F]:
        """Called without anything when the bot starts and then again and again, between other handlers."""

        def add(handler: F) -> F:
            self._answers.ticks.append((seconds, handler))
            return handler

        return add

    # --- what its handlers need --------------------------------------------------------------------------------------

    @property
    def client(self) -> Client:
        """Calls the daemon."""
        return self._running.client

    @property
    def profile(self) -> str:
        """The id of the profile that the bot works for."""
        return self._running.profile

    @property
    def state(self) -> Path:
        """A folder for what the bot keeps, one for each bot; 0700."""
        return self._running.state

    def send(self, conversation: int, text: str, once: str | None = None) -> Message:
        """Queues a text for a conversation. What has the same `once` is sent one time only, also over crashes."""
        client_id = None if once is None else f"bot:{self.name}:once:{once}"
        return send_once(self.client, self.profile, conversation, text, None, client_id)

    @property
    def _running(self) -> BotRun:
        if self._run is None:
            raise RuntimeError("The bot does not run yet: this is for its handlers.")
        return self._run

    # --- its life ----------------------------------------------------------------------------------------------------

    def run(self, arguments: Sequence[str] | None = None) -> None:
        """Runs as a program: reads the command line, logs to standard error, works until SIGINT or SIGTERM.

        Ends the process with status 1 where the bot can't work at all.
        """
        options = read_options(self.name, arguments)
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
        try:
            self.serve(options, signals=True)
        except ClientError as error:
            raise SystemExit(f"{self.name}: {error}") from None

    def serve(self, options: Options, *, signals: bool = False) -> None:
        """Works until `stop` is called, or until a signal where `signals` are wanted (in the main thread only).

        Raises a ClientError where the bot can't work at all.
        """
        asyncio.run(self._serve(options, signals=signals))

    async def _serve(self, options: Options, *, signals: bool) -> None:
        folder = options.state or Path(platformdirs.user_state_dir("cwtch-bots", appauthor=False))
        with Client(options.socket, token_file=options.token_file) as client:
            async with AsyncClient(options.socket, token_file=options.token_file) as following:
                self._run = BotRun(self.name, self._answers, client, following, folder / self.name)
                try:
                    await self._run.work(
                        options.profile, from_beginning=options.from_beginning, signals=signals
                    )
                finally:
                    self._run = None

    def stop(self) -> None:
        """Ends the bot once the handler that runs has returned; from any thread."""
        if self._run is not None:
            self._run.stop()

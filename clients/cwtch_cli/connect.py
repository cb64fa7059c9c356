"""Invocation: what one run of `cwtch` was told, and how it finds the daemon, the profile and the conversation meant.

Rules: what can't be told apart is a sentence that lists the choices, never a guess.
"""

import difflib
import os
import shlex
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from cwtch_cli.errors import Misused
from cwtch_cli.output import SHORT, Output, short, visible
from cwtch_client import Client, ClientError, Conversation, Json, Profile, convert, socket_path
from cwtch_client.calls import CALL_SECONDS

_ADDRESS_CHARACTERS = 56


class Invocation:
    """One run of `cwtch`. `asked` is the method and the params of its last call, `seconds` what each call may take."""

    def __init__(self, output: Output | None = None) -> None:
        self.socket: str | None = None
        self.home: str | None = None
        self.token_file: str | None = None
        self.profile: str | None = None
        self.json = False
        self.seconds = CALL_SECONDS
        self.asked: tuple[str, dict[str, object]] | None = None
        self.output = output or Output()
        self._names: dict[int, str] = {}

    @cached_property
    def client(self) -> Client:
        """The daemon meant by the options and the environment."""
        return self.another_client()

    def another_client(self) -> Client:
        """The same daemon, for a thread of its own."""
        file = self.token_file or os.environ.get("CWTCH_TOKEN_FILE") or None
        return Client(self.path, self.seconds, token_file=file)

    @property
    def path(self) -> Path:
        """The daemon's socket."""
        return socket_path(self.socket, self.home, os.environ)

    def how_to_start(self) -> str:
        """The command that starts a daemon where this run looks for one."""
        if named := self.socket or os.environ.get("CWTCHD_SOCKET"):
            return f"cwtchd run --socket {shlex.quote(named)}"
        # The daemon knows $CWTCHD_HOME by itself.
        return f"cwtchd run --home {shlex.quote(self.home)}" if self.home else "cwtchd run"

    def close(self) -> None:
        """Ends the connection, if there is one."""
        if "client" in self.__dict__:
            self.client.close()

    # --- calls ---------------------------------------------------------------------------------------------------

    def call(self, method: str, /, **params: object) -> Json:
        """Calls a method; see Client.call."""
        self.asked = (method, params)
        return self.client.call(method, **params)

    def call_on_profile(self, method: str, /, **params: object) -> Json:
        """Calls a method on the profile meant."""
        return self.call(method, profile=self.profile_id(), **params)

    def show(self, result: Json, view: Callable[[], None]) -> None:
        """Prints a result: as it is with --json, else as the view does."""
        if self.json:
            self.output.json(result)
        else:
            view()

    # --- what is meant -------------------------------------------------------------------------------------------

    def profile_id(self) -> str:
        """The id of the profile that --profile names, or of the only one that is open."""
        if self.profile is not None and len(word := bare(self.profile)) == _ADDRESS_CHARACTERS:
            return word
        opened = convert(self.call("profile.list"), list[Profile])
        fitting = [each for each in opened if self.profile in (None, each.name)]
        if len(fitting) == 1:
            self.profile = fitting[0].id
            return fitting[0].id
        if not opened:
            raise Misused(
                "No profile is open: `cwtch profile unlock` opens one, `cwtch profile create NAME` makes one."
            )
        if not fitting:
            known = ", ".join(visible(each.name) for each in opened)
            raise Misused(f"No open profile is called {visible(self.profile or '')!r}: there are {known}.")
        several = ", ".join(visible(name) for name in _told_apart(fitting))
        raise Misused(f"Several profiles are open, {several}: say which one with --profile.")

    def conversation(self, word: str) -> Conversation:
        """The conversation that a word names: its id, the contact's address, or its petname."""
        every = convert(self.call_on_profile("conversation.list"), list[Conversation])
        address = bare(word)  # an empty word is nobody, also where somebody has no name yet
        fitting = [
            each for each in every if word and (word in (str(each.id), each.name) or address == each.address)
        ]
        begun = address.removesuffix("…")
        if not fitting and len(begun) >= SHORT:  # as lists show it, where they have no room
            fitting = [each for each in every if (each.address or "").startswith(begun)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            several = " and ".join(_described(each) for each in fitting)
            raise Misused(
                f"{visible(word)!r} may be {several}: give the address{'' if word.isdecimal() else ' or the id'}."
            )
        near = difflib.get_close_matches(word, [each.name for each in every if each.name], 1)
        hint = (
            f"did you mean {visible(near[0])!r}?"
            if near
            else "`cwtch conversation list` shows what there is."
        )
        raise Misused(f"No conversation has the id, address or name {visible(word)!r}: {hint}")

    def name_of(self, conversation: int) -> str:
        """What a conversation is called, for a person: its petname, or the beginning of its address."""
        if conversation not in self._names:
            try:
                found = convert(
                    self.call_on_profile("conversation.get", conversation=conversation), Conversation
                )
            except ClientError:
                return f"conversation {conversation}"  # a name is a courtesy, not worth ending for
            self._names[conversation] = called(found)
        return self._names[conversation]


def bare(address: str) -> str:
    """An address as the API has it: lower case, without `cwtch:` before or `.onion` behind."""
    return address.strip().lower().removeprefix("cwtch:").removesuffix(".onion")


def called(conversation: Conversation) -> str:
    """What a conversation is called, for a person."""
    return (
        conversation.name
        or short(conversation.address or conversation.group_id or "")
        or f"conversation {conversation.id}"
    )


def _described(conversation: Conversation) -> str:
    return f"{visible(called(conversation))!r} (id {conversation.id}, {visible(conversation.address or 'a group')})"


def _told_apart(profiles: Sequence[Profile]) -> list[str]:
    names = [each.name for each in profiles]
    return [each.name if names.count(each.name) == 1 else f"{each.name} ({each.id})" for each in profiles]

"""Servers of a FakeDaemon: made, started, stopped, deleted, without an onion or a message in them.

Rules: keys made with a password open with that alone, and what they tell is not shown until they were opened since the daemon began.
What it leaves out: a board, so the sums stay as they are put there.
"""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from cwtch_client.fake_errors import Values, invalid_settings, not_found, wrong_password
from cwtch_client.fake_values import now, onion
from cwtch_client.model import Json

_SETTINGS: Values = {
    "description": "",
    "autostart": False,
    "max_messages": 1_000_000,
    "max_mib": 4096,
    "max_hours": None,
    "onion_pow": False,
    "intro_rate": None,
    "intro_burst": None,
}
_IN_THE_CLEAR = "Its keys lie unencrypted: whoever can read this machine's disk can pose as this server."


@dataclass
class FakeHosted:
    """A server. `sums` are what `hosting.stats` shows while it runs."""

    id: str
    password: str | None = None
    settings: Values = field(default_factory=lambda: dict(_SETTINGS))
    running_since: int | None = None
    opened: bool = True
    published_since: int | None = None
    sums: Values = field(
        default_factory=lambda: dict.fromkeys(
            ("messages", "bytes", "posts", "connections", "synced", "replays", "tokens_signed"), 0
        )
    )

    @property
    def bundle(self) -> str:
        """Its bundle, which nobody signed."""
        keys = {
            "bulletin_board_onion": onion(f"board {self.id}"),
            "privacy_pass_public_key": base64.b64encode(hashlib.sha256(self.id.encode()).digest()).decode(),
            "token_service_onion": onion(f"tokens {self.id}"),
        }
        bundle = {"Keys": keys, "Signature": base64.b64encode(bytes(64)).decode()}
        return "server:" + base64.b64encode(json.dumps(bundle, separators=(",", ":")).encode()).decode()

    def shown(self) -> Values:
        """The Hosted."""
        return {
            "id": self.id,
            "state": "stopped" if self.running_since is None else "running",
            "sealed": self.password is not None,
            "warning": _IN_THE_CLEAR if self.password is None else None,
            "onion": onion(f"board {self.id}") if self.opened else None,
            "token_onion": onion(f"tokens {self.id}") if self.opened else None,
            "bundle": self.bundle if self.opened else None,
            "published_since": self.published_since,
            **self.settings,
        }


class FakeHosting:
    """All that were made; `changed` is told of each that is another now."""

    def __init__(self, changed: Callable[[Values], None]) -> None:
        self.rows: dict[str, FakeHosted] = {}
        self._changed = changed
        self._made = 0

    def create(self, params: Values) -> Values:
        """A new one, which runs where it starts by itself."""
        password = params.get("password")
        self._made += 1
        made = FakeHosted(
            hashlib.sha256(b"server %d" % self._made).hexdigest()[:32],
            password if isinstance(password, str) else None,
        )
        _set(made, {name: value for name, value in params.items() if name != "password"})
        self.rows[made.id] = made
        if made.settings["autostart"]:
            _run(made)
        return self._tell(made)

    def list(self) -> Json:
        """All of them, oldest first."""
        return [each.shown() for each in self.rows.values()]

    def get(self, params: Values) -> Values:
        """One of them."""
        return self._found(params).shown()

    def set(self, params: Values) -> Values:
        """Other settings for one."""
        found = self._found(params)
        _set(found, {name: value for name, value in params.items() if name != "id"})
        return self._tell(found)

    def start(self, params: Values) -> Values:
        """Runs one."""
        found = self._found(params)
        if found.running_since is None:
            _check(found, params)
            _run(found)
        return self._tell(found)

    def stop(self, params: Values) -> Values:
        """Runs one no more."""
        found = self._found(params)
        found.running_since = found.published_since = None
        return self._tell(found)

    def stats(self, params: Values) -> Values:
        """The sums of one."""
        found = self._found(params)
        since = found.running_since
        return {
            "id": found.id,
            "running_since": since,
            **(found.sums if since is not None else dict.fromkeys(found.sums)),
        }

    def delete(self, params: Values) -> None:
        """Removes one."""
        found = self._found(params)
        _check(found, params)
        del self.rows[found.id]

    def begin_anew(self) -> None:
        """What a daemon's end and start leave: those run that start by themselves and have their keys in the clear."""
        for each in self.rows.values():
            each.opened = each.password is None
            each.running_since = each.published_since = None
            if each.opened and each.settings["autostart"]:
                _run(each)

    def _found(self, params: Values) -> FakeHosted:
        found = self.rows.get(str(params["id"]))
        if found is None:
            raise not_found()
        return found

    def _tell(self, server: FakeHosted) -> Values:
        shown = server.shown()
        self._changed(shown)
        return shown


def _check(server: FakeHosted, params: Values) -> None:
    if server.password is not None and params.get("password") != server.password:
        raise wrong_password()


def _run(server: FakeHosted) -> None:
    server.running_since = server.published_since = now()
    server.opened = True


def _set(server: FakeHosted, changes: Values) -> None:
    settings = {**server.settings, **changes}
    rate, burst = settings["intro_rate"], settings["intro_burst"]
    if (rate is None) != (burst is None):
        raise invalid_settings()
    if isinstance(rate, int) and isinstance(burst, int) and burst < rate:
        raise invalid_settings()
    server.settings = settings

"""Tokens of a FakeDaemon: a connection that showed one may do what it is for.

Rules: too small a scope is `unauthorized`, another profile `profile_locked`, another conversation `not_found`, as the contract has it.
What it leaves out: rates, and narrowing what lists and events show.
"""

import secrets
import time

from cwtch_client.fake_errors import Values, not_found, profile_locked, unauthorized
from cwtch_client.model import Json

_SCOPES = ("read", "send", "admin")
_READING = ("discover", "status", "get", "list", "subscribe", "unsubscribe")
_ADMINISTERING = ("token", "profile", "daemon", "tor", "settings", "hosting")
_ADMINS_ONLY = ("token", "hosting")
"""Nouns of which nobody else reads anything."""


class Tokens:
    """All tokens that were made."""

    def __init__(self) -> None:
        self._rows: dict[int, Values] = {}
        self._secrets: dict[str, int] = {}

    def create(self, params: Values) -> Values:
        """A new token, with its secret."""
        number = len(self._rows) + 1
        self._rows[number] = {
            "id": number,
            "label": params.get("label", ""),
            "scope": params["scope"],
            "bound": params.get("profile") is not None,
            "profile": params.get("profile"),
            "conversations": params.get("conversations"),
            "folders": params.get("folders", []),
            "created_at": time.time_ns() // 1_000_000,
            "last_used_at": None,
        }
        secret = f"cwtchd_{number}_{secrets.token_urlsafe(32)}"
        self._secrets[secret] = number
        return {"id": number, "token": secret}

    def list(self) -> Json:
        """Those that hold."""
        return [self._rows[number] for number in self._secrets.values()]

    def revoke(self, params: Values) -> None:
        """Ends one."""
        found = [secret for secret, number in self._secrets.items() if number == params["id"]]
        if not found:
            raise not_found()
        del self._secrets[found[0]]

    def grant(self, params: Values) -> Values:
        """What the token's holder may do. Raises Refused where it is none."""
        number = self._secrets.get(str(params["token"]))
        if number is None:
            raise unauthorized()
        row = self._rows[number]
        kept = {fact: row[fact] for fact in ("scope", "bound", "profile", "conversations", "folders")}
        return {"token": number, **kept}


def check(granted: Values, method: str, params: Values) -> None:
    """Refuses what the token is not for."""
    noun, _, verb = method.partition(".")
    reading = verb in _READING and noun not in _ADMINS_ONLY
    needed = "read" if reading else "admin" if noun in _ADMINISTERING else "send"
    if _SCOPES.index(str(granted["scope"])) < _SCOPES.index(needed):
        raise unauthorized()
    if granted["bound"] and params.get("profile") not in (None, granted["profile"]):
        raise profile_locked()
    conversations, asked = granted["conversations"], params.get("conversation")
    if isinstance(conversations, list) and asked is not None and asked not in conversations:
        raise not_found()

"""Who may call what: a caller's grant, held against what a method needs before anything of the call is looked at.

Rules: too small a scope is `unauthorized` whatever the params are, so that nothing is learned of what exists. A token that is bound
sees of everything else what it would see of nothing: `profile_locked`, `not_found`. A method that has no profile among its params is
closed to bound tokens unless its table entry says that it narrows what it gives.
"""

import os.path
from collections.abc import Callable
from dataclasses import dataclass, field

from cwtchd.app.errors import LimitExceeded, NotFound, ProfileLocked, Unauthorized
from cwtchd.protocol.crypto.primitives import equal
from cwtchd.rpc import schema
from cwtchd.rpc.profile_port import ProfilePort
from cwtchd.store import messages
from cwtchd.store.api_tokens import ApiTokenRow, Scope
from cwtchd.store.database import UnitOfWork

OF_CONVERSATION = (schema.ConversationParams, schema.MessageParams)
CALLS_A_SECOND = 100
CALLS_AT_ONCE = 400
"""A token's holder may save up so many calls; the daemon's own user has no limit."""


@dataclass(frozen=True, slots=True)
class Binding:
    """What a new token is bound to: None binds to nothing."""

    profile: ProfilePort | None
    conversations: frozenset[int] | None
    folders: tuple[str, ...]


class Pace:
    """How fast the holder of one token calls, over all of its connections, until the token is revoked."""

    def __init__(self, now: Callable[[], int]) -> None:
        """`now` is in milliseconds."""
        self._now = now
        self._at = now()
        self._left = float(CALLS_AT_ONCE)
        self.last_used_at: int | None = None
        self.revoked = False

    def take(self) -> None:
        """One call. Raises LimitExceeded."""
        now = self._now()
        grown = max(0, now - self._at) * CALLS_A_SECOND / 1000
        self._at = self.last_used_at = now
        self._left = min(CALLS_AT_ONCE, self._left + grown)
        if self._left < 1:
            raise LimitExceeded(limit=CALLS_A_SECOND, size=CALLS_A_SECOND + 1)
        self._left -= 1


@dataclass(frozen=True, slots=True)
class Grant:
    """What a caller may do. `token` is None for the daemon's own user, who may do everything."""

    scope: Scope = Scope.ADMIN
    token: ApiTokenRow | None = None
    pace: Pace | None = field(default=None, repr=False)

    @property
    def bound(self) -> bool:
        """Whether it holds for one profile only."""
        return self.token is not None and self.token.profile_mark is not None

    @property
    def conversations(self) -> frozenset[int] | None:
        """The conversations that it holds for, None for all."""
        return None if self.token is None else self.token.conversations

    def check_holds(self) -> None:
        """Raises Unauthorized where the token was revoked meanwhile."""
        if self.pace is not None and self.pace.revoked:
            raise Unauthorized

    def shows(self, profile: ProfilePort) -> bool:
        """Whether this profile is there for the caller."""
        if self.token is None or self.token.profile_mark is None:
            return True
        return equal(profile.mark(self.token.secret_hash), self.token.profile_mark)

    def may_use(self, path: str) -> bool:
        """Whether a file of this path may be read or written: a token's holder may use only what lies below its folders."""
        if self.token is None:
            return True
        real = os.path.realpath(path)
        return any(
            os.path.commonpath((real, os.path.realpath(folder))) == os.path.realpath(folder)
            for folder in self.token.folders
        )


OWNER = Grant()
"""The daemon's own user, on the socket."""


class Caller:
    """One connection's standing: None until a token is shown; it can be narrowed once."""

    def __init__(self, grant: Grant | None) -> None:
        self.grant = grant
        self.deciding = False
        """a token was shown and is being looked up: what was sent behind it waits"""
        self.attempting = False
        """a password is being tried, or waits to be"""

    def holds_to(self, token: int) -> bool:
        """Whether it is this token that lets the caller call."""
        return self.grant is not None and self.grant.token is not None and self.grant.token.id == token

    def narrow(self, grant: Grant) -> None:
        """Holds to the token's grant from now on. Raises Unauthorized where it holds to one already."""
        if self.grant is not None and self.grant.token is not None:
            raise Unauthorized
        self.grant = grant


@dataclass(frozen=True, slots=True)
class Need:
    """What a method asks of its caller. `narrows`: what it gives is narrowed to what the caller's token shows."""

    scope: Scope | None
    """None: anybody may call it"""
    narrows: bool
    params: type[schema.Params]

    def check(self, grant: Grant | None) -> None:
        """Refuses who may not call the method, whatever its params are. Raises Unauthorized, LimitExceeded."""
        if self.scope is None:
            return
        if grant is None:
            raise Unauthorized
        grant.check_holds()
        if grant.pace is not None:
            grant.pace.take()
        if not grant.scope.covers(self.scope):
            raise Unauthorized
        if grant.token is None:
            return
        if grant.bound and not (self.narrows or issubclass(self.params, schema.ProfileParams)):
            raise Unauthorized
        if grant.conversations is not None and not (self.narrows or issubclass(self.params, OF_CONVERSATION)):
            raise Unauthorized


def check_params(grant: Grant | None, profile: ProfilePort | None, params: schema.Params) -> None:
    """Refuses what the token is not bound to, as if it were not there. Raises ProfileLocked, NotFound, Unauthorized."""
    if grant is None or grant.token is None:
        return
    grant.check_holds()
    if profile is not None and not grant.shows(profile):
        raise ProfileLocked
    if (
        grant.conversations is not None
        and isinstance(params, schema.ConversationParams)
        and params.conversation not in grant.conversations
    ):
        raise NotFound
    path = getattr(params, "path", None)
    if path is not None and not grant.may_use(path):
        raise Unauthorized


def check_in_turn(grant: Grant | None, uow: UnitOfWork, params: schema.Params) -> None:
    """Refuses, when a unit's turn has come, a token that was revoked meanwhile, and a message that it is not bound to.

    Raises Unauthorized, NotFound.
    """
    if grant is None:
        return
    grant.check_holds()
    if grant.conversations is None or not isinstance(params, schema.MessageParams):
        return
    found = messages.get(uow, params.message)
    if found is None or found.conversation not in grant.conversations:
        raise NotFound

"""server.*: the servers that a profile uses."""

from typing import cast

from twisted.internet.defer import Deferred

from cwtchd.app import servers
from cwtchd.app.effects import Outcome
from cwtchd.app.errors import (
    InvalidBundle,
    LimitExceeded,
    NotFound,
    OtherKeys,
    ProfileLocked,
    ServerUnreachable,
    StorageFailed,
)
from cwtchd.rpc import present, schema
from cwtchd.rpc.methods.registry import Methods, OnProfile, Session
from cwtchd.rpc.methods.samples import ALICE, SERVER
from cwtchd.rpc.profile_port import ProfilePort
from cwtchd.rpc.server_schema import Bundle, Server, ServerParams
from cwtchd.store.api_tokens import Scope
from cwtchd.store.database import UnitOfWork
from cwtchd.store.servers import ServerRow

methods = Methods()
ONE = ServerParams(profile=ALICE, server=1)


class Add(schema.ProfileParams, frozen=True, kw_only=True):
    """A server's bundle."""

    bundle: Bundle


@methods.on_profile(
    "server.add",
    Scope.ADMIN,
    InvalidBundle,
    OtherKeys,
    LimitExceeded,
    example=(Add(profile=ALICE, bundle=SERVER.bundle), SERVER),
)
def add(on: OnProfile, uow: UnitOfWork, params: Add) -> Outcome[Server]:
    """Uses a server from now on: its keys are trusted as they are now, and must never change. Tokens are bought at once.

    The same bundle again is the server that is there already; one with other keys is refused, and kept as proof.
    """
    added = servers.add(uow, params.bundle)
    return Outcome(_shown(on, added.value), added.effects, refusal=added.refusal)


@methods.on_profile(
    "server.list", Scope.READ, narrows=True, example=(schema.ProfileParams(profile=ALICE), [SERVER])
)
def list_(on: OnProfile, uow: UnitOfWork, params: schema.ProfileParams) -> Outcome[list[Server]]:  # noqa: ARG001 - the profile is found by it
    """Lists the servers that the profile uses; whose token is for some conversations only is shown none."""
    return Outcome([_shown(on, row) for row in servers.listed(uow)] if on.only is None else [])


@methods.on_profile("server.get", Scope.READ, NotFound, narrows=True, example=(ONE, SERVER))
def get(on: OnProfile, uow: UnitOfWork, params: ServerParams) -> Outcome[Server]:
    """Shows a server that the profile uses."""
    if on.only is not None:
        raise NotFound
    return Outcome(_shown(on, servers.get(uow, params.server)))


@methods.on_profile("server.remove", Scope.ADMIN, NotFound, example=(ONE, None))
def remove(on: OnProfile, uow: UnitOfWork, params: ServerParams) -> Outcome[None]:  # noqa: ARG001 - it shows nothing
    """Uses a server no more: its tokens, and what waits to be posted there, are gone."""
    return servers.remove(uow, params.server)


@methods.on_loop(
    "server.sync",
    Scope.ADMIN,
    NotFound,
    ServerUnreachable,
    ProfileLocked,
    StorageFailed,
    example=(ONE, SERVER),
)
def sync(session: Session, params: ServerParams) -> "Deferred[Server]":
    """Answers once everything that the server stores was received; where a session goes on already, that is at its end.

    An attempt that does not come off is `server_unreachable`; it is made again all the same, later.
    """
    port = session.daemon.open_profile(params.profile)
    if port is None:
        raise ProfileLocked
    return port.sync_server(params.server).addCallback(lambda _: _read(port, params.server))


def _shown(on: OnProfile, row: ServerRow) -> Server:
    return present.server(row, on.servers.get(row.id))


def _read(port: ProfilePort, server: int) -> "Deferred[Server]":
    """The server as it is stored now."""
    read: Deferred[Server] = Deferred()

    def done(outcome: Outcome[object] | Exception) -> None:
        if isinstance(outcome, Exception):
            read.errback(outcome)
        else:
            read.callback(present.server(cast("ServerRow", outcome.value), port.servers.get(server)))

    port.run(lambda uow: Outcome(servers.get(uow, server)), done)
    return read

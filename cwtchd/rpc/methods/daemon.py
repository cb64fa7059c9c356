"""daemon.* and tor.*: how the daemon and its Tor stand."""

import os

from twisted.internet.defer import Deferred

from cwtchd.app.errors import TorUnavailable
from cwtchd.rpc import present, schema
from cwtchd.rpc.methods.registry import Methods, Session, shown
from cwtchd.rpc.methods.samples import HEALTH, THEN, TOR
from cwtchd.store.api_tokens import Scope

methods = Methods()

_REPORT = schema.DaemonReport(version="0.1.0", pid=4711, uptime=60_000, now=THEN, tor=TOR, profiles=[HEALTH])


@methods.on_loop("daemon.status", Scope.READ, narrows=True, example=(schema.NoParams(), _REPORT))
def status(session: Session, params: schema.NoParams) -> schema.DaemonReport:  # noqa: ARG001 - it takes nothing
    """Says what the daemon is doing, and when Tor, each profile's own onion and each contact's path were last proved to work."""
    daemon, grant = session.daemon, session.caller.grant
    only = None if grant is None else grant.conversations
    profiles = [present.health(port, only) for port in shown(session)]
    return schema.DaemonReport(
        version=daemon.version,
        pid=os.getpid(),
        uptime=daemon.uptime,
        now=daemon.now,
        tor=present.tor(daemon.tor_status, profiles),
        profiles=profiles,
    )


@methods.on_loop("daemon.shutdown", Scope.ADMIN, example=(schema.NoParams(), None))
def shutdown(session: Session, params: schema.NoParams) -> None:  # noqa: ARG001 - it takes nothing
    """Ends the daemon, and the tor that it started."""
    session.daemon.shut_down()


@methods.on_loop("tor.status", Scope.READ, narrows=True, example=(schema.NoParams(), TOR))
def tor_status(session: Session, params: schema.NoParams) -> schema.TorReport:  # noqa: ARG001 - it takes nothing
    """Says how Tor stands, with bootstrap progress."""
    return present.tor(session.daemon.tor_status)


@methods.on_loop("tor.reset", Scope.ADMIN, TorUnavailable, example=(schema.NoParams(), None))
def tor_reset(session: Session, params: schema.NoParams) -> "Deferred[None]":  # noqa: ARG001 - it takes nothing
    """Asks Tor for new circuits for everything that is dialled from now on."""
    return session.daemon.reset_tor()

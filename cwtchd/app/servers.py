"""The servers that a profile uses: trusted on first use, never allowed to change their keys, caught where they lie.

What is received from them is decided in `server_sync`, tokens in `wallet`, posts in `posts`.
"""

from collections.abc import Sequence

from cwtchd.app import anchors
from cwtchd.app.effects import LookAtServers, Outcome
from cwtchd.app.errors import BareAddress, ChangedBundle, InvalidBundle, LimitExceeded, NotFound, OtherKeys
from cwtchd.app.server_clocks import FIRST_BATCHES
from cwtchd.protocol import errors as protocol_errors
from cwtchd.protocol.crypto.onion import parse_onion
from cwtchd.protocol.model import KeyBundle
from cwtchd.protocol.wire.bundle import decode_bundle, encode_bundle
from cwtchd.store import events, servers
from cwtchd.store.database import UnitOfWork
from cwtchd.store.events import EventType
from cwtchd.store.servers import Fault, NewServer, ServerRow

SERVERS_MOST = 32
"""So many servers may a profile use: each has its sessions, circuits and purchases, all the time."""

BUNDLE_LONGEST = 16 << 10
"""Characters of a bundle with an invite, as people hand them on; real ones have about a thousand."""

_TOFU = "tofubundle:"
_SERVER = "server:"
_BETWEEN = "||"
_ADDRESS = "cwtch:"


def add(uow: UnitOfWork, text: str) -> Outcome[ServerRow]:
    """Trusts a server as its bundle says (wire-server §1.2, §1.3); the same again is what is there already.

    A bundle that contradicts the first in a key that must never change is refused as OtherKeys, in the outcome: the signed proof is kept,
    and nothing more is posted there (extensions 4.4). Nothing else of the server is altered.
    Raises InvalidBundle (BareAddress, ChangedBundle), LimitExceeded.
    """
    bundle = _read(text)
    known = servers.of(uow, bundle.server)
    if known is None:
        return Outcome(_trust(uow, bundle), (LookAtServers(),))
    first = decode_bundle(known.bundle)
    changed = _changed(first, bundle)
    if not changed:
        return Outcome(known)
    if anchors.key_id(bundle) == known.key_id:
        raise ChangedBundle(server=known.id, changed=changed)
    servers.keep_evidence(uow, known.id, encode_bundle(bundle))
    fault(uow, known.id, Fault.OTHER_KEYS)
    return Outcome(known, (LookAtServers(),), refusal=OtherKeys(server=known.id, changed=changed))


def _read(text: str) -> KeyBundle:
    if len(text) > BUNDLE_LONGEST:
        raise InvalidBundle
    parts = text.strip().removeprefix(_TOFU).split(_BETWEEN)
    bundle = next((part for part in parts if part.startswith(_SERVER)), None)
    if bundle is None:
        _refuse_address(parts[0])
        raise InvalidBundle
    try:
        return decode_bundle(bundle)
    except protocol_errors.InvalidBundle:
        raise InvalidBundle from None


def _refuse_address(text: str) -> None:
    try:
        parse_onion(text.removeprefix(_ADDRESS).removesuffix(".onion").lower())
    except protocol_errors.InvalidOnion:
        return
    raise BareAddress


def _changed(first: KeyBundle, second: KeyBundle) -> str:
    """Which keys that both have differ, by their names on the wire; what only one of them has contradicts nothing."""
    names = []
    if first.token_service != second.token_service:
        names.append("token_service_onion")
    if first.token_key != second.token_key:
        names.append("privacy_pass_public_key")
    before = dict(first.extra)
    if any(before.get(name, value) != value for name, value in second.extra):
        names.append("other")  # its name is the server's own text
    return ", ".join(names)


def _trust(uow: UnitOfWork, bundle: KeyBundle) -> ServerRow:
    if servers.count(uow) >= SERVERS_MOST:
        raise LimitExceeded(limit=SERVERS_MOST, size=SERVERS_MOST + 1)
    new = NewServer(
        onion=bundle.server,
        token_service=bundle.token_service,
        token_key=bundle.token_key,
        key_id=anchors.key_id(bundle),
        bundle=encode_bundle(bundle),
    )
    server = servers.create(uow, new, FIRST_BATCHES)
    events.append(uow, EventType.SERVER_CHANGED, server=server)
    return get(uow, server)


def get(uow: UnitOfWork, server: int) -> ServerRow:
    """The server of this id. Raises NotFound."""
    found = servers.get(uow, server)
    if found is None:
        raise NotFound
    return found


def listed(uow: UnitOfWork) -> Sequence[ServerRow]:
    """Every server, oldest first."""
    return servers.listed(uow)


def remove(uow: UnitOfWork, server: int) -> Outcome[None]:
    """Forgets a server with its tokens, posts, rows and what it was caught at. Raises NotFound."""
    get(uow, server)
    servers.remove(uow, server)
    events.append(uow, EventType.SERVER_CHANGED, server=server)
    return Outcome(None, (LookAtServers(),))


def want(uow: UnitOfWork, server: int, wanted: bool) -> Outcome[ServerRow]:
    """Whether the server is to be connected to, bought from and posted to. Raises NotFound."""
    if get(uow, server).wanted != wanted:
        servers.change(uow, server, wanted=int(wanted))
        events.append(uow, EventType.SERVER_CHANGED, server=server)
    return Outcome(get(uow, server), (LookAtServers(),))


def fault(uow: UnitOfWork, server: int, caught: Fault) -> Outcome[None]:
    """Names what a server was caught at; told the first time of each kind. One that is gone has no faults."""
    if servers.get(uow, server) is not None and servers.add_fault(uow, server, caught):
        events.append(uow, EventType.SERVER_CHANGED, server=server)
    return Outcome(None)

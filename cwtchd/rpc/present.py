"""From rows to what the API shows. Runs on a Ledger's thread, in the unit that read the rows."""

from collections.abc import Iterable
from itertools import islice
from typing import cast

from cwtchd.protocol.model import ConnectionState, Onion
from cwtchd.rpc import schema
from cwtchd.rpc.access import Grant
from cwtchd.rpc.presence import ContactPresence, Presence, ServerPresence
from cwtchd.rpc.profile_port import ProfilePort
from cwtchd.rpc.server_schema import Server, ServerConnection
from cwtchd.store.api_tokens import ApiTokenRow
from cwtchd.store.contacts import ConversationRow
from cwtchd.store.events import Only
from cwtchd.store.messages import MessageRow, MessageState
from cwtchd.store.profiles import ProfileRow
from cwtchd.store.servers import ServerRow
from cwtchd.tor.interface import TorStatus

_CONNECTING = (ConnectionState.CONNECTING, ConnectionState.CONNECTED)
PATHS_SHOWN = 200
"""So many contacts' paths stand in a daemon's report, so that it fits a line however many there are."""


def tor(status: TorStatus, profiles: Iterable[schema.ProfileHealth] = ()) -> schema.TorReport:
    """Tor's standing; what came through it to one of these profiles is proof as well."""
    proofs = [status.last_proof_at]
    for each in profiles:
        proofs += [each.self_dial.last_proof_at, *(path.last_proof_at for path in each.contacts)]
    return schema.TorReport(
        state=status.state.value,
        progress=status.progress,
        summary=status.summary,
        since=status.since,
        version=status.version,
        warning=status.warning,
        last_proof_at=max((at for at in proofs if at is not None), default=None),
    )


def profile(port: ProfilePort) -> schema.Profile:
    """An open profile."""
    return schema.Profile(
        id=port.onion,
        name=port.name,
        created_at=port.created_at,
        published_since=port.published_since,
        autostart=port.autostart,
    )


def stored_profile(row: ProfileRow, published_since: int | None) -> schema.Profile:
    """The same from its row."""
    return schema.Profile(
        id=row.identity.onion,
        name=row.name,
        created_at=row.created_at,
        published_since=published_since,
        autostart=row.autostart,
    )


def health(port: ProfilePort, only: Only = None) -> schema.ProfileHealth:
    """Whether an open profile can be reached and reaches others: of these conversations, None for all."""
    dialled = port.self_dial
    shown = port.paths if only is None else paths(port.presence, only)
    return schema.ProfileHealth(
        id=port.onion,
        name=port.name,
        published_since=port.published_since,
        self_dial=schema.SelfDial(
            last_proof_at=dialled.last_proof_at,
            last_failure=dialled.last_failure,
            next_at=dialled.next_at,
        ),
        contacts=shown[:PATHS_SHOWN],
        more_contacts=len(shown) > PATHS_SHOWN,
    )


def paths(presence: Presence, only: Only = None) -> list[schema.ContactPath]:
    """The ways to these contacts, to one more than are shown."""
    every = ((number, each) for number, each in presence.items() if only is None or number in only)
    return [
        schema.ContactPath(
            conversation=number,
            state=each.state.value,
            since=each.since or None,
            last_proof_at=each.last_proof_at,
            next_dial_at=each.next_dial_at,
            last_failure=each.last_failure,
        )
        for number, each in islice(every, PATHS_SHOWN + 1)
    ]


def granted(grant: Grant, profiles: Iterable[ProfilePort]) -> schema.Granted:
    """What a connection that holds to a token may do."""
    row = _row_of(grant)
    return schema.Granted(
        token=row.id,
        scope=row.scope,
        bound=grant.bound,
        profile=_bound_to(grant, profiles),
        conversations=None if row.conversations is None else sorted(row.conversations),
        folders=list(row.folders),
    )


def api_token(grant: Grant, profiles: Iterable[ProfilePort]) -> schema.ApiToken:
    """A token in a list of them."""
    row = _row_of(grant)
    return schema.ApiToken(
        id=row.id,
        label=row.label,
        scope=row.scope,
        bound=grant.bound,
        profile=_bound_to(grant, profiles),
        conversations=None if row.conversations is None else sorted(row.conversations),
        folders=list(row.folders),
        created_at=row.created_at,
        last_used_at=None if grant.pace is None else grant.pace.last_used_at,
    )


def _row_of(grant: Grant) -> ApiTokenRow:
    assert grant.token is not None
    return grant.token


def _bound_to(grant: Grant, profiles: Iterable[ProfilePort]) -> Onion | None:
    if not grant.bound:
        return None
    return next((profile.onion for profile in profiles if grant.shows(profile)), None)


def connection(presence: ContactPresence | None) -> schema.ContactConnection:
    """A contact's connection; one that was not reached for is disconnected."""
    if presence is None:
        presence = ContactPresence(ConnectionState.DISCONNECTED, 0)
    return schema.ContactConnection(
        state=presence.state.value,
        since=presence.since or None,
        last_proof_at=presence.last_proof_at,
        next_dial_at=presence.next_dial_at,
        last_failure=presence.last_failure,
    )


def conversation(row: ConversationRow, presence: Presence) -> schema.Conversation:
    """A conversation with a contact."""
    return schema.Conversation(
        id=row.id,
        kind="contact",
        address=row.address,
        name=row.name,
        state="blocked" if row.blocked else "accepted" if row.accepted else "pending",
        unread=row.unread,
        created_at=row.created_at,
        last_message_at=row.last_message_at,
        connection=connection(presence.get(row.id)),
        acl=schema.Acl(
            blocked=row.blocked,
            read=not row.blocked,
            append=not row.blocked,
            auto_connect=row.accepted and not row.blocked,
        ),
        attributes={},
    )


def message(row: MessageRow, own: Onion, peer: Onion, presence: Presence) -> schema.Message:
    """A message; `raw` stands in for the text that its overlay doesn't have."""
    return schema.Message(
        id=row.id,
        conversation=row.conversation,
        author=own if row.outgoing else peer,
        outgoing=row.outgoing,
        sent_at=row.sent_at if row.outgoing else row.received_at,
        received_at=row.received_at,
        overlay=row.overlay,
        text=row.text,
        raw=row.body.decode("utf-8", "replace") if row.text is None else None,
        reply_to=row.reply_to,
        state=cast("schema.MessageWord", row.state),  # an enumeration's `value` costs more than all of this
        error=row.error,
        delivery=_delivery(row, presence.get(row.conversation)) if row.outgoing else None,
    )


def server_connection(presence: ServerPresence | None) -> ServerConnection:
    """A server's session; one that is not wanted has none."""
    presence = presence or ServerPresence(0)
    return ServerConnection(
        state=presence.state.value,
        since=presence.since or None,
        received=presence.received,
        announced=presence.announced,
        next_try_at=presence.next_try_at,
        last_failure=presence.last_failure,
        work_tried=presence.work_tried,
    )


def server(row: ServerRow, presence: ServerPresence | None) -> Server:
    """A server that the profile uses."""
    connected = server_connection(presence)
    return Server(
        id=row.id,
        onion=row.onion,
        token_onion=row.token_service,
        bundle=row.bundle,
        state=connected.state,
        connection=connected,
        added_at=row.added_at,
        last_synced_at=row.last_synced_at,
        messages=row.rows,
        tokens=row.tokens,
        waiting=row.waiting_posts,
        distrusted=row.distrusted,
        faults=[fault.value for fault in row.faults],
    )


ESCAPED = 6
"""A byte of text takes at most so many in JSON."""
AROUND_A_TEXT = 1024
"""What else stands in a message takes less."""


def most_bytes(row: MessageRow) -> int:
    """More than a message's JSON can have, without making it."""
    return ESCAPED * len(row.body) + AROUND_A_TEXT


def _delivery(row: MessageRow, presence: ContactPresence | None) -> schema.Delivery:
    state = row.state
    waits = state is MessageState.QUEUED or state is MessageState.SENT
    connecting = presence is not None and presence.state in _CONNECTING
    step = "connecting" if state is MessageState.QUEUED and connecting else state
    return schema.Delivery(
        step=cast("schema.DeliveryStep", step),
        reason=row.error or (presence.last_failure if waits and presence is not None else None),
        attempts=row.attempts,
        next_try=presence.next_dial_at if waits and presence is not None else None,
        witnessed=None,
        of=None,
    )

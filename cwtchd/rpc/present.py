"""From rows to what the API shows. Runs on a Ledger's thread, in the unit that read the rows."""

from typing import cast

from cwtchd.protocol.model import ConnectionState, Onion
from cwtchd.rpc import schema
from cwtchd.rpc.ports import ProfilePort
from cwtchd.rpc.presence import ContactPresence, Presence
from cwtchd.store import contacts, messages
from cwtchd.store.contacts import ConversationRow
from cwtchd.store.database import UnitOfWork
from cwtchd.store.events import EventRow
from cwtchd.store.messages import MessageRow, MessageState
from cwtchd.tor.interface import TorStatus


def tor(status: TorStatus) -> schema.TorReport:
    """Tor's standing."""
    return schema.TorReport(
        state=status.state.value,
        progress=status.progress,
        summary=status.summary,
        since=status.since,
        version=status.version,
        warning=status.warning,
    )


def profile(port: ProfilePort) -> schema.Profile:
    """An open profile."""
    return schema.Profile(
        id=port.onion, name=port.name, created_at=port.created_at, published_since=port.published_since
    )


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
        state=row.state.value,
        error=row.error,
        delivery=_delivery(row, presence.get(row.conversation)) if row.outgoing else None,
    )


def _delivery(row: MessageRow, presence: ContactPresence | None) -> schema.Delivery:
    waits = row.state in (MessageState.QUEUED, MessageState.SENT)
    connecting = presence is not None and presence.state in (
        ConnectionState.CONNECTING,
        ConnectionState.CONNECTED,
    )
    step = "connecting" if row.state is MessageState.QUEUED and connecting else row.state.value
    return schema.Delivery(
        step=cast("schema.DeliveryStep", step),
        reason=row.error or (presence.last_failure if waits and presence is not None else None),
        attempts=row.attempts,
        next_try=presence.next_dial_at if waits and presence is not None else None,
        witnessed=None,
        of=None,
    )


def event_data(
    uow: UnitOfWork, row: EventRow, own: Onion, presence: Presence
) -> (
    schema.Message | schema.Conversation | schema.DeletedMessage | schema.DeletedConversation | schema.Nothing
):
    """What a row of the log tells, built now from what is there now."""
    known = None if row.conversation is None else contacts.get(uow, row.conversation)
    if row.message is not None:
        found = messages.get(uow, row.message)
        if found is None or known is None:
            return schema.DeletedMessage(message=row.message)
        return message(found, own, known.address, presence)
    if row.conversation is not None:
        if known is None:
            return schema.DeletedConversation(conversation=row.conversation)
        return conversation(known, presence)
    return schema.Nothing()

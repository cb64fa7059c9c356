"""message.*: sent, listed, shown, tried again."""

from typing import Annotated

import msgspec
from msgspec import Meta

from cwtchd.app import contacts, messages
from cwtchd.app.effects import Outcome
from cwtchd.app.errors import AlreadyExists, Blocked, LimitExceeded, MessageTooLarge, NotAccepted, NotFound
from cwtchd.protocol.model import Onion
from cwtchd.rpc import follow, present, schema
from cwtchd.rpc.methods.registry import Methods, OnProfile
from cwtchd.rpc.methods.samples import ALICE, MESSAGE
from cwtchd.store.api_tokens import Scope
from cwtchd.store.database import UnitOfWork
from cwtchd.store.messages import MessageRow

methods = Methods()

DEFAULT_PAGE = 50
ONE = schema.MessageParams(profile=ALICE, message=7)


class Send(schema.ConversationParams, frozen=True, kw_only=True):
    """A text for a conversation."""

    text: str
    reply_to: Annotated[schema.MessageId | None, Meta(description="the message that it answers")] = None
    client_id: Annotated[
        Annotated[str, Meta(min_length=1, max_length=128)] | None,
        Meta(description="the client's own name for it: sent again after a lost reply, it is stored once"),
    ] = None


class Page(schema.ConversationParams, frozen=True, kw_only=True):
    """A page of a conversation."""

    before: Annotated[
        schema.MessageId | None, Meta(description="only what stands before it; null: the newest")
    ] = None
    limit: schema.PageLimit = DEFAULT_PAGE


def _peer(on: OnProfile, uow: UnitOfWork, row: MessageRow) -> Onion:
    return (
        on.own if row.outgoing else contacts.address(uow, row.conversation)
    )  # nothing shows the peer of ours


def _shown(on: OnProfile, uow: UnitOfWork, outcome: Outcome[MessageRow]) -> Outcome[schema.Message]:
    row = outcome.value
    return Outcome(present.message(row, on.own, _peer(on, uow, row), on.presence), outcome.effects)


@methods.on_profile(
    "message.send",
    Scope.SEND,
    NotFound,
    AlreadyExists,
    Blocked,
    NotAccepted,
    MessageTooLarge,
    LimitExceeded,
    example=(Send(profile=ALICE, conversation=1, text="hello, may I?"), MESSAGE),
)
def send(on: OnProfile, uow: UnitOfWork, params: Send) -> Outcome[schema.Message]:
    """Queues a text, durably: it is sent when the contact is there, however long that takes."""
    sent = messages.send(uow, on.own, params.conversation, params.text, params.reply_to, params.client_id)
    return _shown(on, uow, sent)


@methods.on_profile(
    "message.list",
    Scope.READ,
    NotFound,
    example=(Page(profile=ALICE, conversation=1), schema.MessagePage(messages=[MESSAGE], more=False)),
)
def list_(on: OnProfile, uow: UnitOfWork, params: Page) -> Outcome[schema.MessagePage]:
    """Shows a page of a conversation, oldest first; the newest page where `before` is not given."""
    peer, rows = messages.page(uow, params.conversation, params.before, params.limit)
    shown = [present.message(row, on.own, peer, on.presence) for row in rows[: params.limit]]
    if sum(present.most_bytes(row) for row in rows) > follow.PAGE_BYTES:
        shown = _cut(shown)
    return Outcome(schema.MessagePage(messages=shown[::-1], more=len(rows) > len(shown)))


def _cut(shown: list[schema.Message]) -> list[schema.Message]:
    """As many of them as fit a line."""
    size = 0
    for fitting, message in enumerate(shown):
        size += len(msgspec.json.encode(message)) + 1
        if size > follow.PAGE_BYTES:
            return shown[:fitting]
    return shown


@methods.on_profile("message.get", Scope.READ, NotFound, example=(ONE, MESSAGE))
def get(on: OnProfile, uow: UnitOfWork, params: schema.MessageParams) -> Outcome[schema.Message]:
    """Shows a message."""
    return _shown(on, uow, Outcome(messages.get(uow, params.message)))


@methods.on_profile("message.retry", Scope.SEND, NotFound, Blocked, LimitExceeded, example=(ONE, MESSAGE))
def retry(on: OnProfile, uow: UnitOfWork, params: schema.MessageParams) -> Outcome[schema.Message]:
    """Queues a failed message again; for one that waits, dials its contact at once."""
    return _shown(on, uow, messages.retry(uow, params.message))

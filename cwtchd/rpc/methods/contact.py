"""contact.*: wanted, accepted, rejected, blocked."""

from typing import Annotated

from msgspec import Meta

from cwtchd.app import contacts
from cwtchd.app.effects import Outcome
from cwtchd.app.errors import AlreadyExists, InvalidAddress, LimitExceeded, MessageTooLarge, NotFound
from cwtchd.rpc import present, schema
from cwtchd.rpc.methods.registry import Methods, OnProfile
from cwtchd.rpc.methods.samples import ALICE, BOB, CONVERSATION
from cwtchd.store.api_tokens import Scope
from cwtchd.store.contacts import ConversationRow
from cwtchd.store.database import UnitOfWork

methods = Methods()

ONE = schema.ConversationParams(profile=ALICE, conversation=1)


class Add(schema.ProfileParams, frozen=True, kw_only=True):
    """Somebody's address, with what to call them and a greeting."""

    address: Annotated[
        str, Meta(max_length=1024, description="56 characters, with or without cwtch: before them")
    ]
    name: schema.Name = ""
    message: Annotated[str | None, Meta(description="a greeting, sent as the first message")] = None


class Set(schema.ConversationParams, frozen=True, kw_only=True):
    """What is to be another."""

    name: schema.Name


def shown(on: OnProfile, outcome: Outcome[ConversationRow]) -> Outcome[schema.Conversation]:
    """A decision's row as the API shows it, with the decision's effects."""
    return Outcome(present.conversation(outcome.value, on.presence), outcome.effects)


@methods.on_profile(
    "contact.add",
    Scope.SEND,
    InvalidAddress,
    AlreadyExists,
    MessageTooLarge,
    LimitExceeded,
    example=(Add(profile=ALICE, address=BOB, name="bob", message="hello, may I?"), CONVERSATION),
)
def add(on: OnProfile, uow: UnitOfWork, params: Add) -> Outcome[schema.Conversation]:
    """Adds a contact and reaches for it; a request of theirs that waits is accepted by it."""
    return shown(on, contacts.add(uow, on.own, params.address, params.name, params.message))


@methods.on_profile(
    "contact.list", Scope.READ, narrows=True, example=(schema.ProfileParams(profile=ALICE), [CONVERSATION])
)
def list_(
    on: OnProfile,
    uow: UnitOfWork,
    params: schema.ProfileParams,  # noqa: ARG001 - the profile is all there is to say
) -> Outcome[list[schema.Conversation]]:
    """Lists all conversations with contacts: accepted, pending and blocked."""
    seen = [row for row in contacts.listed(uow) if on.only is None or row.id in on.only]
    return Outcome([present.conversation(row, on.presence) for row in seen])


@methods.on_profile("contact.get", Scope.READ, NotFound, example=(ONE, CONVERSATION))
def get(on: OnProfile, uow: UnitOfWork, params: schema.ConversationParams) -> Outcome[schema.Conversation]:
    """Shows a conversation with a contact."""
    return shown(on, Outcome(contacts.get(uow, params.conversation)))


@methods.on_profile("contact.accept", Scope.SEND, NotFound, example=(ONE, CONVERSATION))
def accept(on: OnProfile, uow: UnitOfWork, params: schema.ConversationParams) -> Outcome[schema.Conversation]:
    """Says yes to a request; from now on both can write."""
    return shown(on, contacts.accept(uow, params.conversation))


@methods.on_profile(
    "contact.set",
    Scope.SEND,
    NotFound,
    example=(Set(profile=ALICE, conversation=1, name="bob"), CONVERSATION),
)
def set_(on: OnProfile, uow: UnitOfWork, params: Set) -> Outcome[schema.Conversation]:
    """Calls a contact something else; only this side sees the name."""
    return shown(on, contacts.rename(uow, params.conversation, params.name))


@methods.on_profile("contact.reject", Scope.SEND, NotFound, AlreadyExists, example=(ONE, None))
def reject(
    on: OnProfile,  # noqa: ARG001 - every method has the same shape
    uow: UnitOfWork,
    params: schema.ConversationParams,
) -> Outcome[None]:
    """Deletes a request with its messages; that address may ask again after 24 hours."""
    return contacts.reject(uow, params.conversation)


@methods.on_profile("contact.block", Scope.SEND, NotFound, example=(ONE, CONVERSATION))
def block(on: OnProfile, uow: UnitOfWork, params: schema.ConversationParams) -> Outcome[schema.Conversation]:
    """Turns a contact away until it is unblocked; what was said stays."""
    return shown(on, contacts.block(uow, params.conversation))


@methods.on_profile("contact.unblock", Scope.SEND, NotFound, example=(ONE, CONVERSATION))
def unblock(
    on: OnProfile, uow: UnitOfWork, params: schema.ConversationParams
) -> Outcome[schema.Conversation]:
    """Lets a blocked contact be again what it was before."""
    return shown(on, contacts.unblock(uow, params.conversation))

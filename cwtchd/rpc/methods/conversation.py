"""conversation.*: what contacts and, one day, groups have in common."""

from cwtchd.app import contacts
from cwtchd.app.effects import Outcome
from cwtchd.app.errors import NotFound
from cwtchd.rpc import present, schema
from cwtchd.rpc.methods.contact import ONE, shown
from cwtchd.rpc.methods.registry import Methods, OnProfile
from cwtchd.rpc.methods.samples import ALICE, CONVERSATION
from cwtchd.store.database import UnitOfWork

methods = Methods()


@methods.on_profile("conversation.list", example=(schema.ProfileParams(profile=ALICE), [CONVERSATION]))
def list_(
    on: OnProfile,
    uow: UnitOfWork,
    params: schema.ProfileParams,  # noqa: ARG001 - the profile is all there is to say
) -> Outcome[list[schema.Conversation]]:
    """Lists all conversations."""
    return Outcome([present.conversation(row, on.presence) for row in contacts.listed(uow)])


@methods.on_profile("conversation.get", NotFound, example=(ONE, CONVERSATION))
def get(on: OnProfile, uow: UnitOfWork, params: schema.ConversationParams) -> Outcome[schema.Conversation]:
    """Shows a conversation."""
    return shown(on, Outcome(contacts.get(uow, params.conversation)))


@methods.on_profile("conversation.mark_read", NotFound, example=(ONE, CONVERSATION))
def mark_read(
    on: OnProfile, uow: UnitOfWork, params: schema.ConversationParams
) -> Outcome[schema.Conversation]:
    """Marks all of a conversation read."""
    return shown(on, contacts.mark_read(uow, params.conversation))

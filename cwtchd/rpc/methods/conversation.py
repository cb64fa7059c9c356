"""conversation.*: what contacts and, one day, groups have in common."""

from cwtchd.app import contacts
from cwtchd.app.effects import Outcome
from cwtchd.app.errors import NotFound
from cwtchd.rpc import schema
from cwtchd.rpc.methods import contact
from cwtchd.rpc.methods.contact import ONE, shown
from cwtchd.rpc.methods.registry import Methods, OnProfile
from cwtchd.rpc.methods.samples import ALICE, CONVERSATION
from cwtchd.store.api_tokens import Scope
from cwtchd.store.database import UnitOfWork

methods = Methods()

# Every conversation is one with a contact so far: the same functions under the other name.
methods.on_profile(
    "conversation.list",
    Scope.READ,
    narrows=True,
    example=(schema.ProfileParams(profile=ALICE), [CONVERSATION]),
)(contact.list_)
methods.on_profile("conversation.get", Scope.READ, NotFound, example=(ONE, CONVERSATION))(contact.get)


@methods.on_profile("conversation.mark_read", Scope.SEND, NotFound, example=(ONE, CONVERSATION))
def mark_read(
    on: OnProfile, uow: UnitOfWork, params: schema.ConversationParams
) -> Outcome[schema.Conversation]:
    """Marks all of a conversation read."""
    return shown(on, contacts.mark_read(uow, params.conversation))

"""token.*: who else may call, and what."""

from typing import Annotated

from msgspec import Meta
from twisted.internet.defer import Deferred

from cwtchd.app.errors import NotFound, ProfileLocked, StorageFailed, Unauthorized
from cwtchd.rpc import present, schema
from cwtchd.rpc.access import Binding
from cwtchd.rpc.methods.registry import Methods, Session
from cwtchd.rpc.methods.samples import ALICE, API_TOKEN, TOKEN
from cwtchd.store.api_tokens import ApiTokenRow, Scope

methods = Methods()

Folder = Annotated[str, Meta(pattern="^/[^\0]*$", max_length=4096, description="an absolute path")]


class Create(schema.Params, frozen=True, kw_only=True):
    """What the token's holder may do."""

    scope: Scope
    label: Annotated[
        str, Meta(max_length=256, description="what it is for; kept unencrypted, as all of this is")
    ] = ""
    profile: Annotated[
        schema.ProfileId | None, Meta(description="holds for this profile only; null: for all")
    ] = None
    conversations: Annotated[
        Annotated[list[schema.ConversationId], Meta(max_length=1000)] | None,
        Meta(description="holds for these conversations of the profile only; null: for all"),
    ] = None
    folders: Annotated[
        Annotated[list[Folder], Meta(max_length=64)] | None,
        Meta(description="its holder may use files below these only; null: no files"),
    ] = None


class One(schema.Params, frozen=True, kw_only=True):
    """A token's id."""

    id: Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]


@methods.on_loop(
    "token.create",
    Scope.ADMIN,
    ProfileLocked,
    NotFound,
    StorageFailed,
    example=(Create(scope=Scope.SEND, label="echobot", profile=ALICE), schema.NewApiToken(id=1, token=TOKEN)),
)
def create(session: Session, params: Create) -> "Deferred[schema.NewApiToken]":
    """Makes a token, which is shown this once. `conversations` need their `profile`."""
    daemon = session.daemon
    profile = None if params.profile is None else daemon.open_profile(params.profile)
    if params.profile is not None and profile is None:
        raise ProfileLocked
    if params.conversations is not None and profile is None:
        raise NotFound
    grant = session.caller.grant
    if grant is not None and not all(map(grant.may_use, params.folders or ())):
        raise Unauthorized  # nobody hands on more than they have
    conversations = None if params.conversations is None else frozenset(params.conversations)
    binding = Binding(profile, conversations, tuple(params.folders or ()))

    def made(token: tuple[ApiTokenRow, str]) -> schema.NewApiToken:
        row, text = token
        return schema.NewApiToken(id=row.id, token=text)

    return daemon.api_tokens.create(params.label, params.scope, binding).addCallback(made)


@methods.on_loop("token.list", Scope.ADMIN, StorageFailed, example=(schema.NoParams(), [API_TOKEN]))
def list_(session: Session, params: schema.NoParams) -> "Deferred[list[schema.ApiToken]]":  # noqa: ARG001 - it takes nothing
    """Lists the tokens; which profile one is bound to is seen only while that profile is open."""
    daemon = session.daemon
    return daemon.api_tokens.listed().addCallback(
        lambda grants: [present.api_token(grant, daemon.open_profiles()) for grant in grants]
    )


@methods.on_loop("token.revoke", Scope.ADMIN, NotFound, StorageFailed, example=(One(id=1), None))
def revoke(session: Session, params: One) -> "Deferred[None]":
    """Ends a token, and every connection that holds to it."""
    return session.daemon.api_tokens.revoke(params.id)

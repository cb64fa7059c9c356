"""hosting.*: servers that this daemon runs, which belong to no profile."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType
from twisted.internet.defer import Deferred

from cwtchd.app.errors import (
    InvalidSettings,
    LimitExceeded,
    NotFound,
    ServerDamaged,
    Stopping,
    StorageFailed,
    WrongPassword,
)
from cwtchd.rpc import schema
from cwtchd.rpc.hosting_schema import (
    Description,
    Hosted,
    HostedParams,
    HostedStats,
    HoursKept,
    Introductions,
    MebibytesKept,
    MessagesKept,
    OnionPow,
)
from cwtchd.rpc.methods.registry import Methods, Session
from cwtchd.rpc.methods.samples import HOSTED, HOSTED_STATS
from cwtchd.server.settings import ServerSettings
from cwtchd.store.api_tokens import Scope

methods = Methods()

KeysPassword = Annotated[
    schema.Password | None,
    Meta(description="seals its keys; null: they lie in the clear, and whoever has the disk has the server"),
]
OpeningPassword = Annotated[schema.Password | None, Meta(description="opens its keys, where they are sealed")]


class Create(schema.Params, frozen=True, kw_only=True):
    """A new server."""

    description: Description = ""
    password: KeysPassword = None
    autostart: Annotated[
        bool,
        Meta(
            description="it is started now and with the daemon; a sealed one where its password is put there"
        ),
    ] = False
    max_messages: MessagesKept = ServerSettings().max_messages
    max_mib: MebibytesKept = ServerSettings().max_mib
    max_hours: HoursKept | None = None
    onion_pow: OnionPow = False
    intro_rate: Introductions | None = None
    intro_burst: Introductions | None = None

    def settings(self) -> ServerSettings:
        """What is kept of it. Raises InvalidSettings."""
        try:
            return ServerSettings(
                description=self.description,
                autostart=self.autostart,
                max_messages=self.max_messages,
                max_mib=self.max_mib,
                max_hours=self.max_hours,
                onion_pow=self.onion_pow,
                intro_rate=self.intro_rate,
                intro_burst=self.intro_burst,
            )
        except ValueError:
            raise InvalidSettings from None


class Opened(HostedParams, frozen=True, kw_only=True):
    """A server, and what opens its keys."""

    password: OpeningPassword = None


class Change(HostedParams, frozen=True, kw_only=True):
    """What is to be another; what is not named stays."""

    description: Description | UnsetType = UNSET
    autostart: bool | UnsetType = UNSET
    max_messages: MessagesKept | UnsetType = UNSET
    max_mib: MebibytesKept | UnsetType = UNSET
    max_hours: HoursKept | UnsetType | None = UNSET
    onion_pow: OnionPow | UnsetType = UNSET
    intro_rate: Introductions | UnsetType | None = UNSET
    intro_burst: Introductions | UnsetType | None = UNSET


ONE = HostedParams(id=HOSTED.id)


@methods.on_loop(
    "hosting.create",
    Scope.ADMIN,
    InvalidSettings,
    LimitExceeded,
    StorageFailed,
    Stopping,
    example=(Create(description="for our groups", password="a long sentence", autostart=True), HOSTED),
)
def create(session: Session, params: Create) -> "Deferred[Hosted]":
    """Makes a server with new keys, which `hosting.start` runs; hand its `bundle` to those who are to use it."""
    return session.daemon.hosting.create(params.settings(), params.password)


@methods.on_loop("hosting.list", Scope.ADMIN, StorageFailed, example=(schema.NoParams(), [HOSTED]))
def list_(session: Session, params: schema.NoParams) -> "Deferred[list[Hosted]]":  # noqa: ARG001 - it takes nothing
    """Lists the servers of this daemon, stopped ones too."""
    return session.daemon.hosting.listed()


@methods.on_loop("hosting.get", Scope.ADMIN, NotFound, StorageFailed, example=(ONE, HOSTED))
def get(session: Session, params: HostedParams) -> "Deferred[Hosted]":
    """Shows a server, with its bundle."""
    return session.daemon.hosting.get(params.id)


@methods.on_loop(
    "hosting.set",
    Scope.ADMIN,
    NotFound,
    ServerDamaged,
    InvalidSettings,
    StorageFailed,
    Stopping,
    example=(Change(id=HOSTED.id, max_hours=720), HOSTED),
)
def set_(session: Session, params: Change) -> "Deferred[Hosted]":
    """Changes what a server keeps and how it is started; a running one goes by it at once."""
    named = {field: getattr(params, field) for field in params.__struct_fields__ if field != "id"}
    changes = {field: value for field, value in named.items() if value is not UNSET}
    return session.daemon.hosting.change(params.id, changes)


@methods.on_loop(
    "hosting.start",
    Scope.ADMIN,
    NotFound,
    ServerDamaged,
    WrongPassword,
    StorageFailed,
    Stopping,
    example=(Opened(id=HOSTED.id, password="a long sentence"), HOSTED),
)
def start(session: Session, params: Opened) -> "Deferred[Hosted]":
    """Runs a server: its onions are published, those who have its bundle can use it. One that runs already runs on."""
    return session.daemon.hosting.start(params.id, params.password)


@methods.on_loop("hosting.stop", Scope.ADMIN, NotFound, StorageFailed, example=(ONE, HOSTED))
def stop(session: Session, params: HostedParams) -> "Deferred[Hosted]":
    """Ends a server's connections and takes its onions back; what it stores is kept."""
    return session.daemon.hosting.stop(params.id)


@methods.on_loop("hosting.stats", Scope.ADMIN, NotFound, StorageFailed, example=(ONE, HOSTED_STATS))
def stats(session: Session, params: HostedParams) -> "Deferred[HostedStats]":
    """Shows a server's sums."""
    return session.daemon.hosting.stats(params.id)


@methods.on_loop(
    "hosting.delete",
    Scope.ADMIN,
    NotFound,
    ServerDamaged,
    WrongPassword,
    StorageFailed,
    Stopping,
    example=(Opened(id=HOSTED.id, password="a long sentence"), None),
)
def delete(session: Session, params: Opened) -> "Deferred[None]":
    """Stops a server and removes its keys and all that it stores, for good: nobody can bring its onions back."""
    return session.daemon.hosting.delete(params.id, params.password)

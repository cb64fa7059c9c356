"""rpc.authenticate: a token instead of the daemon's own uid. (`rpc.discover` stands where the document is made.)"""

from typing import Annotated

from msgspec import Meta
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from cwtchd.app.errors import StorageFailed, Unauthorized
from cwtchd.rpc import present, schema
from cwtchd.rpc.access import Grant
from cwtchd.rpc.methods.registry import Methods, Session
from cwtchd.rpc.methods.samples import GRANTED, TOKEN

methods = Methods()


class Authenticate(schema.Params, frozen=True, kw_only=True):
    """A token."""

    token: Annotated[str, Meta(max_length=256, description="as token.create gave it")]


@methods.on_loop(
    "rpc.authenticate", None, Unauthorized, StorageFailed, example=(Authenticate(token=TOKEN), GRANTED)
)
def authenticate(session: Session, params: Authenticate) -> "Deferred[schema.Granted]":
    """Holds this connection to a token's scope from now on, for good; its subscriptions end, and what is sent behind it waits."""
    caller, daemon, subscriptions = session.caller, session.daemon, session.subscriptions
    caller.deciding = True

    def granted(grant: Grant) -> schema.Granted:
        caller.deciding = False
        caller.narrow(grant)
        subscriptions.end_all()  # they were opened with other rights
        return present.granted(grant, daemon.open_profiles())

    def refused(failure: Failure) -> Failure:
        caller.deciding = False
        return failure

    return daemon.api_tokens.grant(params.token).addCallbacks(granted, refused)

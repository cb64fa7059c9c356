"""The API's methods, by noun; made by `make docs` from the API's description: change tools/generate_client.py, not this file."""

from functools import cached_property

from cwtch_client.asking import Asking, AsyncAsking
from cwtch_client.methods.contact import AsyncContactMethods, ContactMethods
from cwtch_client.methods.conversation import AsyncConversationMethods, ConversationMethods
from cwtch_client.methods.daemon import AsyncDaemonMethods, DaemonMethods
from cwtch_client.methods.event import AsyncEventMethods, EventMethods
from cwtch_client.methods.hosting import AsyncHostingMethods, HostingMethods
from cwtch_client.methods.message import AsyncMessageMethods, MessageMethods
from cwtch_client.methods.profile import AsyncProfileMethods, ProfileMethods
from cwtch_client.methods.rpc import AsyncRpcMethods, RpcMethods
from cwtch_client.methods.server import AsyncServerMethods, ServerMethods
from cwtch_client.methods.token import AsyncTokenMethods, TokenMethods
from cwtch_client.methods.tor import AsyncTorMethods, TorMethods


class Nouns(Asking):
    """Every noun of the API, for a client that blocks."""

    @cached_property
    def contact(self) -> ContactMethods:
        """contact.*."""
        return ContactMethods(self)

    @cached_property
    def conversation(self) -> ConversationMethods:
        """conversation.*."""
        return ConversationMethods(self)

    @cached_property
    def daemon(self) -> DaemonMethods:
        """daemon.*."""
        return DaemonMethods(self)

    @cached_property
    def event(self) -> EventMethods:
        """event.*."""
        return EventMethods(self)

    @cached_property
    def hosting(self) -> HostingMethods:
        """hosting.*."""
        return HostingMethods(self)

    @cached_property
    def message(self) -> MessageMethods:
        """message.*."""
        return MessageMethods(self)

    @cached_property
    def profile(self) -> ProfileMethods:
        """profile.*."""
        return ProfileMethods(self)

    @cached_property
    def rpc(self) -> RpcMethods:
        """rpc.*."""
        return RpcMethods(self)

    @cached_property
    def server(self) -> ServerMethods:
        """server.*."""
        return ServerMethods(self)

    @cached_property
    def token(self) -> TokenMethods:
        """token.*."""
        return TokenMethods(self)

    @cached_property
    def tor(self) -> TorMethods:
        """tor.*."""
        return TorMethods(self)


class AsyncNouns(AsyncAsking):
    """Every noun of the API, for a client for asyncio."""

    @cached_property
    def contact(self) -> AsyncContactMethods:
        """contact.*."""
        return AsyncContactMethods(self)

    @cached_property
    def conversation(self) -> AsyncConversationMethods:
        """conversation.*."""
        return AsyncConversationMethods(self)

    @cached_property
    def daemon(self) -> AsyncDaemonMethods:
        """daemon.*."""
        return AsyncDaemonMethods(self)

    @cached_property
    def event(self) -> AsyncEventMethods:
        """event.*."""
        return AsyncEventMethods(self)

    @cached_property
    def hosting(self) -> AsyncHostingMethods:
        """hosting.*."""
        return AsyncHostingMethods(self)

    @cached_property
    def message(self) -> AsyncMessageMethods:
        """message.*."""
        return AsyncMessageMethods(self)

    @cached_property
    def profile(self) -> AsyncProfileMethods:
        """profile.*."""
        return AsyncProfileMethods(self)

    @cached_property
    def rpc(self) -> AsyncRpcMethods:
        """rpc.*."""
        return AsyncRpcMethods(self)

    @cached_property
    def server(self) -> AsyncServerMethods:
        """server.*."""
        return AsyncServerMethods(self)

    @cached_property
    def token(self) -> AsyncTokenMethods:
        """token.*."""
        return AsyncTokenMethods(self)

    @cached_property
    def tor(self) -> AsyncTorMethods:
        """tor.*."""
        return AsyncTorMethods(self)

"""An open profile: its Ledger, its links, its pumps, its onion, wired together.

It is where a unit's effects are performed, after the commit and nowhere else.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar, cast

from twisted.internet.defer import Deferred

from cwtchd.app.effects import (
    Acknowledge,
    Admit,
    Effect,
    Hangup,
    LookAtServers,
    Outcome,
    PartWith,
    Reach,
    ShowProfile,
)
from cwtchd.app.profile import Woken
from cwtchd.protocol.crypto.primitives import mark
from cwtchd.protocol.model import ConnectionState, Identity, Onion
from cwtchd.protocol.wire.constants import acknowledgement
from cwtchd.rpc import present, schema
from cwtchd.rpc.presence import ContactPresence, SelfDialled, ServerPresence, ServerPresences
from cwtchd.runtime.ledger import Ledger, Source
from cwtchd.runtime.links import Links, PeerLink
from cwtchd.runtime.pump import Calling, Pump
from cwtchd.runtime.self_dial import SelfDial
from cwtchd.runtime.surroundings import Surroundings
from cwtchd.runtime.used_servers import UsedServers
from cwtchd.store.database import UnitOfWork
from cwtchd.tor.interface import TorState, TorStatus

T = TypeVar("T")

HOLD_CHECK_SECONDS = 0.05
"""How often a pressed Ledger is looked at again."""


class OpenProfile:
    """One profile while it is unlocked."""

    def __init__(
        self,
        around: Surroundings,
        ledger: Ledger,
        woken: Woken,
        presence_changed: Callable[["OpenProfile", int, ContactPresence], None],
        server_changed: Callable[["OpenProfile", int, ServerPresence], None],
    ) -> None:
        self._around = around
        self.ledger = ledger
        self.identity: Identity = woken.profile.identity
        self.name = woken.profile.name
        self.created_at = woken.profile.created_at
        self.autostart = woken.profile.autostart
        self.presence: dict[int, ContactPresence] = {}
        self._paths: list[schema.ContactPath] | None = None
        self._tell_presence = presence_changed
        self._tell_server = server_changed
        self._pumps: dict[int, Pump] = {}
        self._by_onion: dict[Onion, Pump] = {}
        self._links = Links(around.clock, around.now, around.randomness, self.identity, self)
        self._servers = UsedServers(around, self.run, self._server_changed)
        self._self_dial = SelfDial(
            around.clock, around.now, around.chance, around.tor, self.onion, self._links
        )
        self._wanted = woken.wanted
        self._open = True
        self._checking = False
        self._followers: list[Callable[[], None]] = []

    @property
    def onion(self) -> Onion:
        """The profile's id."""
        return self.identity.onion

    @property
    def published_since(self) -> int | None:
        """Since when the onion is published."""
        return self._around.tor.published_since(self.onion)

    @property
    def paths(self) -> list[schema.ContactPath]:
        """The ways to its contacts, as the API shows them."""
        if self._paths is None:
            self._paths = present.paths(self.presence)
        return self._paths

    @property
    def self_dial(self) -> SelfDialled:
        """Whether it was reached from outside."""
        return self._self_dial.report

    @property
    def servers(self) -> ServerPresences:
        """How the servers that it uses are connected."""
        return self._servers.presence

    def sync_server(self, server: int) -> "Deferred[None]":
        """Fires once a session with the server is synced."""
        return self._servers.sync(server)

    def _server_changed(self, server: int, presence: ServerPresence) -> None:
        self._tell_server(self, server, presence)

    def mark(self, salt: bytes) -> bytes:
        """What this profile alone makes of a salt."""
        return mark(self.identity.seed, salt)

    def follow(self, grew: Callable[[], None]) -> None:
        """Calls `grew` after each commit that added to the log."""
        self._followers.append(grew)

    def unfollow(self, grew: Callable[[], None]) -> None:
        """Calls it no more."""
        self._followers.remove(grew)

    def log_grew(self) -> None:
        """A commit added to the log."""
        for grew in list(self._followers):
            grew()

    def start(self) -> None:
        """Publishes the onion and reaches for everyone who is wanted."""
        self._around.tor.publish(self.identity, self._links.listening())
        for reach in self._wanted:
            self.perform(reach)
        self._wanted = ()
        self._servers.tor_ready(self._around.tor.status.state is TorState.READY)
        self._self_dial.start()

    def close(self, closed: Callable[[], None]) -> None:
        """Hangs up, unpublishes, closes the Ledger; then calls `closed`."""
        self._open = False
        self._self_dial.close()
        self._servers.close()
        self._around.tor.unpublish(self.onion)
        for pump in self._pumps.values():
            pump.close()
        self._links.close()
        self._pumps.clear()
        self._by_onion.clear()
        self.ledger.close(closed)

    # --- units and their effects ---------------------------------------------------------------------------------

    def run(
        self,
        unit: Callable[[UnitOfWork], Outcome[T]],
        done: Callable[[Outcome[T] | Exception], None],
        source: Source | None = None,
    ) -> None:
        """Queues a unit; what it wants done is done after its commit, and before `done` is called."""

        def finished(outcome: Outcome[object] | Exception) -> None:
            try:
                if isinstance(outcome, Outcome):
                    for effect in outcome.effects:
                        self.perform(effect)
            finally:
                done(cast("Outcome[T] | Exception", outcome))  # the Ledger hands back what the unit made

        self.ledger.submit(unit, finished, source)
        if self.ledger.pressed and not self._checking:
            self._hold()

    def perform(self, effect: Effect) -> None:
        """Does what a decision wants; after `close` nothing is wanted any more."""
        if not self._open:
            return
        match effect:
            case Acknowledge(link, wire_id):
                self._links.acknowledge(link, acknowledgement(wire_id))
            case Admit(link, conversation, stranger):
                self._links.admit(link, conversation, stranger)
            case Hangup(number):
                ended = self._links.get(number)
                if ended is not None:
                    self._links.hang_up(ended)
            case Reach(conversation, onion, now):
                self._reach(conversation, onion, now)
            case PartWith(conversation, onion):
                self._part_with(conversation, onion)
            case ShowProfile(name, autostart):
                self.name, self.autostart = name, autostart
            case LookAtServers():
                self._servers.look()

    def _reach(self, conversation: int, onion: Onion, now: bool) -> None:
        pump = self._pumps.get(conversation)
        if pump is not None:
            pump.reach(now)
            return
        around = self._around
        pump = Pump(self, around.clock, around.budget, around.chance, conversation, onion)
        self._pumps[conversation] = self._by_onion[onion] = pump
        self._links.welcome(conversation)
        for link in self._links.of(conversation):
            pump.link_up(link)
        pump.tor_ready(around.tor.status.state is TorState.READY)

    def _part_with(self, conversation: int, onion: Onion) -> None:
        pump = self._pumps.pop(conversation, None)
        if pump is not None:
            del self._by_onion[onion]
            pump.close()
        self._links.part_with(onion)
        self.presence_changed(conversation)
        self.presence.pop(conversation, None)
        self._paths = None

    def _hold(self) -> None:
        """Reads no peer of this profile while its Ledger has more to store than it should."""
        self._checking = self._open and self.ledger.pressed
        self._links.hold(self._checking)
        if self._checking:
            self._around.clock.callLater(HOLD_CHECK_SECONDS, self._hold)

    def tor_changed(self, before: TorState, status: TorStatus) -> None:
        """Tor came or went."""
        ready = status.state is TorState.READY
        if ready != (before is TorState.READY):
            self._servers.tor_ready(ready)
            for pump in self._pumps.values():
                pump.tor_ready(ready)
            if ready:
                self._self_dial.start()

    # --- what links tell -----------------------------------------------------------------------------------------

    def link_changed(self, link: PeerLink) -> None:
        """Admitted, or heard."""
        pump = self._pumps.get(link.conversation) if link.conversation is not None else None
        if pump is not None:
            pump.link_up(link)
        if link.conversation is not None:
            self.presence_changed(link.conversation, link.heard_at)

    def link_settled(self, link: PeerLink) -> None:
        """The link's version is known."""
        pump = self._pump_of(link)
        if pump is not None:
            pump.link_settled(link)

    def link_acknowledged(self, link: PeerLink, wire_id: str) -> None:
        """The peer has a message."""
        pump = self._pump_of(link)
        if pump is not None:
            pump.acknowledged(wire_id)

    def link_lost(self, link: PeerLink) -> None:
        """The link is gone."""
        pump = self._pump_of(link)
        if pump is not None and link.admitted:
            pump.link_down(link)
        elif link.dialled is not None and link.dialled in self._by_onion:
            self._by_onion[link.dialled].call_ended()
        if link.conversation is not None:
            self.presence_changed(link.conversation)

    def _pump_of(self, link: PeerLink) -> Pump | None:
        return None if link.conversation is None else self._pumps.get(link.conversation)

    # --- what pumps ask ------------------------------------------------------------------------------------------

    @property
    def can_dial(self) -> bool:
        """Tor is there at this very moment."""
        return self._around.tor.status.state is TorState.READY

    def dial(self, onion: Onion) -> "Deferred[None]":
        """Connects to a contact, on circuits of its own."""
        isolation = f"{self.onion}:{onion}"
        return self._around.tor.dial(onion, isolation, self._links.calling(onion)).addCallback(lambda _: None)

    def admitted_links(self, conversation: int) -> Iterator[PeerLink]:
        """The links with this contact, oldest first."""
        return self._links.of(conversation)

    def hang_up(self, link: PeerLink) -> None:
        """Ends a link."""
        self._links.hang_up(link)

    # --- what clients see ----------------------------------------------------------------------------------------

    def presence_changed(self, conversation: int, heard_at: int | None = None) -> None:
        """Makes the contact's presence anew; clients are told where its state is another."""
        before = self.presence.get(conversation)
        now, pump = self._around.now(), self._pumps.get(conversation)
        state = self._state_of(conversation, pump)
        resting = pump.next_dial_in if pump is not None else None
        after = ContactPresence(
            state=state,
            since=before.since if before is not None and before.state is state else now,
            last_proof_at=heard_at or (before.last_proof_at if before is not None else None),
            next_dial_at=None if resting is None else now + round(resting * 1000),
            last_failure=pump.last_failure if pump is not None else None,
        )
        self.presence[conversation] = after
        self._paths = None
        if before is None or before.state is not state:
            self._tell_presence(self, conversation, after)

    def _state_of(self, conversation: int, pump: Pump | None) -> ConnectionState:
        if next(self._links.of(conversation), None) is not None:
            return ConnectionState.AUTHENTICATED
        if pump is None or pump.calling in (Calling.NOT, Calling.RESTING):
            return ConnectionState.DISCONNECTED
        return ConnectionState.CONNECTED if pump.call_answered else ConnectionState.CONNECTING

"""Pages of logs, pulled once for all who stand at the same place: a hundred readers that wake at one commit cost one reading."""

from collections.abc import Callable

from cwtchd.app.effects import Outcome
from cwtchd.rpc import follow
from cwtchd.rpc.follow import BuiltPage
from cwtchd.rpc.profile_port import ProfilePort
from cwtchd.store.database import UnitOfWork
from cwtchd.store.events import Only

Told = Callable[[BuiltPage | Exception], None]


class Pulls:
    """The readings that are under way, by profile, cursor and what the reader may see."""

    def __init__(self) -> None:
        self._waiting: dict[str, dict[tuple[int, Only], list[Told]]] = {}

    def pull(self, port: ProfilePort, after: int, only: Only, told: Told) -> None:
        """Tells the next page behind `after`, or why it can't be read."""
        under_way = self._waiting.setdefault(port.onion, {})
        place = (after, only)
        if place in under_way:
            under_way[place].append(told)
            return
        under_way[place] = [told]
        own, presence, servers = port.onion, port.presence, port.servers
        published = port.published_since

        def read(uow: UnitOfWork) -> Outcome[object]:
            return Outcome(
                follow.page(
                    uow, own, presence, servers, published, after, follow.PAGE_ROWS, only, follow.PULLED_BYTES
                )
            )

        def done(outcome: Outcome[object] | Exception) -> None:
            page = outcome if isinstance(outcome, Exception) else _page_of(outcome)
            for each in under_way.pop(place):
                each(page)

        port.run(read, done)

    def forget(self, profile: str) -> None:
        """The profile was locked: what is still read of it is told to nobody who comes later."""
        self._waiting.pop(profile, None)


def _page_of(outcome: Outcome[object]) -> BuiltPage:
    assert isinstance(outcome.value, BuiltPage)
    return outcome.value

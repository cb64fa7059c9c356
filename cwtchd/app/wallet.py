"""Buying tokens ahead: on a clock of its own, never because of a post (extensions 0-ground, 4.3).

A purchase is finished once or never: what was bought in one that a crash cut off is lost, and nothing is bought or stored twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from cwtchd.app import server_clocks, servers
from cwtchd.app.effects import Outcome
from cwtchd.app.server_clocks import TOKEN_BATCH, TOKEN_STOCK
from cwtchd.protocol.model import Onion, Token
from cwtchd.store import events, posts, wallet
from cwtchd.store import servers as server_rows
from cwtchd.store.database import UnitOfWork
from cwtchd.store.events import EventType
from cwtchd.store.posts import PostState
from cwtchd.store.servers import Fault


@dataclass(frozen=True, slots=True)
class Purchase:
    """A batch of so many tokens that is to be bought now, from this token service, to be signed with this key."""

    server: int
    number: int
    token_service: Onion = field(repr=False)
    token_key: bytes = field(repr=False)
    amount: int = TOKEN_BATCH


def due(uow: UnitOfWork) -> Sequence[int]:
    """The servers whose stock is to be looked at now: `begin_purchase` for each."""
    return wallet.due(uow)


def next_due_at(uow: UnitOfWork) -> int | None:
    """When the next stock is to be looked at, milliseconds since the epoch; None where there is no server."""
    return wallet.next_due_at(uow)


def put_off(uow: UnitOfWork) -> Outcome[None]:
    """We were away: clocks that struck meanwhile are set anew, since they remember nothing; first purchases wait a little."""
    for server in wallet.due(uow):
        wanted = server_rows.purchases(uow, server)
        first = wanted is not None and wanted.first_batches
        mean = server_clocks.AFTER_ABSENCE if first else server_clocks.TOKEN_CLOCK
        _set_clock(uow, server, server_clocks.exponential(uow.randomness, mean))
    return Outcome(None)


def begin_purchase(uow: UnitOfWork, server: int) -> Outcome[Purchase | None]:
    """A batch to be bought, where the clock has struck and the stock is low. Either way the clock is set anew. Raises NotFound."""
    row = servers.get(uow, server)
    if server not in wallet.due(uow):
        return Outcome(None)
    wanted = server_rows.purchases(uow, server)
    assert wanted is not None
    if wanted.first_batches:
        # Where a lock or a crash cuts it off, it is made again soon, not at the clock's next stroke.
        _set_clock(uow, server, server_clocks.exponential(uow.randomness, server_clocks.PURCHASE_RETRY))
    else:
        _set_clock(uow, server, server_clocks.token_clock(uow.randomness))
    if not wanted.first_batches and row.tokens > TOKEN_STOCK:
        return Outcome(None)
    server_rows.change(uow, server, purchase=wanted.purchase + 1)
    return Outcome(Purchase(server, wanted.purchase + 1, row.token_service, row.token_key))


def finish_purchase(uow: UnitOfWork, purchase: Purchase, bought: Sequence[Token]) -> Outcome[int]:
    """Puts the tokens into the wallet, and binds them to the posts that wait; how many are left over in all.

    What comes a second time, or after a later purchase began, changes nothing. Raises ValueError for more tokens than were asked for.
    """
    if len(bought) > purchase.amount:
        raise ValueError("More tokens than the purchase was for.")
    first_left = _close(uow, purchase)
    if first_left is None:
        return Outcome(0)
    server = purchase.server
    wallet.add(uow, server, bought)
    if len(bought) < purchase.amount:
        servers.fault(uow, server, Fault.SHORT_COUNT)
    if first_left:
        server_rows.change(uow, server, first_batches=first_left - 1)
        if first_left > 1:
            _set_clock(uow, server, 0.0)
    for post in posts.of_state(uow, server, PostState.WAITING_TOKEN):
        token = wallet.take(uow, server)
        if token is None:
            break
        posts.bind(uow, post.id, token)
        posts.change(uow, post.id, due_at=_after(uow, server_clocks.AFTER_PURCHASE))
    events.append(uow, EventType.SERVER_CHANGED, server=server)
    return Outcome(wallet.count(uow, server))


def failed_purchase(uow: UnitOfWork, purchase: Purchase, caught: Fault | None = None) -> Outcome[None]:
    """Nothing was bought; `caught` says what the server did, None where it wasn't reached. The clock says when to try again."""
    first_left = _close(uow, purchase)
    if first_left is not None:
        if first_left:
            server_rows.change(
                uow, purchase.server, purchase_due_at=_after(uow, server_clocks.PURCHASE_RETRY)
            )
        if caught is not None:
            servers.fault(uow, purchase.server, caught)
    return Outcome(None)


def _close(uow: UnitOfWork, purchase: Purchase) -> int | None:
    """Ends a purchase, so that it can't be ended again; the first batches still to be bought, None where it isn't the open one."""
    wanted = server_rows.purchases(uow, purchase.server)
    if wanted is None or wanted.purchase != purchase.number:
        return None
    server_rows.change(uow, purchase.server, purchase=purchase.number + 1)
    return wanted.first_batches


def _set_clock(uow: UnitOfWork, server: int, seconds: float) -> None:
    server_rows.change(uow, server, purchase_due_at=uow.now + int(seconds * 1000))


def _after(uow: UnitOfWork, mean: float) -> int:
    return uow.now + int(server_clocks.exponential(uow.randomness, mean) * 1000)

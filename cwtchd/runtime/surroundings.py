"""What every profile and every server of a daemon shares: clock, chance, Tor, and who does its work."""

from collections.abc import Callable
from dataclasses import dataclass, field

from twisted.internet.interfaces import IReactorTime

from cwtchd.runtime.dialling import DialBudget
from cwtchd.runtime.work import ProofsOfWork
from cwtchd.tor.interface import Tor


@dataclass(frozen=True, slots=True)
class Surroundings:
    """One value, handed to whoever runs on the daemon's loop."""

    clock: IReactorTime
    now: Callable[[], int]
    """milliseconds since the epoch"""
    randomness: Callable[[int], bytes]
    chance: Callable[[], float]
    tor: Tor
    work: ProofsOfWork
    budget: DialBudget = field(default_factory=DialBudget)

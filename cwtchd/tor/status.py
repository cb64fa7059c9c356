"""How Tor stands, and what changes it. Each input returns the new standing; who tells whom is the service's business."""
# ruff: noqa: ARG001 - Automat hands each output the machine and its core

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from automat import TypeMachineBuilder

from cwtchd.tor.interface import TorState

BOOTSTRAPPED = 100


class Told(NamedTuple):
    """A standing, without its time."""

    state: TorState
    progress: int
    summary: str


class Standing(Protocol):
    """What can happen to a tor."""

    def began(self, sentence: str) -> Told:
        """It is being started or attached to, or this takes long."""

    def reached(self) -> Told:
        """Its control port answers."""

    def advanced(self, progress: int) -> Told:
        """It bootstrapped so far, or lost its circuits."""

    def established(self) -> Told:
        """It bootstrapped wholly, and can build circuits."""

    def network_lost(self) -> Told:
        """It says that the network is gone."""

    def network_found(self) -> Told:
        """It says that the network is back."""

    def ended(self, sentence: str) -> Told:
        """It is gone, or could not be had."""


@dataclass(slots=True)
class _Known:
    progress: int = 0


_machine = TypeMachineBuilder(Standing, _Known)
_starting = _machine.state("starting")
_connecting = _machine.state("connecting")
_ready = _machine.state("ready")
_offline = _machine.state("offline")
_lost = _machine.state("lost")


@_starting.upon(Standing.began).loop()
@_lost.upon(Standing.began).to(_starting)
def _begin(tor: Standing, known: _Known, sentence: str) -> Told:
    known.progress = 0
    return Told(TorState.STARTING, 0, sentence)


@_starting.upon(Standing.reached).to(_connecting)
@_offline.upon(Standing.network_found).to(_connecting)
def _connect(tor: Standing, known: _Known) -> Told:
    return Told(TorState.CONNECTING, known.progress, f"Tor is connecting ({known.progress} %).")


@_connecting.upon(Standing.advanced).loop()
@_ready.upon(Standing.advanced).to(_connecting)
def _advance(tor: Standing, known: _Known, progress: int) -> Told:
    known.progress = progress
    return Told(TorState.CONNECTING, progress, f"Tor is connecting ({progress} %).")


@_connecting.upon(Standing.established).to(_ready)
@_ready.upon(Standing.established).loop()
@_offline.upon(Standing.established).to(_ready)
@_ready.upon(Standing.network_found).loop()
def _establish(tor: Standing, known: _Known) -> Told:
    known.progress = BOOTSTRAPPED
    return Told(TorState.READY, BOOTSTRAPPED, "Tor is ready.")


@_connecting.upon(Standing.network_found).loop()
def _still_connecting(tor: Standing, known: _Known) -> Told:
    return _connect(tor, known)


@_connecting.upon(Standing.network_lost).to(_offline)
@_ready.upon(Standing.network_lost).to(_offline)
@_offline.upon(Standing.network_lost).loop()
def _lose_network(tor: Standing, known: _Known) -> Told:
    return Told(TorState.OFFLINE, known.progress, "Tor runs, but the network can't be reached.")


@_offline.upon(Standing.advanced).loop()
def _advance_offline(tor: Standing, known: _Known, progress: int) -> Told:
    known.progress = progress
    return Told(TorState.OFFLINE, progress, "Tor runs, but the network can't be reached.")


@_starting.upon(Standing.ended).to(_lost)
@_connecting.upon(Standing.ended).to(_lost)
@_ready.upon(Standing.ended).to(_lost)
@_offline.upon(Standing.ended).to(_lost)
@_lost.upon(Standing.ended).loop()
def _end(tor: Standing, known: _Known, sentence: str) -> Told:
    known.progress = 0
    return Told(TorState.LOST, 0, sentence)


build_standing = _machine.build()


def new_standing() -> Standing:
    """That of a tor which is about to be started."""
    standing: Standing = build_standing(_Known())
    return standing

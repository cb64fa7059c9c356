"""Proof of work: a guest has worked before it is listened to, and both sides' transcripts say so (wire-server §2.3).

Goal: a token service gets past it only with a solution of its own challenge. Left out: how a guest finds one, which takes a process of
its own, and how long it may take, which whoever owns the stream keeps.
"""

from dataclasses import dataclass, field
from typing import Protocol

from automat import TypeMachineBuilder

from cwtchd.protocol.crypto import proof_of_work
from cwtchd.protocol.crypto.proof_of_work import Work
from cwtchd.protocol.crypto.transcript import Transcript
from cwtchd.protocol.errors import RemoteProtocolError


@dataclass(slots=True)
class WorkState:
    """The connection's transcript, and what is asked of the guest."""

    transcript: Transcript = field(repr=False)
    work: Work | None = field(default=None, repr=False)


class WorkServer(Protocol):
    """What can happen to a token service that asks for work."""

    def begin(self, seed: bytes) -> bytes:
        """The stream is open; returns a plain packet's data"""

    def got_solution(self, solution: bytes) -> None:
        """The guest's first packet"""


_server = TypeMachineBuilder(WorkServer, WorkState)
silent = _server.state("silent")
"""nothing was sent or heard"""
asked = _server.state("asked")
"""the seed is sent; a solution is awaited"""
served = _server.state("served")
"""the guest has worked"""


@silent.upon(WorkServer.begin).to(asked)
def _ask(server: WorkServer, state: WorkState, seed: bytes) -> bytes:
    state.work = proof_of_work.begin(state.transcript, seed)
    return seed


@asked.upon(WorkServer.got_solution).to(served)
def _check(server: WorkServer, state: WorkState, solution: bytes) -> None:
    if state.work is None or not proof_of_work.check(solution, state.work.challenge):
        raise RemoteProtocolError("The guest's proof of work is none.")
    proof_of_work.end(state.transcript, solution)


build_work_server = _server.build()


class WorkClient(Protocol):
    """What can happen to a guest that is asked for work."""

    def got_seed(self, seed: bytes) -> Work:
        """The token service's first packet"""

    def solved(self, solution: bytes) -> bytes:
        """Somebody has found a solution; returns a plain packet's data"""


_client = TypeMachineBuilder(WorkClient, WorkState)
waiting = _client.state("waiting")
"""a seed is awaited"""
working = _client.state("working")
"""a solution is looked for"""
done = _client.state("done")
"""the solution is sent"""


@waiting.upon(WorkClient.got_seed).to(working)
def _work(client: WorkClient, state: WorkState, seed: bytes) -> Work:
    state.work = proof_of_work.begin(state.transcript, seed)
    return state.work


@working.upon(WorkClient.solved).to(done)
def _hand_in(client: WorkClient, state: WorkState, solution: bytes) -> bytes:
    proof_of_work.end(state.transcript, solution)
    return solution


build_work_client = _client.build()

"""Proofs of work, each in a process of its own (worker.py), one at a time: the loop and the Ledgers notice nothing of them.

A process rather than a pool of them: work is seldom, a batch an hour for a server, and one that is not wanted any more is killed.
"""

import sys
from collections.abc import Callable

from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IProcessTransport, IReactorProcess
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

AT_ONCE = 1
COMMAND = (sys.executable, "-I", "-m", "cwtchd.runtime.worker")
SOLUTION_DIGITS = 64


class WorkFailed(Exception):
    """The process ended without a solution."""


class ProofsOfWork:
    """What a daemon has solved."""

    def __init__(self, reactor: IReactorProcess) -> None:
        self._reactor = reactor
        self._turns = DeferredSemaphore(AT_ONCE)
        self._under_way: set[_Worker] = set()

    def solve(self, seed: bytes, challenge: bytes, tried: Callable[[int], None]) -> "Deferred[bytes]":
        """The solution; `tried` is told how many tries were made so far. Fails with WorkFailed; cancelling it ends the process."""
        return self._turns.run(lambda: self._begin(seed, challenge, tried))

    def _begin(self, seed: bytes, challenge: bytes, tried: Callable[[int], None]) -> "Deferred[bytes]":
        worker = _Worker(tried)
        self._under_way.add(worker)
        self._reactor.spawnProcess(worker, COMMAND[0], COMMAND, env={"PATH": "", "LC_ALL": "C.UTF-8"})
        worker.ask(seed, challenge)

        def over(result: bytes | Failure) -> bytes | Failure:
            self._under_way.discard(worker)
            return result

        return worker.solved.addBoth(over)

    def close(self) -> None:
        """Ends what is under way."""
        for worker in tuple(self._under_way):
            worker.solved.cancel()


class _Worker(ProcessProtocol):
    """One process."""

    transport: IProcessTransport

    def __init__(self, tried: Callable[[int], None]) -> None:
        self._tried = tried
        self._line = b""
        self.solved: Deferred[bytes] = Deferred(lambda _: self._kill())

    def ask(self, seed: bytes, challenge: bytes) -> None:
        """Says what is to be solved."""
        self.transport.writeToChild(0, f"{seed.hex()}\n{challenge.hex()}\n".encode())
        self.transport.closeStdin()

    def outReceived(self, data: bytes) -> None:
        """A word of the process, or a part of one."""
        *lines, self._line = (self._line + data).split(b"\n")
        for line in lines:
            if len(line) == SOLUTION_DIGITS:
                self._end(bytes.fromhex(line.decode()))
            elif not self.solved.called:
                self._tried(int(line))

    def processEnded(self, reason: Failure) -> None:
        """It is gone, with its solution told or without."""
        self._end(None)

    def _end(self, solution: bytes | None) -> None:
        if self.solved.called:
            return
        if solution is None:
            self.solved.errback(WorkFailed("The process that does proofs of work has ended."))
        else:
            self.solved.callback(solution)

    def _kill(self) -> None:
        try:
            self.transport.signalProcess("KILL")
        except ProcessExitedAlready:
            return

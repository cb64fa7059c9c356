"""Passwords that were put somewhere before the start open their profiles once the API is up: a rebooted node needs nobody.

Rules: each source is read once and its descriptor closed; a password is handed to one attempt and dropped. Nothing waits: a pipe is
read as it is written, by the loop. What can't be used is said in constant words, and the daemon runs on.
"""

import os
from collections.abc import Callable, Iterator

from twisted.internet.defer import CancelledError, Deferred, DeferredList, maybeDeferred
from twisted.internet.interfaces import IReactorFDSet, IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

from cwtchd import log
from cwtchd.app.errors import Stopping, StorageFailed, WrongPassword
from cwtchd.credential import LIMIT, PasswordSources, SecretFile, Unusable, named, open_secret, secret_of

Unlock = Callable[[str], "Deferred[int]"]
"""Opens what a password fits and that starts by itself, and says how much that is; fails with WrongPassword, StorageFailed, Stopping."""


class Unattended:
    """The attempts of one start."""

    def __init__(self, reactor: IReactorFDSet, sources: PasswordSources, unlock: Unlock) -> None:
        self._reactor = reactor
        self._sources = sources
        self._unlock = unlock
        self._reading: set[Deferred[bytes]] = set()
        self.waiting = 0
        """sources whose password was not tried yet"""
        self.useless = 0
        """sources that opened nothing, and were to"""

    def begin(self) -> "Deferred[list[tuple[bool, None]]]":
        """Reads all sources; fires when each was tried."""
        return DeferredList(
            [self._try(number, have) for number, have in enumerate(_descriptors(self._sources), start=1)]
        )

    def close(self) -> None:
        """Reads nothing more."""
        for reading in tuple(self._reading):
            reading.cancel()

    def _try(self, number: int, have: Callable[[], int]) -> "Deferred[None]":
        self.waiting += 1
        tried = maybeDeferred(lambda: self._read(have())).addCallback(self._open)

        def over(result: int | Failure) -> None:
            self.waiting -= 1
            if isinstance(result, Failure):
                self._say_useless(number, result)
            else:
                log.info("a password of the start was used", source=number, opened=result)

        return tried.addBoth(over)

    def _read(self, descriptor: int) -> "Deferred[bytes]":
        reading = _Reading(self._reactor, descriptor).content
        self._reading.add(reading)

        def over(result: bytes | Failure) -> bytes | Failure:
            self._reading.discard(reading)
            return result

        return reading.addBoth(over)

    def _open(self, content: bytes) -> "Deferred[int]":
        return self._unlock(secret_of(content))

    def _say_useless(self, number: int, failure: Failure) -> None:
        match failure.value:
            case CancelledError() | Stopping():
                return
            case Unusable() as error:
                reason = str(error)
            case WrongPassword():
                reason = "It opens nothing of this home."
            case StorageFailed():
                reason = "What it fits can't be read."
            case error:
                log.unforeseen("a password of the start could not be tried", error)
                reason = "It could not be tried."
        self.useless += 1
        log.info("a password of the start is of no use", source=number, reason=reason)


def _descriptors(sources: PasswordSources) -> Iterator[Callable[[], int]]:
    """What gives each source's descriptor, in order: files, descriptors, credentials."""

    def opening(file: SecretFile) -> Callable[[], int]:
        return lambda: open_secret(file)

    def given(descriptor: int) -> Callable[[], int]:
        return lambda: descriptor

    def refusing(reason: Unusable) -> Callable[[], int]:
        return lambda: _refuse(reason)

    yield from (opening(SecretFile(path)) for path in sources.files)
    yield from map(given, sources.descriptors)
    try:
        credentials = [] if sources.credentials is None else named(sources.credentials, "password")
    except Unusable as error:
        yield refusing(error)
    else:
        yield from map(opening, credentials)


def _refuse(reason: Unusable) -> int:
    raise reason


@implementer(IReadDescriptor)
class _Reading:
    """A descriptor, read to its end as that comes, and closed. It is not made non-blocking: others may hold it, too."""

    def __init__(self, reactor: IReactorFDSet, descriptor: int) -> None:
        self._reactor = reactor
        self._descriptor = descriptor
        self._read = b""
        self.content: Deferred[bytes] = Deferred(lambda _: self._end())
        reactor.addReader(self)

    def fileno(self) -> int:
        return self._descriptor

    def logPrefix(self) -> str:
        return "password"

    def doRead(self) -> None:
        """There is more of it, or its end."""
        try:
            more = os.read(self._descriptor, LIMIT + 2 - len(self._read))
        except BlockingIOError:
            return
        except OSError:  # such as a folder: nothing can be read there
            more = b""
        self._read += more
        if not more or len(self._read) > LIMIT + 1:
            self._end()
            self.content.callback(self._read)

    def connectionLost(self, reason: Failure) -> None:
        """The loop ends."""
        self.content.cancel()

    def _end(self) -> None:
        self._reactor.removeReader(self)
        os.close(self._descriptor)

"""on_own_loop: a test that is a coroutine of asyncio, such as those of clients, on a loop of its own.

The tests' thread has Twisted's loop running already, and what runs on that awaits Deferreds only: so this is another thread.
"""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec

P = ParamSpec("P")


def on_own_loop(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """The test as a plain function, which pytest runs as it is."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, test(*args, **kwargs)).result()

    return run

"""What every test shares: coroutines run on Twisted's Deferreds, on the daemon's own kind of loop."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
import pytest_twisted


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that is a coroutine runs on Twisted's reactor, without saying so each time."""
    for item in items:
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
            run: Callable[..., Any] = pytest_twisted.ensureDeferred(item.obj)
            item.obj = run

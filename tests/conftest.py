"""What every test shares: coroutines run on Twisted's Deferreds, on the daemon's own kind of loop."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
import pytest_twisted
from hypothesis import HealthCheck, settings

# The first draw of a text builds Unicode's tables, which takes longer than a health check allows.
settings.register_profile(
    "cwtchd", deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.load_profile("cwtchd")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that is a coroutine runs on Twisted's reactor, without saying so each time."""
    for item in items:
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
            run: Callable[..., Any] = pytest_twisted.ensureDeferred(item.obj)
            item.obj = run

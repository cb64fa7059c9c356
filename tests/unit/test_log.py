"""The log: nothing that identifies, and no exception's text, whoever it is that fails."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from cwtchd import log

CANARY = "canary-51ab"


@pytest.fixture
def lines() -> Iterator[list[str]]:
    written: list[str] = []
    log.write_to(written.append)
    yield written
    log.write_to(log._to_standard_error)


def test_an_onion_is_struck_out(lines: list[str]) -> None:
    onion = "rkeohxlubhyzl7ks3mwtzos5olfgocn7dwkbeg7toseadnapn5optfad"
    log.info(f"about {onion}", address=onion.upper(), other=f"cwtch:{onion}.onion")
    assert onion not in lines[0].lower()
    assert lines[0].count("<onion>") == 3


def test_an_error_is_its_class_and_its_places_and_an_incident(lines: list[str]) -> None:
    try:
        int(CANARY)
    except ValueError as error:
        incident = log.unforeseen("it failed", error)
    assert incident in lines[0]
    assert "ValueError" in lines[0]
    assert "test_log.py:" in lines[0]
    assert CANARY not in lines[0]


def test_a_log_that_can_not_be_written_stops_nothing() -> None:
    def broken(line: str) -> None:
        raise BrokenPipeError

    log.write_to(broken)
    try:
        log.info("nobody reads this")
    finally:
        log.write_to(log._to_standard_error)


def test_nobody_fills_a_disk_with_one_kind_of_line(lines: list[str]) -> None:
    for number in range(1000):
        log.info("a line that a peer can cause", number=number)
    log.info("another kind of line")
    assert len(lines) <= 2 * log.LINES_A_MINUTE + 1
    assert "another kind" in lines[-1]


FAILURES = {
    "an uncaught error": f"raise ValueError('{CANARY}')",
    "a thread": f"""
import threading
def work(): raise ValueError('{CANARY}')
thread = threading.Thread(target=work); thread.start(); thread.join()
""",
    "a deferred nobody waits for": f"""
from twisted.internet.defer import fail
fail(ValueError('{CANARY}'))
import gc; gc.collect()
""",
    "a library's log": f"""
import logging
logging.getLogger('library').error('{CANARY} %s', '{CANARY}')
try: raise ValueError('{CANARY}')
except ValueError: logging.getLogger('asyncio').exception('{CANARY}')
""",
    "twisted's log": f"""
from twisted.python import log as twisted_log
twisted_log.msg('{CANARY}')
try: raise ValueError('{CANARY}')
except ValueError: twisted_log.err(None, '{CANARY}')
""",
}


@pytest.mark.parametrize("script", FAILURES.values(), ids=FAILURES.keys())
def test_whoever_fails_the_text_is_not_printed(script: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", f"from cwtchd import log\nlog.take_over()\n{script}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert CANARY not in ended.stdout + ended.stderr
    assert "incident=" in ended.stderr

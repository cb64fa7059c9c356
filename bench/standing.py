"""What a daemon costs before anybody asks anything: its start and its memory."""

import time
from collections.abc import Callable

from bench.calls import call
from bench.processes import Server
from bench.scratch import PASSWORD
from bench.table import Row, quotient

STARTS = 7
IDLE_SECONDS = 2.0


def measured(make: Callable[[str], Server]) -> list[Row]:
    """A daemon and a bare Twisted process with txtorcon, started in turns; the daemon then opens its profile."""
    figures: dict[str, dict[str, list[float]]] = {
        name: {"start": [], "Rss": [], "Pss": []} for name in ("cwtchd", "bare")
    }
    for warm in (True, *[False] * STARTS):
        for name, found in figures.items():
            server = make(name)
            began = time.perf_counter()
            stream = server.start()
            stream.ask(call(1, "daemon.status"))
            taken = time.perf_counter() - began
            if name == "cwtchd":
                stream.ask(call(2, "profile.unlock", {"password": PASSWORD}))
            if not warm:
                time.sleep(IDLE_SECONDS)
                found["start"].append(taken * 1000)
                memory = server.memory()
                for kind in ("Rss", "Pss"):
                    found[kind].append(memory[kind] / 1024)
            stream.close()
            server.end()
    ours, bare = figures["cwtchd"], figures["bare"]
    label = "bare Twisted + txtorcon"
    return [
        quotient("start to the first reply", ours["start"], (label, bare["start"]), most=3),
        quotient(
            "idle memory, one profile open (RSS)", ours["Rss"], (label, bare["Rss"]), unit="MiB", most=2
        ),
        quotient("the same as PSS", ours["Pss"], (label, bare["Pss"]), unit="MiB", most=2),
    ]

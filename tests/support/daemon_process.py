"""A daemon as a process of its own, told what no command line tells: a cheap password cost, and a LocalTor where a folder is named.

python -m tests.support.daemon_process HOME SOCKET local:FOLDER
python -m tests.support.daemon_process HOME SOCKET unix:CONTROL | network:DIR

What follows these are files with passwords that open profiles at the start. $CWTCHD_TEST_CONFIG is JSON: more fields of Config.
"""

import json
import os
import sys
from pathlib import Path

from twisted.internet import asyncioreactor

CHEAP_KDF_BYTES = 1 << 20


def main(home: str, socket: str, tor: str, *passwords: str) -> int:
    asyncioreactor.install()  # type: ignore[no-untyped-call]
    from twisted.internet import reactor  # noqa: PLC0415 - importing it installs one

    from cwtchd.config import Config, HttpAddress, KdfCost, TorChoice  # noqa: PLC0415 - behind the reactor
    from cwtchd.credential import PasswordSources  # noqa: PLC0415 - likewise
    from cwtchd.daemon import run_daemon  # noqa: PLC0415 - likewise
    from tests.support.local_tor import LocalTor  # noqa: PLC0415 - likewise

    kind, _, where = tor.partition(":")
    choice = TorChoice(network=Path(where)) if kind == "network" else TorChoice(attach=tor)
    sources = PasswordSources(tuple(map(Path, passwords)))
    more = json.loads(os.environ.get("CWTCHD_TEST_CONFIG", "{}"))
    if "http" in more:
        more["http"] = HttpAddress(*more["http"])
    config = Config(Path(home), Path(socket), choice, KdfCost(CHEAP_KDF_BYTES, 1), passwords=sources, **more)
    return run_daemon(config, LocalTor(reactor, Path(where)) if kind == "local" else None)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

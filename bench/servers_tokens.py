"""A batch of tokens, and the same by Brave's Privacy Pass in Rust, of which Cwtch's scheme is a sibling: the same group, the same batched proof.

python -m bench.servers_tokens writes JSON: milliseconds for each side and round; with .venv-bench's packages on its path.
"""

import importlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping

from bench.processes import ROOT
from bench.table import Row, quotient
from cwtchd.protocol.crypto import privacypass
from cwtchd.protocol.crypto.privacypass import TokenKey
from cwtchd.protocol.crypto.transcript import Transcript

BATCH = 10
ROUNDS = 15
BATCHES = 40

Sides = Mapping[str, Callable[[], object]]


def measured() -> list[Row]:
    """In a process of its own, since the library stands in another venv."""
    found = next((ROOT / ".venv-bench" / "lib").glob("python*/site-packages"))
    environment = {**os.environ, "PYTHONPATH": str(found)}
    command = [sys.executable, "-m", "bench.servers_tokens"]
    run = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    figures = json.loads(run.stdout)
    return [
        quotient(
            f"token batch of {BATCH}, {side}",
            figures["ours"][side],
            ("challenge-bypass-ristretto", figures["native"][side]),
            most=4,
        )
        for side in ("server", "client")
    ]


def _ours() -> Sides:
    key = TokenKey.new(os.urandom)
    held = [privacypass.blind(os.urandom) for _ in range(BATCH)]
    points = [each.point for each in held]

    def server() -> privacypass.SignedBatch:
        return privacypass.sign(key, points, Transcript(b"bench"), os.urandom)

    signed = server()

    def client() -> None:
        for _ in range(BATCH):
            privacypass.blind(os.urandom)
        privacypass.unblind(key.public, held, signed, Transcript(b"bench"))

    return {"server": server, "client": client}


def _native() -> Sides:
    library = importlib.import_module("challenge_bypass_ristretto")
    key = library.random_signing_key()
    public = library.PublicKey.from_signing_key(key)
    tokens = [library.Token.create() for _ in range(BATCH)]
    blinded = [token.blind() for token in tokens]

    def server() -> tuple[list[object], object]:
        signed = [key.sign(each) for each in blinded]
        return signed, library.BatchDLEQProof.create(key, blinded, signed)

    signed, proof = server()

    def client() -> None:
        for _ in range(BATCH):
            library.Token.create().blind()
        proof.invalid_or_unblind(tokens, blinded, signed, public)  # type: ignore[attr-defined]

    return {"server": server, "client": client}


def _milliseconds(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(BATCHES):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def main() -> None:
    """Both in turns."""
    sides = {"native": _native(), "ours": _ours()}
    figures = {name: {side: [] for side in found} for name, found in sides.items()}  # type: dict[str, dict[str, list[float]]]
    for _ in range(ROUNDS):
        for side in ("server", "client"):
            for name, found in sides.items():
                figures[name][side].append(_milliseconds(found[side]))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()

"""The tors of a private network: who they are, what stands in their torrc, and the keys of its authorities.

All listen on one loopback address of the network's own, so that networks side by side never meet. The settings are
those of shared/spec/private-tor-network.md. Starting and ending them is network.py's.
"""

import contextlib
import os
import re
import secrets
import socket
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cwtchd.tor.torrc import quoted

AUTHORITIES = 3
FEWEST_RELAYS = 4
MOST_RELAYS = 50

EVERYWHERE = """\
TestingTorNetwork 1
AssumeReachable 1
PathsNeededToBuildCircuits 0.25
TestingDirAuthVoteExit *
TestingDirAuthVoteHSDir *
TestingDirAuthVoteGuard *
V3AuthNIntervalsValid 2
TestingV3AuthInitialVotingInterval 5
TestingV3AuthInitialVoteDelay 2
TestingV3AuthInitialDistDelay 2
V3AuthVotingInterval 10
V3AuthVoteDelay 2
V3AuthDistDelay 2
ConnLimit 60
"""
"""What every tor of such a network reads, clients too; the authorities' lines follow."""

_MOST_CONSENSUS_BYTES = 1 << 20
_PORTS = range(10_000, 30_000)
"""Below the ports that the system gives to outgoing connections."""


@dataclass(frozen=True, slots=True)
class Node:
    """One relay or authority."""

    name: str
    folder: Path
    address: str
    or_port: int
    dir_port: int | None
    """an authority's; None for a mere relay"""

    @property
    def data(self) -> Path:
        """Its data directory."""
        return self.folder / "data"

    @property
    def torrc(self) -> Path:
        """Its settings."""
        return self.folder / "torrc"

    @property
    def log(self) -> Path:
        """Its log, and whatever it prints."""
        return self.folder / "log"


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs that a network is made with."""

    tor: Path
    gencert: Path


def plan(folder: Path, relays: int) -> Sequence[Node]:
    """Authorities, then relays, on an address and ports that nobody uses now; `folder` holds a folder for each."""
    address = f"127.{1 + secrets.randbelow(254)}.{secrets.randbelow(256)}.{1 + secrets.randbelow(254)}"
    first = secrets.choice(_PORTS)
    nodes = []
    for number in range(AUTHORITIES + relays):
        authority = number < AUTHORITIES
        name = f"authority{number + 1}" if authority else f"relay{number + 1 - AUTHORITIES}"
        port = first + 2 * number
        nodes.append(Node(name, folder / name, address, port, port + 1 if authority else None))
    return nodes


def free(nodes: Iterable[Node]) -> bool:
    """Whether all their ports can be had."""
    for node in nodes:
        for port in filter(None, (node.or_port, node.dir_port)):
            with socket.socket() as trial:
                try:
                    trial.bind((node.address, port))
                except OSError:
                    return False
    return True


def make_keys(nodes: Sequence[Node], programs: Programs, pause: Callable[[], None]) -> str:
    """Makes folders and the authorities' keys; returns their `DirAuthority` lines.

    `pause` is called while keys are made, and may raise. Raises KeysFailed.
    """
    authorities = [node for node in nodes if node.dir_port is not None]
    for node in nodes:
        (node.data / "keys").mkdir(mode=0o700, parents=True)
        for made in (node.folder, node.data):
            made.chmod(0o700)
    certificates = _run_all([_gencert(programs.gencert, node) for node in authorities], pause)
    fingerprints = _run_all([_fingerprint(programs.tor, node) for node in authorities], pause)
    lines = []
    for node, _, printed in zip(authorities, certificates, fingerprints, strict=True):
        certificate = (node.data / "keys" / "authority_certificate").read_text()
        identity = re.search(r"^fingerprint ([0-9A-F]{40})$", certificate, re.MULTILINE)
        relay = re.search(r"^\w+ ((?:[0-9A-F]{4} ?){10})$", printed, re.MULTILINE)
        if identity is None or relay is None:
            raise KeysFailed(
                "The keys of an authority could not be read: are tor and tor-gencert of one version?"
            )
        lines.append(
            f"DirAuthority {node.name} orport={node.or_port} no-v2 v3ident={identity[1]}"
            f" {node.address}:{node.dir_port} {relay[1].replace(' ', '')}\n"
        )
    return "".join(lines)


def write_torrc(node: Node, common: str, owner: int | None) -> None:
    """Writes a node's settings; with an `owner`, it ends within 15 s of that process."""
    lines = [
        common,
        f"Nickname {node.name}\n",
        f"DataDirectory {quoted(node.data)}\n",
        f"Address {node.address}\n",
        f"ORPort {node.address}:{node.or_port}\n",
        "SocksPort 0\nExitRelay 1\nExitPolicy accept *:*\nContactInfo nobody@localhost\n",
        "Log notice stdout\n",
    ]
    if node.dir_port is not None:
        lines.append("AuthoritativeDirectory 1\nV3AuthoritativeDirectory 1\n")
        lines.append(f"DirPort {node.address}:{node.dir_port}\n")
    if owner is not None:
        lines.append(f"__OwningControllerProcess {owner}\n")
    node.torrc.write_text("".join(lines))


def agreed(nodes: Sequence[Node]) -> bool:
    """Whether every node has a consensus in which all of them stand."""
    for node in nodes:
        try:
            with (node.data / "cached-microdesc-consensus").open("rb") as file:
                listed = file.read(_MOST_CONSENSUS_BYTES).count(b"\nr ")
        except FileNotFoundError:
            return False
        if listed < len(nodes):
            return False
    return True


class KeysFailed(Exception):
    """An authority's keys could not be made. The text is a sentence."""


def _gencert(program: Path, node: Node) -> subprocess.Popen[str]:
    directory = f"{node.address}:{node.dir_port}"
    command: list[str | Path] = [
        program,
        "--create-identity-key",
        "-m",
        "12",
        "-a",
        directory,
        "--passphrase-fd",
        "0",
    ]
    # It reads an empty passphrase: the keys are thrown away with the network.
    return _start(command, node.data / "keys", b"\n")


def _fingerprint(program: Path, node: Node) -> subprocess.Popen[str]:
    early = node.folder / "early-torrc"
    early.write_text(f"Nickname {node.name}\nDataDirectory {quoted(node.data)}\nORPort {node.or_port}\n")
    return _start(
        [program, "--defaults-torrc", "/dev/null", "-f", early, "--list-fingerprint", "--quiet"], node.data
    )


def _start(command: Sequence[str | Path], folder: Path, told: bytes = b"") -> subprocess.Popen[str]:
    # A pipe that is filled beforehand: a program that ends without reading breaks nothing.
    reading, writing = os.pipe()
    try:
        os.write(writing, told)
        return subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=folder, text=True, stdin=reading, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    finally:
        os.close(reading)
        os.close(writing)


def _run_all(processes: Sequence[subprocess.Popen[str]], pause: Callable[[], None]) -> Sequence[str]:
    with contextlib.ExitStack() as ends:
        for process in processes:
            ends.enter_context(process)
        try:
            while any(process.poll() is None for process in processes):
                pause()
        except BaseException:
            for process in processes:
                process.kill()
            raise
        printed = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        raise KeysFailed("The keys of an authority could not be made: does tor-gencert run here?")
    return printed

"""A board that is killed: the same story of posts, in a process of its own that dies at a named place.

python -m tests.support.crashing_board SEED: reads lines `FOLDER FROM HOW WHERE`, forks a process for each that runs the story's batches from
FROM on the board in FOLDER, and writes `SIGNAL STEPS ANSWERS…` once it is dead: an answer for each batch that it had committed.

HOW is `step`: SIGKILL in place of SQLite's step WHERE; `answer`: SIGKILL once batch WHERE is committed, in place of the answer; `byte`: the system kills it where a file would grow past WHERE bytes, once what
fits is written (a torn write); `checkpoint`: likewise, with a checkpoint after each commit, so that it dies while the database itself
is written; `never`.
"""

import os
import random
import resource
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path

from cwtchd.protocol.model import EncryptedGroupMessage, SpentToken
from cwtchd.server import board, retention
from cwtchd.server.keys import ServerKeys
from cwtchd.server.settings import ServerSettings
from cwtchd.store.board import open_board
from cwtchd.store.database import Database, UnitOfWork
from tests.support.hosted_board import message
from tests.support.minting import minted, paid

ROWS_KEPT = 3
NOW = 1_700_000_000_000


@dataclass(frozen=True)
class Post:
    """A post, and whether its token is this server's for this message."""

    message: EncryptedGroupMessage
    token: SpentToken
    honest: bool = True


@dataclass(frozen=True)
class Prune:
    """Everything past ROWS_KEPT goes."""


@dataclass
class Story:
    """Batches, each one transaction."""

    keys: ServerKeys
    batches: list[list[Post | Prune]] = field(default_factory=list)


def story(seed: int, batches: int) -> Story:
    """The same for the same seed: new messages, repeats, junk under a known signature, spent tokens, foreign tokens, pruning."""
    chance = random.Random(seed)
    keys = ServerKeys.new(chance.randbytes)
    foreign = ServerKeys.new(chance.randbytes)
    told = Story(keys)
    tokens = minted(keys, batches * 3, chance.randbytes)
    wrong = minted(foreign, 10, chance.randbytes)
    said: list[Post] = []
    for _ in range(batches):
        batch: list[Post | Prune] = []
        for _ in range(chance.choice((1, 1, 2, 3))):
            kind = chance.choice(
                ("new", "new", "new", "repeat", "junk", "replayed", "foreign", "moved", "prune", "prune")
            )
            if kind == "prune":
                batch.append(Prune())
                continue
            old = chance.choice(said) if said else None
            new = message(chance.getrandbits(40), size=chance.choice((40, 500, 5_874)))
            if old is not None and kind == "repeat":
                new = old.message
            elif old is not None and kind == "junk":
                nonce, box = old.message.ciphertext[:24], chance.randbytes(80)
                new = EncryptedGroupMessage(nonce + box, old.message.signature)
            if old is not None and kind == "replayed":
                post = old
            elif kind == "foreign":
                post = Post(new, paid(keys, new, chance.choice(wrong)), honest=False)
            elif old is not None and kind == "moved":  # somebody else's token on another message
                post = Post(new, paid(keys, old.message, tokens.pop()), honest=False)
            else:
                post = Post(new, paid(keys, new, tokens.pop()))
                said.append(post)
            batch.append(post)
        told.batches.append(batch)
    return told


def unit(uow: UnitOfWork, keys: ServerKeys, step: Post | Prune) -> str:
    """What the runtime queues, and what comes of it, as a word."""
    if isinstance(step, Prune):
        removed = retention.prune(uow, ServerSettings(max_messages=ROWS_KEPT)).removed
        return f"pruned-{removed}"
    posted = board.post(uow, keys.token_key, keys.board.onion, step.message, step.token)
    return f"{posted.outcome.value}-{posted.row}"


def run(database: Database, told: Story, first: int, answers: int, mute_at: int | None) -> None:
    """Commits batch by batch, and says so after each."""
    for number, batch in enumerate(told.batches[first:], first):
        database.begin()
        said = [unit(UnitOfWork(database.sql, NOW, os.urandom), told.keys, step) for step in batch]
        database.commit()
        if number == mute_at:
            os.kill(os.getpid(), signal.SIGKILL)
        os.write(answers, (",".join(said) + " ").encode())


def live_and_die(folder: Path, first: int, how: str, where: int, told: Story, answers: int) -> int:
    """Runs the story until the death that was asked for; the number of SQLite's steps where it lives to the end."""
    steps = 0

    def step() -> int:
        nonlocal steps
        if how == "step" and steps == where:
            os.kill(os.getpid(), signal.SIGKILL)
        steps += 1
        return 0

    database = open_board(folder / "board.db", make=False)
    if how == "checkpoint":
        database.sql.exec_driver_sql("PRAGMA wal_autocheckpoint = 1")
    if how in {"byte", "checkpoint"}:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (where, where))
    else:
        database._driver.set_progress_handler(step, 1)
    run(database, told, first, answers, where if how == "answer" else None)
    return steps


def main(seed: str, batches: str) -> None:
    told = story(int(seed), int(batches))
    for line in sys.stdin:
        folder, first, how, where = line.split()
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            steps = live_and_die(Path(folder), int(first), how, int(where), told, writing)
            os.write(writing, f"steps:{steps}".encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            said = pipe.read().decode()
        _, status = os.waitpid(child, 0)
        died = os.WTERMSIG(status) if os.WIFSIGNALED(status) else -os.WEXITSTATUS(status)
        print(died, said, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

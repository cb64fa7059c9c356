"""A bot as a process that kills itself between a handler and the note of it: where a crash would do most harm.

python -m tests.support.crashing_bot MODULE NOTES ARGUMENTS…: dies, by SIGKILL, in place of the note after so many.
"""

import os
import runpy
import signal
import sys

from cwtch_client.bot_place import Place


def main(module: str, notes: str, *arguments: str) -> None:
    left = int(notes)
    write = Place.write

    def last_words(self: Place, seq: int) -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        write(self, seq)

    Place.write = last_words  # type: ignore[method-assign]
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__")


if __name__ == "__main__":
    main(*sys.argv[1:])

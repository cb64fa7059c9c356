"""`make demo`: cwtchd's main job, played on a private Tor network with the `cwtch` command line, from a folder that is gone after.

Exit status: 0 where everything was as it should be, 1 with a sentence where it was not, 128 + the signal where it was interrupted.
"""

import contextlib
import sys

from demo.play import play
from demo.show import Show
from demo.stage import Interrupted, PlayFailed, Stage


def main() -> int:
    """Plays the demo; returns its exit status."""
    show = Show()
    stage = Stage(show)
    status = 0
    try:
        play(stage, show)
    except PlayFailed as failed:
        status = _failed(failed)
    except Interrupted as interrupted:
        status = interrupted.status
        show.note("interrupted: ending everything that was started …", "bold")
    finally:
        show.title("The end")
        try:
            stage.end()
        except PlayFailed as failed:
            status = _failed(failed) if status == 0 else status
        else:
            show.note("no process and no file is left")
    return status


def _failed(failed: PlayFailed) -> int:
    with contextlib.suppress(OSError):
        print(f"demo: {failed}", file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())

"""Standard output that cannot be written to any more."""

import os
import sys


def give_up_output() -> None:
    """Have Python not try once more, at its end, to write what could not be written."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

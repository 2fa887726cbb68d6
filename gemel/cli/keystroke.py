"""One key of the keyboard, without Enter where the terminal can do that."""

import os
import select
import sys

_ESCAPE = b"\x1b"
_END = b"\x04"
_PAUSE = 0.02
"""Seconds within which a terminal sends the rest of an arrow key."""


def read_key() -> str:
    """Wait for a key and give its letter in lower case; "" once there is nothing to wait for.

    Where standard input is no terminal, or one that hands over whole lines only, a line is read
    and its first letter counts. An arrow, or another key that sends several letters, is none.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    try:
        import termios
        import tty
    except ImportError:
        return _read_line()
    if not sys.stdin.isatty():
        return _read_line()
    place = sys.stdin.fileno()
    before = termios.tcgetattr(place)
    try:
        tty.setcbreak(place, termios.TCSADRAIN)
        letter = os.read(place, 1)
        if letter == _ESCAPE:
            while select.select([place], [], [], _PAUSE)[0]:
                os.read(place, 32)
    finally:
        termios.tcsetattr(place, termios.TCSADRAIN, before)
    return "" if letter == _END else letter.decode("ascii", "replace").lower()


def _read_line() -> str:
    line = sys.stdin.readline()
    return (line.strip() or "\n")[0].lower() if line else ""

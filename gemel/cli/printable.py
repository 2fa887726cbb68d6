"""Text of others on a terminal."""

import sys

from rich.cells import cell_len, set_cell_size


def printable(text: str) -> str:
    """Show what a terminal would obey, or could not print, as one character."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def shortened(text: str, width: int, *, always: bool = False) -> str:
    """Make it printable, and end it in three dots where it takes more cells than `width`.

    Only on a terminal, unless `always`: what a pipe or a file takes is whole. Ids are never cut.
    """
    text = printable(text)
    if cell_len(text) <= width or not (always or (sys.stdout is not None and sys.stdout.isatty())):
        return text
    return set_cell_size(text, width - 3) + "..."


def padded(text: str, width: int) -> str:
    """Make it printable, and fill it with spaces up to `width` cells; longer ones stay whole."""
    text = printable(text)
    return text + " " * (width - cell_len(text))

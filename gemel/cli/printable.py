"""Text of others on a terminal."""

from rich.cells import cell_len, set_cell_size

__all__ = ["printable", "shortened"]


def printable(text: str) -> str:
    """Show what a terminal would obey, or could not print, as one character."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def shortened(text: str, width: int) -> str:
    """Make it printable, and end it in three dots where it takes more cells than `width`."""
    text = printable(text)
    return text if cell_len(text) <= width else set_cell_size(text, width - 3) + "..."

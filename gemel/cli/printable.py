"""Text of others on a terminal."""

__all__ = ["printable"]


def printable(text: str) -> str:
    """Show what a terminal would obey, or could not print, as one character."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)

"""`gemel doctor`."""

from gemel.errors import GemelError

__all__ = ["doctor"]


def doctor() -> None:
    """Say what this installation can do."""
    raise GemelError("not written yet")

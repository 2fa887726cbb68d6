"""`gemel mine`."""

from gemel.errors import GemelError

__all__ = ["mine"]


def mine() -> None:
    """Find hard negatives for labelled pairs."""
    raise GemelError("not written yet")

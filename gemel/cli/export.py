"""`gemel export`."""

from gemel.errors import GemelError

__all__ = ["export"]


def export() -> None:
    """Write a model in a form that other tools read."""
    raise GemelError("not written yet")

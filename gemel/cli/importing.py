"""`gemel import`."""

from gemel.errors import GemelError

__all__ = ["import_"]


def import_() -> None:
    """Make a gemel model of what another tool wrote."""
    raise GemelError("not written yet")

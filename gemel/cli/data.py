"""`gemel data`."""

from gemel.errors import GemelError

__all__ = ["data"]


def data() -> None:
    """Fetch a public file of question pairs."""
    raise GemelError("not written yet")

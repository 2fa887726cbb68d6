"""Models that come with gemel: a folder each, in this folder."""

from pathlib import Path

__all__ = ["DEFAULT_MODEL", "came_with_gemel"]

DEFAULT_MODEL = "quora-en"
"""The one that answers when none is named."""


def came_with_gemel(name: str | Path) -> Path | None:
    """Give the folder of a model that is called by its name; None if none is called that.

    A folder of that name in the current one goes first.
    """
    path = Path(name)
    if path.exists() or path.parts != (path.name,):
        return None
    folder = Path(__file__).parent / path
    return folder if (folder / "config.json").is_file() else None

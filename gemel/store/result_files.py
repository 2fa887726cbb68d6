"""What is asked of a file before something is written into it."""

from collections.abc import Collection
from pathlib import Path

from gemel.errors import DataError


def require_new_file(path: Path, kinds: Collection[str], *, overwrite: bool) -> None:
    """Refuse the name of a file that cannot be written, or should not.

    Args:
        path: where something is to be written.
        kinds: the endings that it may have.
        overwrite: whether a file that stands there may be replaced.

    Raises:
        DataError: its name has no known ending, or something stands there.
    """
    if path.suffix not in kinds:
        raise DataError(
            f"is of no known kind; expected a name ending in {', '.join(kinds)}", path=path
        )
    if path.is_dir():
        raise DataError("is a folder; expected a file to write", path=path)
    if path.exists() and not overwrite:
        raise DataError("stands there already; name another file, or add --overwrite", path=path)

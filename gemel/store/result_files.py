"""Checks of output files."""

from collections.abc import Collection
from pathlib import Path

from gemel.errors import DataError


def require_new_file(path: Path, kinds: Collection[str], *, overwrite: bool) -> None:
    """Check that an output file has a known extension and may be written.

    Raises:
        DataError: an unknown extension, or it exists.
    """
    if path.suffix not in kinds:
        raise DataError(
            f"is of no known kind; expected a name ending in {', '.join(kinds)}", path=path
        )
    if path.is_dir():
        raise DataError("is a folder; expected a file to write", path=path)
    if path.exists() and not overwrite:
        raise DataError("exists already; name another file, or add --overwrite", path=path)

"""The folder that an export fills: whole or not at all, and never in place of something else.

`gemel.json` in it says what it was made of, which files it has, and how the model decides.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gemel.errors import FolderError
from gemel.exchange.frozen_model import Frozen
from gemel.exchange.token_file import is_whole
from gemel.files import check_replaceable, check_writable, new_folder, write_text
from gemel.version import __version__

NOTE = "gemel.json"
"""What says that a folder was exported."""


def check_export_place(path: str | Path, *, overwrite: bool = False) -> None:
    """Refuse a place where an export may not be written.

    Args:
        path: where it would go.
        overwrite: whether an export that stands there may be replaced.

    Raises:
        FolderError: an export stands there, or anything else that is not an empty folder; or its
            name is none that other tools can open.
        OSError: nothing can be written there.
    """
    path = Path(path)
    if not is_whole(str(path.resolve())):
        raise FolderError(
            f"{str(path)!a}: has bytes in its name that are no text, and other tools do not open "
            "it; choose another place"
        )
    check_replaceable(path)
    if path.is_dir() and any(path.iterdir()):
        foreign = _foreign(path)
        if foreign:
            raise FolderError(
                f"{path}: holds {foreign[0]}, which `gemel export` did not write there and which "
                "would be lost; choose another place"
            )
        if not overwrite:
            raise FolderError(f"{path}: holds an export already; add --overwrite to replace it")
    elif path.exists() and not path.is_dir():
        raise FolderError(f"{path}: is there and is no folder; choose another place")
    check_writable(path)


def _foreign(path: Path) -> list[str]:
    """Give the files of a folder that the note in it does not name."""
    try:
        named = set(json.loads((path / NOTE).read_bytes())["files"])
    except (OSError, ValueError, KeyError, TypeError):
        named = set()
    return [name for name in _files(path) if name not in named]


def _files(path: Path) -> list[str]:
    return sorted(
        each.relative_to(path).as_posix()
        for each in path.rglob("*")
        if not each.is_dir() or each.is_symlink()
    )


@contextlib.contextmanager
def new_export(path: Path, note: Mapping[str, Any], *, overwrite: bool) -> Iterator[Path]:
    """Fill a folder beside `path`, write its note, and put it in place: whole or not at all.

    Args:
        path: where it shall be.
        note: what `gemel.json` shall say, beside the files.
        overwrite: see `check_export_place`.

    Yields:
        The folder to write into; an error in the block leaves `path` as it was.

    Raises:
        FolderError, OSError: see `check_export_place`.
    """
    check_export_place(path, overwrite=overwrite)
    with new_folder(path) as folder:
        yield folder
        content = {**note, "files": [*_files(folder), NOTE]}
        write_text(folder / NOTE, json.dumps(content, indent=1, allow_nan=False) + "\n")


def decision_note(frozen: Frozen) -> dict[str, Any]:
    """Give what a note says of a model: how it decides, and whether the cosine is what it asks."""
    decision = frozen.decision
    asked = "cosine" if frozen.holds_for_cosine else "gemel's own, by its pair head or letters"
    return {
        "gemel_version": __version__,
        "similarity": "cosine",
        "decision": {
            "of_similarity": asked,
            "holds_for_cosine": frozen.holds_for_cosine,
            "threshold": decision.threshold,
            "lower": decision.lower,
            "upper": decision.upper,
            "slope": decision.slope,
            "intercept": decision.intercept,
            "pairs": decision.pairs,
            "prevalence": decision.prevalence,
            "data": decision.data,
        },
    }

"""Texts that cannot agree, as a file: one JSON object a line."""

import json
from collections.abc import Iterable
from pathlib import Path

from gemel.exchange.agreement import Disagreement
from gemel.files import check_writable, write_bytes
from gemel.store.result_files import require_new_file


def check_disagreement_file(path: str | Path, *, overwrite: bool = False) -> None:
    """Find out, before long work, whether disagreements can be written into a file.

    Raises:
        DataError: its name does not end in .jsonl, or something stands there.
        OSError: nothing can be written there.
    """
    path = Path(path)
    require_new_file(path, (".jsonl",), overwrite=overwrite)
    check_writable(path)


def write_disagreements(found: Iterable[Disagreement], path: str | Path) -> None:
    """Write all of them, whole or not at all: `text`, `reason` and `words` of each.

    Raises:
        OSError: it cannot be written; what stood there stays.
    """
    lines = "".join(json.dumps(each._asdict()) + "\n" for each in found)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, lines.encode("ascii"))

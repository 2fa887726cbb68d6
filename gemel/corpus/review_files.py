"""Decided pairs as files of labelled pairs."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, TypeAlias

from gemel.files import check_writable, new_file, require_new_file
from gemel.store.base import Review, ReviewStore

_COLUMNS = ("question1", "question2", "is_duplicate", "reviewer", "decided_at", "id1", "id2")
_Row: TypeAlias = tuple[str, str, int, str, str, str, str]


class ExportedReviews(NamedTuple):
    """Numbers of exported pairs by decision."""

    same: int
    """Duplicates written."""
    different: int
    """Different questions written."""
    skipped: int
    """Skipped pairs, left out."""


def check_review_file(path: str | Path, *, overwrite: bool = False) -> None:
    """Check that decided pairs can be written to a file.

    Raises:
        DataError: an unknown extension, or it exists.
        OSError: it cannot be written.
    """
    path = Path(path)
    require_new_file(path, REVIEW_KINDS, overwrite=overwrite)
    check_writable(path)


def write_reviews(store: ReviewStore, path: str | Path) -> ExportedReviews:
    """Write all decided pairs of a store to a file, complete or not at all.

    Raises:
        StoreError: they cannot be read.
        OSError: it cannot be written; an existing file is unchanged.
    """
    path = Path(path)
    counted = dict.fromkeys(_LABELS, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    with new_file(path) as stream:
        for line in review_lines(store, path.suffix, counted):
            stream.write(line.encode("utf-8", "replace"))
    return ExportedReviews(**counted)


def review_lines(
    store: ReviewStore, kind: str = ".csv", counted: dict[str, int] | None = None
) -> Iterator[str]:
    """Yield the decided pairs as lines, in order of decision.

    Args:
        store: the decisions.
        kind: one of `REVIEW_KINDS`.
        counted: counts by answer, updated.
    """
    rows = _rows(store, {} if counted is None else counted)
    return _WRITERS[kind](rows)


def _rows(store: ReviewStore, counted: dict[str, int]) -> Iterator[_Row]:
    for lot in store.reviews(metadata=0):
        for review in lot:
            counted[review.answer] = counted.get(review.answer, 0) + 1
            label = _LABELS[review.answer]
            if label is not None:
                yield _row(review, label)


_LABELS = {"same": 1, "different": 0, "skipped": None}


def _row(review: Review, label: int) -> _Row:
    when = datetime.fromtimestamp(review.decided_at, UTC).isoformat(timespec="seconds")
    left, right = review.left, review.right
    return left.text, right.text, label, review.reviewer, when, left.id, right.id


def _delimited(delimiter: str, rows: Iterator[_Row]) -> Iterator[str]:
    line = io.StringIO()
    writer = csv.writer(line, delimiter=delimiter)
    writer.writerow(_COLUMNS)
    yield line.getvalue()
    for row in rows:
        line.seek(0)
        line.truncate()
        writer.writerow(row)
        yield line.getvalue()


def _json_lines(rows: Iterator[_Row]) -> Iterator[str]:
    for row in rows:
        yield json.dumps(dict(zip(_COLUMNS, row, strict=True))) + "\n"


_WRITERS: dict[str, Callable[[Iterator[_Row]], Iterator[str]]] = {
    ".csv": lambda rows: _delimited(",", rows),
    ".tsv": lambda rows: _delimited("\t", rows),
    ".jsonl": _json_lines,
}
REVIEW_KINDS = tuple(_WRITERS)
"""File extensions for decided pairs."""

"""Making files that gemel reads at once of what publishers have; counting what is in them."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gemel.data import BadRows, Columns, Source, stream_pairs, stream_questions, stream_unlabelled
from gemel.files import new_file
from gemel.public_data.catalogue import Corpus, Holds, Part
from gemel.public_data.unpacking import open_members
from gemel.text import Progress

LEFT_OUT = "left-out.jsonl"
"""The list of the rows that do not fit."""
_FEW = 1000
"""Rows that may be left out: more, and the file is not what we take it for."""
_EVERY = 10_000
_HEADERS = {
    Holds.PAIRS: ("question1", "question2", "is_duplicate"),
    Holds.UNLABELLED: ("question1", "question2"),
}


@dataclass
class Counts:
    """What was found in a part."""

    rows: int = 0
    """That gemel can read."""
    duplicates: int | None = None
    """How many of them are labelled 1, where there are labels."""
    left_out: int = 0
    """That do not fit: a column too few, a label that is none."""


def convert(corpus: Corpus, folder: Path, progress: Progress | None = None) -> list[Counts]:
    """Write the parts of a corpus that lie in its archive, all or none; count the rows of all.

    GLUE and PAWS write their columns with tabs between and no quotes around: what gemel reads at
    once has quotes where they are needed. The texts stay as they are.

    Args:
        corpus: which.
        folder: where the publisher's files lie, and its parts shall.
        progress: is told how many rows were read.

    Returns:
        What was found in each part.

    Raises:
        DataError: the archive is not as expected, or many rows are not.
    """
    list_of_bad = folder / LEFT_OUT
    bad_rows = BadRows(_FEW, list_of_bad)
    list_of_bad.unlink(missing_ok=True)
    packed = {part.member: part for part in corpus.parts if part.member}
    counted: dict[str, Counts] = {}
    if packed:
        archive = folder / corpus.remotes[0].name
        with ExitStack() as stack, open_members(archive, packed) as members:
            for member, stream in members:
                part = packed[member]
                out = stack.enter_context(new_file(folder / part.name))
                source = Source(archive / member, ".tsv", stream)
                rows = _rows(part, source, Columns(quotes=False, html="keep"), bad_rows)
                counted[part.name] = _write(out, part, rows, bad_rows, progress)
    for part in corpus.parts:
        if not part.member:
            rows = _rows(part, Source.of(folder / part.name), Columns(), bad_rows)
            counted[part.name] = _count(part, rows, bad_rows, progress)
    return [counted[part.name] for part in corpus.parts]


def _rows(
    part: Part, source: Source, columns: Columns, bad_rows: BadRows
) -> Iterator[Sequence[Any]]:
    """Give the rows of a part as they are written."""
    if part.holds == Holds.QUESTIONS:
        for question in stream_questions(source, skip_bad=bad_rows):
            yield (question.text,)
    elif part.holds == Holds.UNLABELLED:
        for unlabelled in stream_unlabelled(source, columns, bad_rows):
            yield unlabelled.left, unlabelled.right
    else:
        for pair in stream_pairs(source, columns, bad_rows):
            yield pair.left, pair.right, int(pair.is_duplicate)


def _count(
    part: Part, rows: Iterator[Sequence[Any]], bad_rows: BadRows, progress: Progress | None
) -> Counts:
    before = bad_rows.count
    counts = Counts(duplicates=0 if part.holds == Holds.PAIRS else None)
    for row in rows:
        counts.rows += 1
        if counts.duplicates is not None:
            counts.duplicates += row[2]
        if progress is not None and counts.rows % _EVERY == 0:
            progress(f"reading {part.name}", counts.rows, part.rows)
    counts.left_out = bad_rows.count - before
    return counts


def _write(
    out: io.BufferedWriter,
    part: Part,
    rows: Iterator[Sequence[Any]],
    bad_rows: BadRows,
    progress: Progress | None,
) -> Counts:
    text = io.TextIOWrapper(out, encoding="utf-8", newline="")
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(_HEADERS[part.holds])

    def written() -> Iterator[Sequence[Any]]:
        for row in rows:
            writer.writerow(row)
            yield row

    counts = _count(part, written(), bad_rows, progress)
    text.detach()
    return counts

"""Write hard negatives to files for `gemel train` and sentence-transformers, with statistics."""

import contextlib
import csv
import io
import itertools
import json
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float32

from gemel.config.mining_rules import SKIPS, MiningRules
from gemel.errors import ConfigError, DataError, MissingExtraError
from gemel.files import check_writable, new_file, require_new_file
from gemel.mining.hard_negatives import Likely, MinedBatch, mine_batches
from gemel.mining.mining_questions import MiningQuestions, MiningVectors
from gemel.text import Progress

MinedRow: TypeAlias = tuple[str | int | list[str] | list[int], ...]
"""A text, a label, or a list of them, by column."""

_ROWS = 8192
"""Rows written at a time."""
_LISTS = "labeled-list"
_COLUMNS = {
    "triplet": ("anchor", "positive", "negative"),
    "n-tuple": ("anchor", "positive"),
    "labeled-pair": ("question1", "question2", "is_duplicate"),
    _LISTS: ("anchor", "texts", "labels"),
}
FORMS = tuple(_COLUMNS)
"""Forms of rows."""
_SEPARATORS = {".csv": ",", ".tsv": "\t"}
MINED_KINDS = (*_SEPARATORS, ".jsonl", ".parquet")
"""File extensions for negatives."""


@dataclass(frozen=True, kw_only=True)
class ScoreSummary:
    """Mean and quartiles of cosines."""

    count: int
    mean: float
    least: float
    quarter: float
    median: float
    three_quarters: float
    most: float

    @classmethod
    def of(cls, scores: Float32[np.ndarray, "scores"]) -> "ScoreSummary":
        """Summarise at least one score."""
        cuts = np.quantile(scores.astype(np.float64), (0, 0.25, 0.5, 0.75, 1)).tolist()
        names = ("least", "quarter", "median", "three_quarters", "most")
        mean = float(scores.mean(dtype=np.float64))
        return cls(count=len(scores), mean=mean, **dict(zip(names, cuts, strict=True)))


@dataclass(frozen=True, kw_only=True)
class Mined:
    """Statistics of mined negatives; questions are counted once."""

    path: Path
    form: str
    """One of `FORMS`."""
    rows: int
    """Rows of the file."""
    candidates: int
    anchors: int
    positives: int
    """Duplicates, anchor by anchor."""
    wanted: int
    """Negatives requested."""
    negatives: int
    labelled: int
    """Negatives labelled as not the same."""
    few: int
    """Anchors with at least one negative, but fewer than requested."""
    none: int
    """Anchors without negatives."""
    left_out: int
    """Anchors that the form leaves out."""
    depth: int
    """Candidates to examine for each anchor, known duplicates excluded."""
    looked: int
    """Candidates examined."""
    skipped: dict[str, int]
    """Candidates skipped by the first matching reason in `SKIPS`."""
    copies: int
    """Duplicates without an anchor because both questions are copies."""
    blanks: int
    """Pairs left out because a question has no word or mark."""
    positive_scores: ScoreSummary
    negative_scores: ScoreSummary
    neighbours: str
    """Reason for the search method."""


class MinedAnchor(NamedTuple):
    """A question with its duplicates and negatives, most similar first."""

    anchor: str
    positives: list[str]
    negatives: list[str]


def write_negatives(
    path: Path,
    questions: MiningQuestions,
    vectors: MiningVectors,
    rules: MiningRules,
    *,
    form: str = "triplet",
    likely: Likely | None = None,
    threads: int = 1,
    progress: Progress | None = None,
) -> Mined:
    """Mine hard negatives, and write them as they are found; see `mine_batches`.

    Raises:
        DataError: no negative was found; nothing is written.
        OSError: it cannot be written; an existing file is unchanged.
    """
    tally = _Tally(questions, rules)

    def rows() -> Iterator[MinedRow]:
        for batch in mine_batches(
            questions, vectors, rules, likely=likely, threads=threads, progress=progress
        ):
            tally.add(batch)
            for mined in _in_words(questions, batch):
                yield from rows_in_form(form, mined, rules.count)
        tally.require_some(form)

    written = write_mined(path, column_names(form, rules.count), rows())
    return tally.summed(path, form, written, vectors.why)


def _in_words(questions: MiningQuestions, batch: MinedBatch) -> Iterator[MinedAnchor]:
    word: Callable[[int], str] = questions.texts.__getitem__
    for place, negatives in enumerate(batch.negatives.tolist(), batch.first):
        start, end = questions.starts[place : place + 2].tolist()
        yield MinedAnchor(
            word(int(questions.anchors[place])),
            [word(number) for number in questions.positives[start:end].tolist()],
            [word(number) for number in negatives if number >= 0],
        )


class _Tally:
    """Running statistics; holds four bytes a score."""

    def __init__(self, questions: MiningQuestions, rules: MiningRules):
        self.questions, self.rules = questions, rules
        self.looked = self.labelled = 0
        self.skipped = np.zeros(len(SKIPS), np.int64)
        self.anchors_with = np.zeros(rules.count + 1, np.int64)
        self.positive_scores, self.negative_scores = array("f"), array("f")

    def add(self, batch: MinedBatch) -> None:
        there = batch.negatives >= 0
        self.looked += batch.looked
        self.labelled += batch.labelled
        self.skipped += batch.skipped
        self.anchors_with += np.bincount(there.sum(axis=1), minlength=self.rules.count + 1)
        self.positive_scores.frombytes(batch.positive_scores.tobytes())
        self.negative_scores.frombytes(batch.scores[there].tobytes())

    def require_some(self, form: str) -> None:
        """Raise DataError if there is no negative, or none that the form can hold."""
        enough = self.rules.count if form == "n-tuple" else 1
        if self.anchors_with[enough:].any():
            return
        counted = zip(SKIPS, self.skipped.tolist(), strict=True)
        why = ", ".join(f"{number:,} by {name}" for name, number in counted if number)
        wanted = f"all {enough} negatives that an n-tuple takes" if enough > 1 else "a negative"
        raise DataError(
            f"no anchor of {len(self.questions.anchors):,} has {wanted}; of {self.looked:,} "
            f"candidates were skipped: {why or 'none'}. Loosen what skips most, or look at more "
            "with a larger range_max, or name a larger corpus"
        )

    def summed(self, path: Path, form: str, rows: int, why: str) -> Mined:
        count, anchors_with = self.rules.count, self.anchors_with.tolist()
        few, none = sum(anchors_with[1:count]), anchors_with[0]
        positive_scores, negative_scores = (
            ScoreSummary.of(np.array(scores, np.float32))
            for scores in (self.positive_scores, self.negative_scores)
        )
        return Mined(
            path=path,
            form=form,
            rows=rows,
            candidates=self.questions.candidates,
            anchors=len(self.questions.anchors),
            positives=len(self.questions.positives),
            wanted=count * len(self.questions.anchors),
            negatives=len(self.negative_scores),
            labelled=self.labelled,
            few=few,
            none=none,
            left_out={"labeled-pair": 0, "n-tuple": few + none}.get(form, none),
            depth=self.rules.depth,
            looked=self.looked,
            skipped=dict(zip(SKIPS, self.skipped.tolist(), strict=True)),
            copies=self.questions.copies,
            blanks=self.questions.blanks,
            positive_scores=positive_scores,
            negative_scores=negative_scores,
            neighbours=why,
        )


def column_names(form: str, count: int) -> tuple[str, ...]:
    """Return the columns of a form with `count` negatives."""
    more = range(1, count + 1) if form == "n-tuple" else ()
    return (*_COLUMNS[form], *(f"negative_{number}" for number in more))


def rows_in_form(form: str, mined: MinedAnchor, count: int) -> Iterator[MinedRow]:
    """Yield the rows of an anchor.

    `triplet`: each positive with each negative; `n-tuple`: each positive with all `count`
    negatives, if there are as many; `labeled-pair`: each positive and each negative;
    `labeled-list`: each positive with all negatives.
    """
    anchor, positives, negatives = mined
    if form == "triplet":
        for positive, negative in itertools.product(positives, negatives):
            yield anchor, positive, negative
    elif form == "labeled-pair":
        for label, others in ((1, positives), (0, negatives)):
            yield from ((anchor, other, label) for other in others)
    elif form == "n-tuple" and len(negatives) == count:
        yield from ((anchor, positive, *negatives) for positive in positives)
    elif form == _LISTS and negatives:
        labels = [1] + [0] * len(negatives)
        yield from ((anchor, [positive, *negatives], labels) for positive in positives)


def check_mined_file(path: str | Path, form: str, *, overwrite: bool = False) -> None:
    """Check that negatives can be written to a file.

    Raises:
        ConfigError: an unknown form.
        DataError: an extension that is unknown or does not fit the form, or it exists.
        MissingExtraError: Parquet needs pyarrow.
        OSError: it cannot be written.
    """
    path = Path(path)
    if form not in FORMS:
        raise ConfigError(f"form must be one of {', '.join(FORMS)}, not {form!r}")
    require_new_file(path, MINED_KINDS, overwrite=overwrite)
    if form == _LISTS and path.suffix in _SEPARATORS:
        raise DataError(
            f"has no place for lists, which a {_LISTS} is made of; name a .jsonl or .parquet file",
            path=path,
        )
    if path.suffix == ".parquet":
        _pyarrow()
    check_writable(path)


def write_mined(path: str | Path, names: tuple[str, ...], rows: Iterable[MinedRow]) -> int:
    """Write rows to a file as they come, complete or not at all, and return their number.

    Raises:
        OSError: it cannot be written; an existing file is unchanged.
    """
    path, rows = Path(path), iter(rows)
    written = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with new_file(path) as stream, contextlib.ExitStack() as stack:
        write = _writer(stream, path.suffix, names, stack)
        while batch := list(itertools.islice(rows, _ROWS)):
            write(batch)
            written += len(batch)
    return written


def _writer(
    stream: Any, kind: str, names: tuple[str, ...], stack: contextlib.ExitStack
) -> Callable[[list[MinedRow]], None]:
    """Write the header, and return a function that writes rows; `stack` closes the writer."""
    if kind == ".parquet":
        pyarrow, parquet = _pyarrow()
        types: dict[str, Any] = {
            "is_duplicate": pyarrow.int64(),
            "labels": pyarrow.list_(pyarrow.int64()),
            "texts": pyarrow.list_(pyarrow.string()),
        }
        schema = pyarrow.schema([(name, types.get(name, pyarrow.string())) for name in names])
        writer = stack.enter_context(parquet.ParquetWriter(stream, schema))

        def write_table(rows: list[MinedRow]) -> None:
            columns = [[_storable(value) for value in column] for column in zip(*rows, strict=True)]
            writer.write_table(pyarrow.table(dict(zip(names, columns, strict=True)), schema=schema))

        return write_table
    if kind == ".jsonl":

        def write_json(rows: list[MinedRow]) -> None:
            objects = (dict(zip(names, row, strict=True)) for row in rows)
            lines = (json.dumps(each, ensure_ascii=False) + "\n" for each in objects)
            stream.write("".join(lines).encode("utf-8", "replace"))

        return write_json

    def write_delimited(rows: Iterable[Iterable[Any]]) -> None:
        lines = io.StringIO()
        csv.writer(lines, delimiter=_SEPARATORS[kind]).writerows(rows)
        stream.write(lines.getvalue().encode("utf-8", "replace"))

    write_delimited([names])
    return write_delimited


def _storable(value: Any) -> Any:
    """Replace lone surrogates, which UTF-8 cannot hold, by question marks."""
    if isinstance(value, list):
        return [_storable(each) for each in value]
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise MissingExtraError("Parquet", "parquet") from error
    return pyarrow, parquet

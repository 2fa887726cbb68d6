"""Split a file of pairs into files with unchanged rows."""

import contextlib
import gzip
import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int

from gemel.config import require_whole
from gemel.data.bad_rows import BadRows
from gemel.data.columns import Columns
from gemel.data.duplicate_graph import PairGraph, first_copies
from gemel.data.pairs import Pairs, QuestionPair
from gemel.data.readers import Row, open_table, rows_of, stream_rows
from gemel.data.sources import Source, ending, is_gzip
from gemel.data.splits import NOWHERE, Split, split_by_component
from gemel.data.tables import parquet_batches, parquet_file
from gemel.errors import ConfigError, DataError
from gemel.files import check_writable, new_file, new_folder
from gemel.notebook import shown

_USUAL = {"train": 0.8, "validation": 0.1, "test": 0.1}
_MOST_FOLDS = 1000
"""Each fold is a copy of all rows."""
_NAME = re.compile(r"\w[\w.-]*")


@dataclass(frozen=True, kw_only=True)
class SplitPart:
    """A written file."""

    path: str
    pairs: int
    duplicates: int
    questions: int
    """Distinct questions."""
    shared_questions: int
    """Questions that are in another part too, copies included; 0 for a split."""

    @property
    def prevalence(self) -> float:
        """Share of pairs labelled 1."""
        return self.duplicates / self.pairs


@shown(
    lambda it: {"data": it.data, "pairs": it.pairs, "parts": len(it.parts)},
    lambda it: ((part.path, part.pairs) for part in it.parts),
)
@dataclass(frozen=True, kw_only=True)
class SplitReport:
    """Report of a split."""

    data: str
    """The file."""
    pairs: int
    duplicates: int
    units: int
    """Components, and duplicate groups of those that were cut."""
    cut_components: int
    """Components above 5 % of the pairs, cut between duplicate groups."""
    dropped_pairs: int
    """Pairs in no part, or with folds in no test, because a cut put their questions into different
    parts."""
    seed: int
    parts: tuple[SplitPart, ...]
    """In the requested order; with folds `train` and `test` of each."""


def split_file(
    path: str | Path,
    out: str | Path,
    *,
    parts: Mapping[str, float] | None = None,
    folds: int | None = None,
    seed: int = 0,
    columns: Columns | None = None,
    skip_bad: int | BadRows = 0,
) -> SplitReport:
    """Deal the rows of a file into files of the same kind; see `split_by_component`.

    No question, nor a copy of it, is in two parts, or in training and test of one fold. A row
    whose questions are in different parts goes into none; with folds, into the trainings that
    share no question with their tests.

    Args:
        path: the file; its rows are copied unchanged.
        out: the folder to make, whole or not at all: `NAME.csv`, or `fold-1/train.csv` and so on.
        parts: name and share of each part; train 0.8, validation 0.1, test 0.1 if None.
        folds: how many times to split into `train` and `test`, so that each row is in one `test`
            at most.
        seed: another seed, another split.
        columns: the columns, if not the usual ones.
        skip_bad: number of bad rows to skip; they go into no part.

    Raises:
        ConfigError: shares that are not positive or not 1 in sum, a name that is none for a
            file, fewer than two folds, a seed below 0, both parts and folds.
        DataError: the file cannot be read, or not twice, as a pipe; a part would be empty, or
            `out` holds something.
    """
    file, out = Source.of(path).file, Path(out)
    if file is None:
        raise Source.of(path).error(
            "is no file, and a split copies the rows of one; write it into one first, or give its "
            "pairs groups (gemel.sklearn.question_groups)"
        )
    shares = _shares(parts, folds, seed)
    require_empty(out)
    if file.exists() and not file.is_file() and not file.is_dir():
        problem = "is a pipe, and a split reads its rows twice; save them in a file first"
        raise DataError(problem, path=file)
    pairs, rows = _read(file, columns, BadRows.of(skip_bad))
    graph = PairGraph.of(pairs)
    names = list(shares)
    # The largest part is dealt last, so that it takes what the others have too much or too little.
    order = sorted(names, key=lambda name: shares[name])
    split = split_by_component(graph, [shares[name] for name in order], seed)
    places = np.array([names.index(name) for name in order], np.int32)
    # Of a row with two pairs, as an anchor with a negative has, both go the same way.
    first_pairs = np.searchsorted(rows, np.arange(rows[-1] + 1))
    ends = np.sort(places[split.ends], axis=0)
    low = np.minimum.reduceat(ends[0], first_pairs)
    high = np.maximum.reduceat(ends[1], first_pairs)
    part_of_row = np.where(low == high, low, NOWHERE)
    _refuse_empty(part_of_row, names, split, file)
    kind = ending(file) + (".gz" if is_gzip(file) else "")
    written: list[SplitPart] = []

    def write(folder: Path, names: list[str], part_of_row: Int[np.ndarray, "rows"]) -> None:
        """Write one set of parts and describe it."""
        copy_rows(file, columns, part_of_row, [folder / f"{name}{kind}" for name in names])
        place = out / folder.relative_to(fresh)
        paths = [str(place / f"{name}{kind}") for name in names]
        written.extend(describe_parts(paths, pairs, graph, part_of_row[rows]))

    with new_folder(out) as fresh:
        if folds is None:
            write(fresh, names, part_of_row)
        for number, name in enumerate(names if folds else []):
            (fresh / name).mkdir()
            in_train = (low != number) & (high != number)
            of_fold = np.where(part_of_row == number, 1, np.where(in_train, 0, NOWHERE))
            write(fresh / name, ["train", "test"], of_fold)
    return SplitReport(
        data=str(file),
        pairs=len(pairs),
        duplicates=int(pairs.labels.sum()),
        units=split.units,
        cut_components=split.cut_components,
        dropped_pairs=int((part_of_row[rows] == NOWHERE).sum()),
        seed=seed,
        parts=tuple(written),
    )


def _shares(parts: Mapping[str, float] | None, folds: int | None, seed: int) -> dict[str, float]:
    require_whole("the seed", seed, 0, 2**64 - 1)
    if folds is not None:
        if parts is not None:
            raise ConfigError("a split has parts or folds, not both")
        folds = require_whole("the number of folds", folds, 2, _MOST_FOLDS)
        return {f"fold-{number}": 1 / folds for number in range(1, folds + 1)}
    shares = _USUAL if parts is None else dict(parts)
    for name, share in shares.items():
        if not _NAME.fullmatch(name):
            raise ConfigError(f"a part cannot be named {name!r}, which is to be a file's name")
        if not 0 < share <= 1:
            raise ConfigError(f"the share of {name} must be above 0 and at most 1, not {share:g}")
    total = sum(shares.values())
    if abs(total - 1) > 1e-6:
        raise ConfigError(f"the shares of {', '.join(shares)} are {total:g} in sum; they must be 1")
    return shares


def require_empty(out: Path) -> None:
    """Raise `DataError` for the current folder, or one that is not empty."""
    if out.is_dir() and out.resolve() == Path.cwd():
        raise DataError("is the current folder; name one inside it", path=out)
    if out.is_dir() and any(out.iterdir()):
        raise DataError("holds something already; name a new folder", path=out)
    check_writable(out)


def _read(
    path: Path, columns: Columns | None, bad_rows: BadRows
) -> tuple[Pairs, Int[np.ndarray, "pairs"]]:
    """Read the pairs, and which row each comes from."""
    rows = array("q")

    def each() -> Iterator[QuestionPair]:
        for number, row in enumerate(stream_rows(path, columns, bad_rows)):
            for pair in row.items:
                rows.append(number)
                yield pair

    pairs = Pairs.collect(each(), path)
    if not rows:
        raise DataError("has no pairs", path=path)
    return pairs, np.array(rows, np.int64)


def _refuse_empty(
    part_of_row: Int[np.ndarray, "rows"], names: list[str], split: Split, path: Path
) -> None:
    empty = [name for part, name in enumerate(names) if not (part_of_row == part).any()]
    if empty:
        raise DataError(
            f"its {len(split.parts):,} pairs hang together in {split.units:,} components or "
            f"duplicate groups, too few for {len(names)} parts of these shares: nothing is left "
            f"for {', '.join(empty)}",
            path=path,
        )


def describe_parts(
    paths: list[str], pairs: Pairs, graph: PairGraph, part_of: Int[np.ndarray, "pairs"]
) -> Iterator[SplitPart]:
    """Describe each part, given the part of each pair (`NOWHERE`: none)."""
    chosen = [part_of == part for part in range(len(paths))]
    members: Bool[np.ndarray, "parts questions"] = np.zeros(
        (len(paths), len(graph.questions)), bool
    )
    as_one = np.zeros_like(members)
    copies = first_copies(graph.questions)
    for part, here in enumerate(chosen):
        members[part, graph.left[here]] = members[part, graph.right[here]] = True
        as_one[part, copies[members[part]]] = True
    shared: Bool[np.ndarray, "questions"] = (as_one.sum(axis=0) > 1)[copies]
    for part, (path, here) in enumerate(zip(paths, chosen, strict=True)):
        yield SplitPart(
            path=path,
            pairs=int(here.sum()),
            duplicates=int(pairs.labels[here].sum()),
            questions=int(members[part].sum()),
            shared_questions=int((members[part] & shared).sum()),
        )


def copy_rows(
    path: str | Path,
    columns: Columns | None,
    part_of_row: Int[np.ndarray, "rows"],
    outs: Sequence[Path],
) -> None:
    """Copy each row of a file to the file of its part, with the header; bad rows are dropped.

    Args:
        path: the file.
        columns: columns it was read with.
        part_of_row: index of the output file for each row of `stream_rows`; `NOWHERE`: none.
        outs: output files, of the same format; moved into place when all are complete.
    """
    path = Path(path)
    is_parquet = ending(path) == ".parquet"
    for out in outs:
        if ending(out) != ending(path) or (is_parquet and is_gzip(out)):
            raise DataError(f"is not of the kind of {path}, whose rows it is to hold", path=out)
        if out.exists() and path.exists() and out.samefile(path):
            raise DataError("cannot be written over with its own rows", path=path)
    source = Source.of(path)
    with open_table(source, columns) as table, contextlib.ExitStack() as files:
        streams: list[BufferedIOBase] = [files.enter_context(new_file(out)) for out in outs]
        rows = _with_parts(rows_of(table, source, None), part_of_row, path)
        if is_parquet:
            _copy_parquet(path, rows, streams)
            return
        for part, (out, stream) in enumerate(zip(outs, streams, strict=True)):
            if is_gzip(out):
                packed = gzip.GzipFile("", "wb", fileobj=stream, mtime=0)
                streams[part] = files.enter_context(packed)
            streams[part].write(table.header.encode())
        for row, part in rows:
            if part != NOWHERE:
                streams[part].write(row.raw.encode())


def _with_parts(
    rows: Iterator[Row], part_of_row: Int[np.ndarray, "_"], path: Path
) -> Iterator[tuple[Row, int]]:
    count = 0
    for row in rows:
        if count == len(part_of_row):
            raise DataError(f"has more than the {count:,} rows that were read before", path=path)
        yield row, int(part_of_row[count])
        count += 1
    if count < len(part_of_row):
        raise DataError(f"has {count:,} rows, not {len(part_of_row):,} as before", path=path)


def _copy_parquet(
    path: Path, rows: Iterator[tuple[Row, int]], streams: Sequence[BufferedIOBase]
) -> None:
    from pyarrow.parquet import ParquetWriter

    with parquet_file(path) as file, contextlib.ExitStack() as stack:
        schema = file.schema_arrow
        writers = [stack.enter_context(ParquetWriter(stream, schema)) for stream in streams]
        number = 0  # of the rows in the batches before
        ahead = next(rows, None)
        for batch in parquet_batches(file, path):
            part_of = np.full(batch.num_rows, NOWHERE)
            while ahead is not None and ahead[0].line <= number + batch.num_rows:
                part_of[ahead[0].line - number - 1] = ahead[1]
                ahead = next(rows, None)
            for part, writer in enumerate(writers):
                writer.write_batch(batch.take(np.flatnonzero(part_of == part)))
            number += batch.num_rows
        if ahead is not None:
            raise DataError("has changed while it was read", path=path)

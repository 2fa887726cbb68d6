"""Split a file of pairs."""

import re
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int

from gemel.config import require_whole
from gemel.data.bad_rows import BadRows
from gemel.data.columns import Columns
from gemel.data.duplicate_graph import PairGraph
from gemel.data.pairs import Pairs, QuestionPair
from gemel.data.part_files import SplitPart, copy_rows, describe_parts, require_empty
from gemel.data.readers import stream_rows
from gemel.data.sources import Source, ending, is_gzip
from gemel.data.splits import NOWHERE, Split, split_by_component
from gemel.errors import ConfigError, DataError
from gemel.files import new_folder
from gemel.notebook import shown

_USUAL = {"train": 0.8, "validation": 0.1, "test": 0.1}
_MOST_FOLDS = 1000
"""Each fold is a copy of all rows."""
_NAME = re.compile(r"\w[\w.-]*")


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
    path = file
    shares = _shares(parts, folds, seed)
    require_empty(out)
    _refuse_pipe(path)
    pairs, rows = _read(path, columns, BadRows.of(skip_bad))
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
    _refuse_empty(part_of_row, names, split, path)
    kind = ending(path) + (".gz" if is_gzip(path) else "")
    written: list[SplitPart] = []

    def write(folder: Path, names: list[str], part_of_row: Int[np.ndarray, "rows"]) -> None:
        """Write one set of parts and describe it."""
        copy_rows(path, columns, part_of_row, [folder / f"{name}{kind}" for name in names])
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
        data=str(path),
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
    if abs(sum(shares.values()) - 1) > 1e-6:
        raise ConfigError(
            f"the shares of {', '.join(shares)} are {sum(shares.values()):g} in sum; they must be 1"
        )
    return shares


def _refuse_pipe(path: Path) -> None:
    if path.exists() and not path.is_file() and not path.is_dir():
        raise DataError(
            "is a pipe, and a split reads its rows twice; save them in a file first", path=path
        )


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
    sizes = np.bincount(part_of_row[part_of_row != NOWHERE], minlength=len(names))
    empty = [name for name, size in zip(names, sizes.tolist(), strict=True) if not size]
    if empty:
        raise DataError(
            f"its {len(split.parts):,} pairs hang together in {split.units:,} components or "
            f"duplicate groups, too few for {len(names)} parts of these shares: nothing is left "
            f"for {', '.join(empty)}",
            path=path,
        )

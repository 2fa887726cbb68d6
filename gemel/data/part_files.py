"""Output files of a split: rows copied unchanged."""

import contextlib
import gzip
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int

from gemel.data.columns import Columns
from gemel.data.duplicate_graph import PairGraph, first_copies
from gemel.data.pairs import Pairs
from gemel.data.parquet import parquet_batches, parquet_file
from gemel.data.readers import Row, open_table, rows_of
from gemel.data.sources import Source, ending, is_gzip
from gemel.data.splits import NOWHERE
from gemel.errors import DataError
from gemel.files import check_writable, new_file


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

    Raises:
        DataError: an output file has another format, or is `path`; or `path` has changed.
        OSError: a file cannot be written.
    """
    path = Path(path)
    for out in outs:
        if ending(out) != ending(path) or (ending(path) == ".parquet" and is_gzip(out)):
            raise DataError(f"is not of the kind of {path}, whose rows it is to hold", path=out)
        if out.exists() and path.exists() and out.samefile(path):
            raise DataError("cannot be written over with its own rows", path=path)
    source = Source.of(path)
    with open_table(source, columns) as table, contextlib.ExitStack() as files:
        streams = [files.enter_context(new_file(out)) for out in outs]
        rows = _with_parts(rows_of(table, source, None), part_of_row, path)
        if ending(path) == ".parquet":
            _copy_parquet(path, rows, streams)
        else:
            both = zip(outs, streams, strict=True)
            texts = [files.enter_context(_packed(out, stream)) for out, stream in both]
            _copy_text(table.header, rows, texts)


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


def _packed(out: Path, stream: BufferedIOBase) -> AbstractContextManager[BufferedIOBase]:
    if is_gzip(out):
        return gzip.GzipFile("", "wb", fileobj=stream, mtime=0)
    return contextlib.nullcontext(stream)


def _copy_text(
    header: str, rows: Iterator[tuple[Row, int]], streams: Sequence[BufferedIOBase]
) -> None:
    for stream in streams:
        stream.write(header.encode())
    for row, part in rows:
        if part != NOWHERE:
            streams[part].write(row.raw.encode())


def _copy_parquet(
    path: Path, rows: Iterator[tuple[Row, int]], streams: Sequence[BufferedIOBase]
) -> None:
    from pyarrow.parquet import ParquetWriter

    with parquet_file(path) as file, contextlib.ExitStack() as writers:
        places = [
            writers.enter_context(ParquetWriter(stream, file.schema_arrow)) for stream in streams
        ]
        number = 0  # of the rows in the batches before
        ahead = next(rows, None)
        for batch in parquet_batches(file, path):
            part_of = np.full(batch.num_rows, NOWHERE)
            while ahead is not None and ahead[0].line <= number + batch.num_rows:
                part_of[ahead[0].line - number - 1] = ahead[1]
                ahead = next(rows, None)
            for part, writer in enumerate(places):
                writer.write_batch(batch.take(np.flatnonzero(part_of == part)))
            number += batch.num_rows
        if ahead is not None:
            raise DataError("has changed while it was read", path=path)


@dataclass(frozen=True, kw_only=True)
class SplitPart:
    """A written file."""

    path: str
    pairs: int
    duplicates: int
    """Pairs labelled 1."""
    questions: int
    """Distinct questions."""
    shared_questions: int
    """Questions that are in another part too, copies included; 0 for a split."""

    @property
    def prevalence(self) -> float:
        """Share of pairs labelled 1."""
        return self.duplicates / self.pairs


def require_empty(out: Path) -> None:
    """Check that a new folder can be made.

    Raises:
        DataError: it is the current folder, or not empty.
        OSError: it cannot be written.
    """
    if out.is_dir() and out.resolve() == Path.cwd():
        raise DataError("is the current folder; name one inside it", path=out)
    if out.is_dir() and any(out.iterdir()):
        raise DataError("holds something already; name a new folder", path=out)
    check_writable(out)


def describe_parts(
    paths: list[str], pairs: Pairs, graph: PairGraph, part_of: Int[np.ndarray, "pairs"]
) -> Iterator[SplitPart]:
    """Describe each part.

    Args:
        paths: file of each part.
        pairs: all pairs.
        graph: their graph.
        part_of: part of each pair; `NOWHERE`: none.
    """
    members = np.zeros((len(paths), len(graph.questions)), bool)
    for part in range(len(paths)):
        here = part_of == part
        members[part, graph.left[here]] = members[part, graph.right[here]] = True
    copies = first_copies(graph.questions)
    as_one = np.zeros_like(members)
    for part in range(len(paths)):
        as_one[part, copies[members[part]]] = True
    shared: Bool[np.ndarray, "questions"] = (as_one.sum(axis=0) > 1)[copies]
    for part, path in enumerate(paths):
        here = part_of == part
        yield SplitPart(
            path=path,
            pairs=int(here.sum()),
            duplicates=int(pairs.labels[here].sum()),
            questions=int(members[part].sum()),
            shared_questions=int((members[part] & shared).sum()),
        )

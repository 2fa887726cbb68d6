"""Copying rows of a file into others as they stand: no quote and no column is changed."""

import contextlib
import gzip
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from io import BufferedIOBase
from pathlib import Path

import numpy as np
from jaxtyping import Int

from gemel.data.columns import Columns
from gemel.data.parquet import parquet_batches, parquet_file
from gemel.data.readers import Row, open_table, rows_of
from gemel.data.sources import Source, ending, is_gzip
from gemel.data.splits import NOWHERE
from gemel.errors import DataError
from gemel.files import new_file


def copy_rows(
    path: str | Path,
    columns: Columns | None,
    part_of_row: Int[np.ndarray, "rows"],
    outs: Sequence[Path],
) -> None:
    """Copy each row of a file into the file of its part; a header goes into every one of them.

    The new files are put in their places when all are complete. Bad rows, which `stream_rows`
    counted and listed when it passed over them, go into none.

    Args:
        path: the file.
        columns: what it was read with.
        part_of_row: for each row that `stream_rows` yields, in order, the index of its file;
            `NOWHERE` if it is to go into none.
        outs: the files to write, of the kind that `path` is; text with .gz behind it or not.

    Raises:
        DataError: a file to write is of another kind, or `path` itself; or `path` has changed.
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

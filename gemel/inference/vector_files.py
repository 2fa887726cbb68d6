"""Files of vectors."""

import contextlib
import dataclasses
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from gemel.data import BadRows, QuestionColumns, Source
from gemel.errors import DataError, MissingExtraError
from gemel.files import check_writable, new_file, path_text
from gemel.inference.engine import Engine
from gemel.inference.resumable_output import Spool, SpoolIdentity
from gemel.inference.streams import stream_answerable
from gemel.inference.vector_precision import require_precision
from gemel.text import Progress

_QUESTIONS = 65_536
"""Questions encoded at a time."""
_KINDS = (".npy", ".parquet")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Encoded:
    """Report of an encoding."""

    vectors: int
    """Number of vectors."""
    dim: int
    """Numbers in each."""
    precision: str
    """Type of the vectors."""
    path: Path
    """File of vectors."""
    ids: Path | None
    """File of ids; None: in the file of vectors."""


def ids_file(path: Path) -> Path:
    """Return the file of ids of a file of vectors: one JSON text a line."""
    return path.with_suffix(".ids.jsonl")


def encode_file(
    engine: Engine,
    questions: str | Path,
    out: str | Path,
    *,
    columns: QuestionColumns | None = None,
    skip_bad: int | BadRows = 0,
    precision: str = "float32",
    threads: int = 1,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Encoded:
    """Encode a file of questions to a file of vectors, in order, in constant memory.

    Intermediate results are in `NAME.partial`.

    Args:
        engine: the model.
        questions: see `stream_questions`; a question without word or mark is a bad row.
        out: a `.npy` file, with the ids in `ids_file`, or a `.parquet` file with `id` and `vector`.
        columns: question and id columns, if not the usual ones.
        skip_bad: number of bad rows to skip; see `read_pairs`.
        precision: type of the vectors; see `in_precision`.
        threads: number of threads.
        resume: resume an interrupted encoding.
        overwrite: overwrite existing files.
        progress: `progress(done, total)` callback.

    Raises:
        DataError: the questions cannot be read, there are none, or `out` may not be written.
        ConfigError: unknown precision.
        MissingExtraError: Parquet needs pyarrow.
        OSError: the disk is full or read-only; the encoding can be resumed.
    """
    out, source = Path(out), Source.of(questions)
    require_precision(precision)
    source.require()
    if source.file is None:
        raise source.error("is no file; Engine.encode takes texts, and gives their vectors")
    _check_out(out, source, overwrite=overwrite)
    columns = columns or QuestionColumns()
    bad_rows = BadRows.of(skip_bad)
    about = source.path.stat()
    identity = SpoolIdentity(
        source=path_text(source.path.resolve()),
        size=about.st_size,
        changed=about.st_mtime_ns,
        columns=f"{columns}, at most {bad_rows.allowed} bad rows",
        model=engine.model.fingerprint,
        backend=engine.backend.precision,
        precision=precision,
        dim=engine.model.config.network.dim,
    )
    spool = Spool(out.with_name(f"{out.name}.partial"), identity)
    spool.begin(resume=resume, overwrite=overwrite)
    rows = stream_answerable(engine, source, columns, bad_rows)
    left = itertools.islice(rows, spool.rows, None)
    while lot := list(itertools.islice(left, _QUESTIONS)):
        texts = [question.text for question in lot]
        vectors = engine.encode(texts, precision=precision, threads=threads)
        spool.add(vectors, [question.id for question in lot])
        if progress is not None:
            progress("encoding questions", spool.rows, None)
    if not spool.rows:
        spool.remove()
        raise DataError("has no questions", path=source.path)
    beside = _write(spool, out)
    spool.remove()
    return Encoded(vectors=spool.rows, dim=identity.dim, precision=precision, path=out, ids=beside)


def _check_out(out: Path, source: Source, *, overwrite: bool) -> None:
    """Check that the file can be written.

    Raises:
        DataError, MissingExtraError, OSError: it cannot.
    """
    if out.suffix not in _KINDS:
        raise DataError(
            f"is of no known kind; expected a name ending in {' or '.join(_KINDS)}", path=out
        )
    if out.suffix == ".parquet":
        _pyarrow()
    for place in [out] if out.suffix == ".parquet" else [out, ids_file(out)]:
        if place.is_dir():
            raise DataError("is a folder; expected a file to write", path=place)
        if place.exists() and place.samefile(source.path):
            raise DataError("cannot be written over with its own vectors", path=place)
        if place.exists() and not overwrite:
            raise DataError("exists already; add --overwrite to replace it", path=place)
        check_writable(place)


def _write(spool: Spool, out: Path) -> Path | None:
    """Write the final file, and that of the ids if needed."""
    if out.suffix == ".parquet":
        _write_parquet(spool, out)
        return None
    beside = ids_file(out)
    with new_file(beside) as stream:
        for name in spool.ids():
            stream.write(json.dumps(name).encode() + b"\n")
    with new_file(out) as stream:
        shape = (spool.rows, spool.identity.dim)
        described = npy.dtype_to_descr(np.dtype(spool.identity.precision))
        npy.write_array_header_1_0(
            stream, {"descr": described, "fortran_order": False, "shape": shape}
        )
        for part in spool.vectors():
            stream.write(part.tobytes())
    return beside


def _write_parquet(spool: Spool, out: Path) -> None:
    pyarrow, parquet = _pyarrow()
    kind = pyarrow.from_numpy_dtype(np.dtype(spool.identity.precision))
    schema = pyarrow.schema(
        [("id", pyarrow.string()), ("vector", pyarrow.list_(kind, spool.identity.dim))],
        metadata={"gemel.model": spool.identity.model},
    )
    ids = spool.ids()
    with new_file(out) as stream, contextlib.closing(parquet.ParquetWriter(stream, schema)) as to:
        for part in spool.vectors():
            names = pyarrow.array(list(itertools.islice(ids, len(part))), pyarrow.string())
            values = pyarrow.FixedSizeListArray.from_arrays(part.ravel(), part.shape[1])
            to.write_table(pyarrow.table([names, values], schema=schema))


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise MissingExtraError("Parquet", "parquet") from error
    return pyarrow, parquet

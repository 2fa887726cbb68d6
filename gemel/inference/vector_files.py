"""Files of vectors, written in parts so that an encoding can be resumed."""

import contextlib
import dataclasses
import itertools
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from jaxtyping import Shaped
from numpy.lib import format as npy

from gemel.data import BadRows, QuestionColumns, Source
from gemel.errors import DataError, MissingExtraError
from gemel.files import check_writable, new_file, path_text, write_text
from gemel.inference.engine import Engine
from gemel.inference.numpy_network import require_precision
from gemel.inference.streams import stream_answerable
from gemel.text import Progress

_QUESTIONS = 65_536
"""Questions encoded at a time."""
_KINDS = (".npy", ".parquet")
_READ_BYTES = 1 << 24
"""Bytes of vectors read at a time."""
_NAMES = {
    "size": "the size of the questions' file",
    "changed": "the time when the questions' file was last written",
    "source": "the questions' file",
    "columns": "the way it is read",
    "backend": "the backend's precision",
}
"""Fields of `SpoolIdentity` in messages."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SpoolIdentity:
    """Identity of an encoding; resuming requires an equal one."""

    source: str
    size: int
    changed: int
    """Modification time of the source in nanoseconds."""
    columns: str
    """Options for reading it."""
    model: str
    """Fingerprint of the model."""
    backend: str
    """Precision of the computation: "float32" or "bfloat16"."""
    precision: str
    """Type of the vectors."""
    dim: int

    @property
    def vector_bytes(self) -> int:
        """Bytes of a vector."""
        return self.dim * np.dtype(self.precision).itemsize


class _SpoolState(msgspec.Struct):
    identity: SpoolIdentity
    rows: int
    ids_bytes: int

    def sizes(self) -> dict[str, int]:
        """Bytes of each file that are complete."""
        return {"vectors": self.rows * self.identity.vector_bytes, "ids": self.ids_bytes}


class Spool:
    """A folder with vectors, ids, and the number of complete ones.

    Every batch is flushed to disk before it is counted, so the process may be killed at any time.
    """

    def __init__(self, path: Path, identity: SpoolIdentity):
        self.path, self.identity = path, identity
        self._state = _SpoolState(identity, 0, 0)

    def begin(self, *, resume: bool, overwrite: bool) -> None:
        """Create the folder, or resume; raise a DataError if neither is allowed."""
        exists = self.path.exists()
        if exists and not resume and not overwrite:
            raise DataError(
                "holds vectors of an encoding that was stopped; resume it (--resume), or "
                "begin again (--overwrite)",
                path=self.path,
            )
        if exists and resume:
            self._restore()
        else:
            shutil.rmtree(self.path, ignore_errors=True)
            self.path.mkdir(parents=True)
            self._write_state()
        for name, size in self._state.sizes().items():
            with (self.path / name).open("ab") as stream:
                stream.truncate(size)

    @property
    def rows(self) -> int:
        """Number of vectors written."""
        return self._state.rows

    def add(self, vectors: Shaped[np.ndarray, "more dim"], ids: Sequence[str]) -> None:
        """Write vectors, in the identity's precision, with their ids."""
        written = "".join(json.dumps(name) + "\n" for name in ids).encode()
        for name, content in (("vectors", vectors.tobytes()), ("ids", written)):
            with (self.path / name).open("ab") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
        self._state.rows += len(vectors)
        self._state.ids_bytes += len(written)
        self._write_state()

    def vectors(self) -> Iterator[Shaped[np.ndarray, "some dim"]]:
        """Yield the vectors in batches."""
        width, dim = self.identity.vector_bytes, self.identity.dim
        with (self.path / "vectors").open("rb") as stream:
            while content := stream.read(max(1, _READ_BYTES // width) * width):
                yield np.frombuffer(content, self.identity.precision).reshape(-1, dim)

    def ids(self) -> Iterator[str]:
        """Yield the ids."""
        with (self.path / "ids").open(encoding="ascii") as stream:
            yield from map(json.loads, stream)

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.path)

    def _restore(self) -> None:
        try:
            state = msgspec.json.decode((self.path / "state.json").read_bytes(), type=_SpoolState)
        except (OSError, msgspec.MsgspecError) as error:
            raise DataError(
                f"is no encoding that was stopped, or damaged ({error}); add --overwrite to begin "
                "again",
                path=self.path,
            ) from error
        for name, value in vars(self.identity).items():
            if (was := getattr(state.identity, name)) != value:
                raise DataError(
                    f"is of another encoding: {_NAMES.get(name, name)} was {was!r:.60}, is "
                    f"{value!r:.60}; resume what it was, or add --overwrite to begin again",
                    path=self.path,
                )
        for name, size in state.sizes().items():
            file = self.path / name
            if not file.is_file() or file.stat().st_size < size:
                raise DataError(
                    f"is damaged: {name} is cut short; add --overwrite to begin again",
                    path=self.path,
                )
        self._state = state

    def _write_state(self) -> None:
        write_text(self.path / "state.json", msgspec.json.encode(self._state).decode())


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
        precision, threads: see `Engine.encode`.
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
    columns, bad_rows = columns or QuestionColumns(), BadRows.of(skip_bad)
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
    rows = itertools.islice(stream_answerable(engine, source, columns, bad_rows), spool.rows, None)
    while batch := list(itertools.islice(rows, _QUESTIONS)):
        texts = [question.text for question in batch]
        vectors = engine.encode(texts, precision=precision, threads=threads)
        spool.add(vectors, [question.id for question in batch])
        if progress is not None:
            progress("encoding questions", spool.rows, None)
    if not spool.rows:
        spool.remove()
        raise DataError("has no questions", path=source.path)
    is_parquet = out.suffix == ".parquet"
    (_write_parquet if is_parquet else _write_npy)(spool, out)
    spool.remove()
    ids = None if is_parquet else ids_file(out)
    return Encoded(vectors=spool.rows, dim=identity.dim, precision=precision, path=out, ids=ids)


def _check_out(out: Path, source: Source, *, overwrite: bool) -> None:
    if out.suffix not in _KINDS:
        raise DataError(
            f"is of no known kind; expected a name ending in {' or '.join(_KINDS)}", path=out
        )
    if is_parquet := out.suffix == ".parquet":
        _pyarrow()
    for place in [out] if is_parquet else [out, ids_file(out)]:
        if place.is_dir():
            raise DataError("is a folder; expected a file to write", path=place)
        if place.exists() and place.samefile(source.path):
            raise DataError("cannot be written over with its own vectors", path=place)
        if place.exists() and not overwrite:
            raise DataError("exists already; add --overwrite to replace it", path=place)
        check_writable(place)


def _write_npy(spool: Spool, out: Path) -> None:
    with new_file(ids_file(out)) as stream:
        for name in spool.ids():
            stream.write(json.dumps(name).encode() + b"\n")
    with new_file(out) as stream:
        descr = npy.dtype_to_descr(np.dtype(spool.identity.precision))
        shape = (spool.rows, spool.identity.dim)
        header = {"descr": descr, "fortran_order": False, "shape": shape}
        npy.write_array_header_1_0(stream, header)
        for part in spool.vectors():
            stream.write(part.tobytes())


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

"""Resumable output of encoding."""

import dataclasses
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from jaxtyping import Shaped

from gemel.errors import DataError
from gemel.files import write_text

_BYTES = 1 << 24
"""Bytes of vectors read at a time."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SpoolIdentity:
    """Identity of an encoding; resuming requires an equal one."""

    source: str
    """The file of questions."""
    size: int
    """Size of the file in bytes."""
    changed: int
    """Modification time in nanoseconds."""
    columns: str
    """Options for reading it."""
    model: str
    """Fingerprint of the model."""
    backend: str
    """Precision of the computation: "float32" or "bfloat16"."""
    precision: str
    """Type of the vectors."""
    dim: int
    """Dimension of vectors."""


class _OutputState(msgspec.Struct):
    identity: SpoolIdentity
    rows: int
    """Vectors written."""
    ids_bytes: int
    """Bytes of their ids."""


class Spool:
    """A folder with vectors, ids, and the number of complete ones.

    Every batch is flushed to disk before it is counted, so the process may be killed at any time.

    Args:
        path: the folder.
        identity: identity of the encoding.
    """

    def __init__(self, path: Path, identity: SpoolIdentity):
        self.path = path
        self.identity = identity
        self.state = _OutputState(identity, 0, 0)

    def begin(self, *, resume: bool, overwrite: bool) -> None:
        """Create the folder, or resume.

        Raises:
            DataError: it exists and may be neither resumed nor replaced.
        """
        if self.path.exists() and not resume and not overwrite:
            raise DataError(
                "holds vectors of an encoding that was stopped; resume it (--resume), or "
                "begin again (--overwrite)",
                path=self.path,
            )
        if self.path.exists() and resume:
            self._restore()
        else:
            shutil.rmtree(self.path, ignore_errors=True)
            self.path.mkdir(parents=True)
            self._write_state()
        for name, size in (("vectors", _bytes_of(self.state)), ("ids", self.state.ids_bytes)):
            with (self.path / name).open("ab") as stream:
                stream.truncate(size)

    @property
    def rows(self) -> int:
        """Number of vectors written."""
        return self.state.rows

    def add(self, vectors: Shaped[np.ndarray, "more dim"], ids: Sequence[str]) -> None:
        """Write vectors, in the identity's precision, with their ids."""
        written = "".join(json.dumps(name) + "\n" for name in ids).encode()
        for name, content in (("vectors", vectors.tobytes()), ("ids", written)):
            with (self.path / name).open("ab") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
        self.state.rows += len(vectors)
        self.state.ids_bytes += len(written)
        self._write_state()

    def vectors(self) -> Iterator[Shaped[np.ndarray, "some dim"]]:
        """Yield the vectors in batches."""
        identity = self.identity
        width = identity.dim * np.dtype(identity.precision).itemsize
        rows = max(1, _BYTES // width)
        with (self.path / "vectors").open("rb") as stream:
            while content := stream.read(rows * width):
                yield np.frombuffer(content, identity.precision).reshape(-1, identity.dim)

    def ids(self) -> Iterator[str]:
        """Yield the ids."""
        with (self.path / "ids").open(encoding="ascii") as stream:
            for line in stream:
                yield json.loads(line)

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.path)

    def _restore(self) -> None:
        try:
            found = msgspec.json.decode((self.path / "state.json").read_bytes(), type=_OutputState)
        except (OSError, msgspec.MsgspecError) as error:
            raise DataError(
                f"is no encoding that was stopped, or damaged ({error}); add --overwrite to begin "
                "again",
                path=self.path,
            ) from error
        was, now = dataclasses.asdict(found.identity), dataclasses.asdict(self.identity)
        for name, value in now.items():
            if was[name] != value:
                raise DataError(
                    f"is of another encoding: {_NAMES.get(name, name)} was {was[name]!r:.60}, is "
                    f"{value!r:.60}; resume what it was, or add --overwrite to begin again",
                    path=self.path,
                )
        for name, size in (("vectors", _bytes_of(found)), ("ids", found.ids_bytes)):
            file = self.path / name
            if not file.is_file() or file.stat().st_size < size:
                raise DataError(
                    f"is damaged: {name} is cut short; add --overwrite to begin again",
                    path=self.path,
                )
        self.state = found

    def _write_state(self) -> None:
        write_text(self.path / "state.json", msgspec.json.encode(self.state).decode())


def _bytes_of(state: _OutputState) -> int:
    return state.rows * state.identity.dim * np.dtype(state.identity.precision).itemsize


_NAMES: dict[str, Any] = {
    "size": "the size of the questions' file",
    "changed": "the time when the questions' file was last written",
    "source": "the questions' file",
    "columns": "the way it is read",
    "backend": "the backend's precision",
}

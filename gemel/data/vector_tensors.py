"""Word vectors as a safetensors file, and where its words are."""

import contextlib
import functools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32
from safetensors import SafetensorError, safe_open

from gemel.errors import DataError

_NAME = "vectors"
_LOT = 4096
"""Rows that are read at a time."""
_KINDS = ("F16", "F32", "F64")


class TensorVectors:
    """Reads the rows of a tensor, and a word for each.

    Args:
        path: the file.

    Raises:
        DataError: it is no safetensors file, has no such tensor, or nothing tells its words.
    """

    def __init__(self, path: Path):
        self.path = path
        with self._opened() as file:
            self.name = self._tensor(file)
            shown = file.get_slice(self.name)
            self.rows, self.dim = shown.get_shape()
            if shown.get_dtype() not in _KINDS or not self.dim:
                raise DataError(
                    f"the tensor {self.name} is {shown.get_dtype()} of shape {shown.get_shape()}; "
                    f"expected {', '.join(_KINDS)}",
                    path=path,
                )
            self.listed = (file.metadata() or {}).get("words")
        self.progress: tuple[int, int | None] = (0, self.rows)
        """Rows that are read, and all."""
        stem = path.name.removesuffix(".safetensors")
        beside = [path.with_name(f"{stem}{end}") for end in (".words.txt", ".txt")]
        self.beside = next((each for each in beside if each.is_file()), None)
        if self.listed is None and self.beside is None:
            raise DataError(
                "has no words: neither a JSON list under `words` in its metadata, nor a file "
                f"{beside[0].name} or {beside[1].name} beside it, with a word on every line",
                path=path,
            )
        where = "metadata" if self.listed is not None else str(self.beside and self.beside.name)
        self.kind = f"tensor {self.name}, words from {where}"

    def read(self) -> Iterator[tuple[bytes, Callable[[], Float32[np.ndarray, "dim"]]]]:
        """Yield every word, and what gives its vector.

        Raises:
            DataError: more words than rows, or fewer; a vector that is not finite, when it is made.
        """
        words = self._words()
        with self._opened() as file:
            shown = file.get_slice(self.name)
            for start in range(0, self.rows, _LOT):
                lot = shown[start : min(start + _LOT, self.rows)]
                self.progress = (start, self.rows)
                for place, row in enumerate(lot, start):
                    word = next(words, None)
                    if word is None:
                        raise self._wrong(f"{place:,}")
                    yield word, functools.partial(self._row, row, place)
        if next(words, None) is not None:
            raise self._wrong("more")

    def _wrong(self, count: str) -> DataError:
        return DataError(
            f"has {self.rows:,} rows, but {count} words ({self.kind}); expected one for each",
            path=self.path,
        )

    def _row(self, row: np.ndarray, place: int) -> Float32[np.ndarray, "dim"]:
        with np.errstate(over="ignore"):
            numbers = row.astype(np.float32)
        if not np.isfinite(numbers).all():
            raise DataError(f"row {place:,}, from 0, holds numbers not finite", path=self.path)
        return numbers

    def _words(self) -> Iterator[bytes]:
        if self.listed is None and self.beside is not None:
            with self.beside.open("rb") as stream:
                for line in stream:
                    yield line.rstrip(b"\r\n")
            return
        try:
            words = json.loads(self.listed or "")
        except (ValueError, RecursionError) as error:
            raise DataError(
                f"the words in its metadata are no JSON: {error}", path=self.path
            ) from error
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise DataError("the words in its metadata are no JSON list of texts", path=self.path)
        for word in words:
            yield word.encode("utf-8", "surrogatepass")

    def _tensor(self, file: Any) -> str:
        shapes: dict[str, list[int]] = {
            name: file.get_slice(name).get_shape()
            for name in file.keys()  # noqa: SIM118
        }
        flat = [name for name, shape in shapes.items() if len(shape) == 2]
        if _NAME in flat:
            return _NAME
        if len(flat) == 1:
            return flat[0]
        held = ", ".join(f"{name} {shape}" for name, shape in sorted(shapes.items()))
        raise DataError(
            f"holds {held[:200] or 'nothing'}; expected a tensor {_NAME} of two axes, or a single "
            "one of two",
            path=self.path,
        )

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Any]:
        try:
            with safe_open(self.path, framework="numpy") as file:
                yield file
        except SafetensorError as error:
            raise DataError(f"is no whole safetensors file: {error}", path=self.path) from error

"""The weights of the notebook's network out of a checkpoint of Trax."""

import gzip
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from gemel.errors import DataError
from gemel.exchange.trax_arrays import array_of, arrays_in_npy
from gemel.exchange.trax_pickle import read_pickle

_PACKED = b"\x1f\x8b"
_RATIO = 50
"""Weights hardly get smaller by packing; what gets smaller than this is meant to fill a memory."""
_LEAST = 1 << 20
_MOST_ARRAYS = 12
_PIECE = 1 << 20


@dataclass(frozen=True, eq=False)
class TraxWeights:
    """The weights of an embedding and an LSTM, as Trax has them."""

    embedding: Float32[np.ndarray, "rows depth"]
    """A vector for every token."""
    lstm: Float32[np.ndarray, "depth_and_units gates"]
    """What the LSTM multiplies its input, and its last output behind it, with; gates in the order
    input, new, forget, output."""
    bias: Float32[np.ndarray, "gates"]
    """Of the gates; what makes it forget less at first is in it."""
    step: int | None = None
    """Batches that it learned from, where the checkpoint says so."""


def read_trax(path: str | Path) -> TraxWeights:
    """Read a checkpoint of `Parallel(encoder, encoder)`, the encoder an embedding and an LSTM.

    Known are `model.pkl.gz` with the weights in it, as Trax writes it up to 1.3 and by
    `model.save_to_file`, and the newer kind, which has them in `model.weights.npy.gz` beside it.

    Args:
        path: the pickle.

    Raises:
        DataError: no such file; no checkpoint, or one of another network; a pickle that could run
            code, which is not run; an array that is not whole, or not finite.
    """
    path = Path(path)
    known = read_pickle(_unpacked(path), path)
    if not isinstance(known, Mapping) or "flat_weights" not in known:
        what = type(known).__name__
        if isinstance(known, Mapping):
            texts = (key for key in known if isinstance(key, str) and key.isprintable())
            what = ", ".join(texts)
        raise DataError(
            f"is no checkpoint of Trax: holds {what[:100] or 'nothing'}; expected flat_weights",
            path=path,
        )
    return _weights(_arrays(known["flat_weights"], path), _step(known), path)


def _arrays(flat: Any, path: Path) -> list[Float32[np.ndarray, "..."]]:
    if isinstance(flat, list | tuple):
        if len(flat) > _MOST_ARRAYS:  # each may name the same bytes once more
            raise DataError(
                f"holds {len(flat):,} arrays; expected the three of the notebook's network",
                path=path,
            )
        return [array_of(each, path) for each in flat]
    if not isinstance(flat, int):
        raise DataError(
            f"flat_weights is a {type(flat).__name__}; expected a list of arrays, or a number "
            "where they lie in a file of their own",
            path=path,
        )
    for beside in (_beside(path), path.with_name(f"{path.name}.npy")):
        if beside.exists():
            return arrays_in_npy(_unpacked(beside), beside)
    raise DataError(
        f"has its weights in a file beside it, {_beside(path).name}, which is not there; put it "
        "there",
        path=path,
    )


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name.removesuffix('.gz').removesuffix('.pkl')}.weights.npy.gz")


def _weights(arrays: list[Float32[np.ndarray, "..."]], step: int | None, path: Path) -> TraxWeights:
    shapes = [array.shape for array in arrays]
    if [len(shape) for shape in shapes] == [2, 2, 1]:
        (_, depth), (inputs, gates), (biases,) = shapes
        units = gates // 4
        if gates == biases == 4 * units and inputs == depth + units and min(map(min, shapes)) > 0:
            if not all(np.isfinite(array).all() for array in arrays):
                raise DataError("holds weights that are not finite; train again", path=path)
            embedding, lstm, bias = arrays
            return TraxWeights(embedding, lstm, bias, step)
    found = ", ".join(" x ".join(map(str, shape)) or "a number" for shape in shapes)
    raise DataError(
        f"holds {len(shapes)} arrays ({found}); expected the three of the notebook's network: "
        "rows x depth of an embedding, depth + units x 4 units and 4 units of one LSTM",
        path=path,
    )


def _step(known: Mapping[str, Any]) -> int | None:
    step = known.get("step")
    return step if type(step) is int and 0 <= step < 1 << 63 else None


def _unpacked(path: Path) -> bytes:
    """Read a file, packed with gzip or not; never more than such a file can honestly hold.

    Raises:
        DataError: it is not there, not whole, or packed to fill a memory.
    """
    if not path.is_file():
        raise DataError("no such file" if not path.exists() else "is no file", path=path)
    with path.open("rb") as stream:
        if stream.read(len(_PACKED)) != _PACKED:
            stream.seek(0)
            return stream.read()
    most = max(_LEAST, _RATIO * path.stat().st_size)
    content = bytearray()
    try:
        with gzip.open(path, "rb") as packed:
            while piece := packed.read(_PIECE):
                content += piece
                if len(content) > most:
                    raise DataError(
                        f"unpacks to more than {most:,} bytes, {_RATIO} times its size; weights do "
                        "not: it was made to fill a memory",
                        path=path,
                    )
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"is not a whole gzip file: {error}", path=path) from error
    return bytes(content)

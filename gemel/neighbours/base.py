"""The protocol of nearest-neighbour search."""

from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float16, Float32, Int64

from gemel.config import require_whole
from gemel.errors import DataError, ModelMismatchError


class Hits(NamedTuple):
    """Nearest neighbours of each query, best first; ties by the smaller key."""

    keys: Int64[np.ndarray, "queries k"]
    """Keys; -1 where there are fewer than `k`."""
    cosines: Float32[np.ndarray, "queries k"]
    """Cosines; -inf where there are fewer than `k`."""


@runtime_checkable
class Neighbours(Protocol):
    """Unit vectors by key, with nearest-neighbour search; thread-safe."""

    dim: int
    """Dimension of vectors."""

    def put(
        self, keys: Int64[np.ndarray, "questions"], vectors: Float[np.ndarray, "questions dim"]
    ) -> None:
        """Add or replace vectors, stored as float16.

        Raises:
            ModelMismatchError: another dimension.
        """
        ...

    def remove(self, keys: Int64[np.ndarray, "questions"]) -> None:
        """Remove keys; unknown ones are skipped."""
        ...

    def __len__(self) -> int:
        """Count the keys."""
        ...

    def search(
        self,
        queries: Float32[np.ndarray, "queries dim"],
        k: int,
        *,
        among: Int64[np.ndarray, "some"] | None = None,
    ) -> Hits:
        """Return the `k` nearest neighbours of each query.

        Args:
            queries: unit vectors.
            k: number of neighbours, at least 1.
            among: keys to search, instead of all; unknown ones are skipped.

        Raises:
            ModelMismatchError: another dimension.
            ConfigError: `k` is below 1.
        """
        ...

    def vectors(self, keys: Int64[np.ndarray, "questions"]) -> Float16[np.ndarray, "questions dim"]:
        """Return the vectors of keys, in order.

        Raises:
            DataError: an unknown key.
        """
        ...


def require_dim(vectors: Float[np.ndarray, "some width"], dim: int) -> None:
    """Check the dimension of vectors.

    Raises:
        ModelMismatchError: another dimension.
    """
    if vectors.shape[1] != dim:
        raise ModelMismatchError(
            f"vectors of {vectors.shape[1]} numbers; those that are there have {dim}: "
            "encode with the model that made them"
        )


def require_k(k: int) -> int:
    """Return a valid `k`.

    Raises:
        ConfigError: below 1, or not an integer.
    """
    return require_whole("k", k, 1)


def missing_key(key: int) -> DataError:
    """Return the error of an unknown key."""
    return DataError(f"no question has the key {key}; it was removed, or never put")

"""Finding the nearest questions: what every way of doing it can do."""

from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float16, Float32, Int64

from gemel.config import require_whole
from gemel.errors import DataError, ModelMismatchError


class Found(NamedTuple):
    """The nearest of each query, best first; of equally near ones the smaller key."""

    keys: Int64[np.ndarray, "queries k"]
    """Theirs; -1 where there are fewer than `k`."""
    cosines: Float32[np.ndarray, "queries k"]
    """How alike they are to the query; -inf where there are fewer than `k`."""


@runtime_checkable
class Neighbours(Protocol):
    """Vectors of length 1 by key, and those of them that are nearest to others.

    Any number of threads may use one object; searches continue between puts and removes.
    """

    dim: int
    """Numbers in each vector."""

    def put(
        self, keys: Int64[np.ndarray, "questions"], vectors: Float[np.ndarray, "questions dim"]
    ) -> None:
        """Take vectors, as float16; a key that is there, or comes twice, gets the last one.

        Raises:
            ModelMismatchError: they have another `dim` than those that are there.
        """
        ...

    def remove(self, keys: Int64[np.ndarray, "questions"]) -> None:
        """Forget keys; one that is not there is skipped."""
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
    ) -> Found:
        """Find the `k` nearest of each query.

        Args:
            queries: vectors of length 1.
            k: how many, 1 at least.
            among: keys to look at, where not all; those that are not there are skipped.

        Raises:
            ModelMismatchError: the queries have another `dim`.
            ConfigError: `k` is below 1.
        """
        ...

    def vectors(self, keys: Int64[np.ndarray, "questions"]) -> Float16[np.ndarray, "questions dim"]:
        """Return the vectors of keys, in order.

        Raises:
            DataError: a key is not there.
        """
        ...


def require_dim(vectors: Float[np.ndarray, "some width"], dim: int) -> None:
    """Refuse vectors that cannot be compared with those that are there.

    Raises:
        ModelMismatchError: they have another `dim`.
    """
    if vectors.shape[1] != dim:
        raise ModelMismatchError(
            f"vectors of {vectors.shape[1]} numbers; those that are there have {dim}: "
            "encode with the model that made them"
        )


def require_k(k: int) -> int:
    """Refuse to look for none; of more than there are, all are found.

    Raises:
        ConfigError: `k` is below 1, or no whole number.
    """
    return require_whole("k", k, 1)


def missing_key(key: int) -> DataError:
    """Report that a key is not there."""
    return DataError(f"no question has the key {key}; it was removed, or never put")

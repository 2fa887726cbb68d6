"""The protocol of nearest-neighbour search, and the lock and ranking of its implementations."""

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float16, Float32, Int64

from gemel.config import require_whole
from gemel.errors import DataError, ModelMismatchError

_ROUNDING = 1e-5
"""Maximum difference of two products of the same vectors in any order of addition."""
_AT_ONCE = 8192
"""Candidates whose cosines are computed together."""


class Hits(NamedTuple):
    """Nearest neighbours of each query, best first; ties by the smaller key."""

    keys: Int64[np.ndarray, "queries k"]
    """-1 where there are fewer than `k`."""
    cosines: Float32[np.ndarray, "queries k"]
    """-inf where there are fewer than `k`."""


@runtime_checkable
class Neighbours(Protocol):
    """Unit vectors by key, with nearest-neighbour search; thread-safe."""

    dim: int

    def put(
        self, keys: Int64[np.ndarray, "questions"], vectors: Float[np.ndarray, "questions dim"]
    ) -> None:
        """Add or replace vectors, stored as float16.

        Raises:
            ModelMismatchError: another dimension.
        """

    def remove(self, keys: Int64[np.ndarray, "questions"]) -> None:
        """Remove keys; unknown ones are skipped."""

    def __len__(self) -> int: ...

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
            k: at least 1.
            among: keys to search, instead of all; unknown ones are skipped.

        Raises:
            ModelMismatchError: another dimension.
            ConfigError: `k` is below 1.
        """

    def vectors(self, keys: Int64[np.ndarray, "questions"]) -> Float16[np.ndarray, "questions dim"]:
        """Return the vectors of keys, in order.

        Raises:
            DataError: an unknown key.
        """


def require_dim(vectors: Float[np.ndarray, "some width"], dim: int) -> None:
    """Raise ModelMismatchError if vectors have another dimension."""
    if vectors.shape[1] != dim:
        raise ModelMismatchError(
            f"vectors of {vectors.shape[1]} numbers; those that are there have {dim}: "
            "encode with the model that made them"
        )


def require_k(k: int) -> int:
    """Return a valid `k`, or raise ConfigError."""
    return require_whole("k", k, 1)


def missing_key(key: int) -> DataError:
    """Return the error of an unknown key."""
    return DataError(f"no question has the key {key}; it was removed, or never put")


class SharedLock:
    """A fair lock, granted in order of request; not reentrant."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[object] = deque()
        self._sharers = 0
        self._taken = False

    @contextlib.contextmanager
    def shared(self) -> Iterator[None]:
        """Hold it with other readers."""
        with self._turn(lambda: not self._taken):
            self._sharers += 1
        try:
            yield
        finally:
            with self._changed:
                self._sharers -= 1
                self._changed.notify_all()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Hold it exclusively."""
        with self._turn(lambda: not (self._taken or self._sharers)):
            self._taken = True
        try:
            yield
        finally:
            with self._changed:
                self._taken = False
                self._changed.notify_all()

    @contextlib.contextmanager
    def _turn(self, free: Callable[[], bool]) -> Iterator[None]:
        me = object()
        with self._changed:
            self._waiting.append(me)
            try:
                self._changed.wait_for(lambda: self._waiting[0] is me and free())
                yield
            finally:
                self._waiting.remove(me)
                self._changed.notify_all()


class Candidates:
    """Candidates for the top-k of each query.

    Matrix products round depending on their shapes, so candidates within rounding of the last of
    the `k` are held until `exact_cosines` decides.
    """

    def __init__(self, queries: int, k: int):
        self.k = k
        self.rows: Int64[np.ndarray, "found"] = np.zeros(0, np.int64)
        self.slots: Int64[np.ndarray, "found"] = np.zeros(0, np.int64)
        self._cosines: Float32[np.ndarray, "found"] = np.zeros(0, np.float32)
        self._least = np.full(queries, -np.inf, np.float32)
        self._pruned = 0

    def look(
        self, cosines: Float32[np.ndarray, "queries some"], slots: Int64[np.ndarray, "some"]
    ) -> None:
        """Add the cosines of the queries with some questions."""
        least = self._least
        some = len(slots)
        if self.k < some and np.isneginf(least).any():
            last = np.partition(cosines, some - self.k, axis=1)[:, some - self.k]
            least = np.maximum(least, last - _ROUNDING)
        hits = np.flatnonzero(cosines >= least[:, None])
        if not len(hits):
            return
        rows, columns = np.divmod(hits, some)
        self.rows = np.append(self.rows, rows)
        self.slots = np.append(self.slots, slots[columns])
        self._cosines = np.append(self._cosines, cosines.ravel()[hits])
        if len(self.rows) > 2 * self._pruned:
            self._prune()

    def _prune(self) -> None:
        order = np.lexsort((-self._cosines, self.rows))
        rows, cosines = self.rows[order], self._cosines[order]
        last = np.searchsorted(rows, np.arange(len(self._least))) + self.k - 1
        full = np.flatnonzero(last < np.searchsorted(rows, np.arange(1, len(self._least) + 1)))
        self._least[full] = cosines[last[full]] - _ROUNDING
        keep = cosines >= self._least[rows]
        self.rows, self._cosines = rows[keep], cosines[keep]
        self.slots = self.slots[order][keep]
        self._pruned = len(self.rows)


def exact_cosines(
    queries: Float32[np.ndarray, "queries dim"],
    rows: Int64[np.ndarray, "found"],
    vectors: Float16[np.ndarray, "found dim"],
) -> Float32[np.ndarray, "found"]:
    """Return the cosines of queries `rows` with candidates, independent of batching."""
    cosines = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        cosines[part] = np.einsum(
            "fd,fd->f", queries[rows[part]].astype(np.float64), vectors[part].astype(np.float64)
        )
    return cosines


def rank(
    queries: int,
    k: int,
    rows: Int64[np.ndarray, "found"],
    keys: Int64[np.ndarray, "found"],
    cosines: Float32[np.ndarray, "found"],
) -> Hits:
    """Select the `k` nearest of each query from candidates of queries `rows`, sorted."""
    order = np.lexsort((keys, -cosines, rows))
    rows = rows[order]
    places = np.arange(len(rows)) - np.searchsorted(rows, rows)
    best = places < k
    order, at = order[best], (rows[best], places[best])
    found = Hits(np.full((queries, k), -1), np.full((queries, k), -np.inf, np.float32))
    found.keys[at] = keys[order]
    found.cosines[at] = cosines[order]
    return found

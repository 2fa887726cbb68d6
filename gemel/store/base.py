"""The protocols of stores."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import Float, Int64

from gemel.store.records import (
    Changes,
    Metadata,
    NewQuestion,
    NewReview,
    Review,
    ReviewCounts,
    StoredQuestion,
    StoreState,
)


@runtime_checkable
class ReviewStore(Protocol):
    """Decisions about pairs of stored questions: one a pair, with reviewer and time.

    Changes are durable when the call returns, or undone when it raises. Removing a question removes
    its decisions. Every method raises `StoreError` when the store is damaged, full, missing or
    read-only.
    """

    def decide(self, reviews: Sequence[NewReview], *, replace: bool = False) -> list[Review]:
        """Store decisions, all or none.

        Args:
            reviews: pairs in either order. A skipped pair may be decided again.
            replace: replace earlier decisions.

        Raises:
            DataError: an unknown question or answer, a pair of one question, a repeated or decided
                pair, an empty name, or a number that is not finite.
        """
        ...

    def undecide(self, pairs: Sequence[tuple[str, str]]) -> list[Review]:
        """Remove the decisions about pairs of ids and return them."""
        ...

    def reviews(
        self, *, after: int = 0, lot: int = 4096, metadata: int | None = None
    ) -> Iterator[list[Review]]:
        """Return all decisions in batches, in order.

        Args:
            after: number of decisions to skip.
            lot: batch size.
            metadata: see `Store.get`.
        """
        ...

    def reviews_of(
        self, pairs: Sequence[tuple[str, str]], *, metadata: int | None = None
    ) -> list[Review | None]:
        """Return the decisions about pairs of ids, in order; None where there is none."""
        ...

    def decided(self) -> dict[tuple[int, int], str]:
        """Return the answer for every decided pair of keys, lower key first."""
        ...

    def review_count(self) -> ReviewCounts:
        """Count the decisions."""
        ...


# typing.Self, which the checks of the test suite cannot read on a method.
_Itself = TypeVar("_Itself", bound="Store")


@runtime_checkable
class Store(Protocol):
    """A durable store of questions, metadata and vectors.

    Changes are durable when the call returns, or undone when it raises. Any number of processes may
    read while one writes; writers wait for each other. Thread-safe. Every method raises
    `StoreError` when the store is damaged, full, missing or read-only.
    """

    @property
    def name(self) -> str:
        """Name of the store in errors, without password."""
        ...

    def state(self) -> StoreState:
        """Return the state."""
        ...

    def add(
        self,
        questions: Sequence[NewQuestion],
        vectors: Float[np.ndarray, "questions dim"],
        model: str,
        *,
        replace: bool = False,
    ) -> Int64[np.ndarray, "questions"]:
        """Store questions and their vectors, all or none, and return their keys.

        A question that replaces another of its id gets a new key. A new store takes `model` and the
        vectors' dimension. Metadata may be NumPy scalars, dates and decimals, which are stored as
        plain values, and `Typed`, which get the type of their column.

        Args:
            questions: with distinct ids.
            vectors: unit vectors; stored as float16.
            model: fingerprint of the model that made them.
            replace: replace stored questions of the same id.

        Raises:
            DataError: an id exists or is repeated; metadata are not plain, or longer than 65,536
                characters as JSON.
            ModelMismatchError: the stored vectors are of another model.
        """
        ...

    def remove(self, ids: Sequence[str]) -> list[str]:
        """Remove questions for good, all or none, and return the ids that existed."""
        ...

    def get(
        self, keys: Sequence[int], *, metadata: int | None = None
    ) -> list[StoredQuestion | None]:
        """Return questions by key, in order; None for a missing one.

        Args:
            keys: keys of questions.
            metadata: maximum length of a question's metadata as JSON, in characters; longer ones
                are omitted (`StoredQuestion.metadata_omitted`). None: no limit.
        """
        ...

    def find(
        self, ids: Sequence[str], *, metadata: int | None = None
    ) -> list[StoredQuestion | None]:
        """Return questions by id, in order; None for a missing one. For `metadata` see `get`."""
        ...

    def scan(
        self, after: int = 0, *, lot: int = 4096, metadata: int | None = None
    ) -> Iterator[list[StoredQuestion]]:
        """Return all questions with a key above `after`, ascending, in batches.

        Questions added or removed meanwhile may be missing. For `metadata` see `get`.
        """
        ...

    def where(self, metadata: Metadata) -> Int64[np.ndarray, "found"]:
        """Return the keys, ascending, of questions whose metadata have all of these values.

        A `Typed` value has the type of its column, or any of them if there are several. An empty
        store returns nothing, whatever the filter.

        Raises:
            DataError: an unknown column, or a value of another type than its column.
        """
        ...

    def require_filter(self, metadata: Metadata) -> None:
        """Check a filter as `where` does.

        Raises:
            DataError: see `where`.
        """
        ...

    def column_types(self, names: Sequence[str]) -> dict[str, set[str]]:
        """Return the types in metadata columns: "int", "float", "bool", "text" and "null".

        A column without values is absent.
        """
        ...

    def copies(self, texts: Sequence[str], most: int) -> list[Int64[np.ndarray, "found"]]:
        """Return for each text the keys, ascending, of up to `most` copies; see `copy_key`.

        Questions stored by an older gemel are missing until `index_copies` or `put_vectors`.
        """
        ...

    def index_copies(self, keys: Sequence[int]) -> None:
        """Index questions for `copies` that an older gemel stored without."""
        ...

    def changes(self, since: int, *, most: int = 65_536) -> Changes:
        """Return the changes after a sequence number, oldest first.

        Args:
            since: `Changes.until` of the previous call; 0 for everything.
            most: maximum number of questions; there are more if `until` is below
                `state().sequence`.
        """
        ...

    def begin_reindex(self, model: str, dim: int) -> None:
        """Prepare for the vectors of another model, or resume that.

        Old vectors are served until `finish_reindex`. `without_vector` returns questions added
        meanwhile too. Unfinished vectors of a third model are dropped.

        Raises:
            DataError: the model's vectors are served already.
        """
        ...

    def without_vector(self, *, most: int = 65_536) -> list[StoredQuestion]:
        """Return questions without a vector of the new model, without metadata."""
        ...

    def put_vectors(
        self, keys: Int64[np.ndarray, "questions"], vectors: Float[np.ndarray, "questions dim"]
    ) -> None:
        """Store vectors of the new model; those of removed questions are skipped."""
        ...

    def finish_reindex(self) -> None:
        """Serve the new model's vectors and erase the old ones, atomically.

        Raises:
            DataError: a vector is missing, or no reindexing was begun.
        """
        ...

    def erase(self) -> bool:
        """Erase all traces of removed data, if removals did not do so themselves.

        Returns:
            False: a reader blocks it; call again later.
        """
        ...

    def finish_erasing(self, *, now: bool = False) -> bool:
        """Erase what earlier removals left, if due; a service calls it regularly.

        Args:
            now: do it at once, waiting a second for readers.

        Returns:
            False: something is left, or (PostgreSQL) only `erase` does it.
        """
        ...

    def backup(self, path: str | Path) -> None:
        """Write a consistent copy into a new file, while others work.

        Raises:
            DataError: `path` exists.
        """
        ...

    def close(self) -> None:
        """Close the store."""
        ...

    def __enter__(self: _Itself) -> _Itself: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

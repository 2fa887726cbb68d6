"""Interfaces of a corpus: its questions, the decisions about them, and its keys."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import Float, Int64

from gemel.store.question_records import (
    Changes,
    KeyRecord,
    Metadata,
    NewQuestion,
    NewReview,
    Review,
    ReviewCounts,
    StoredQuestion,
    StoreState,
)

# typing.Self, which beartype cannot check on a method.
_Itself = TypeVar("_Itself", bound="Store")


@runtime_checkable
class Store(Protocol):
    """Durable questions with metadata and vectors.

    A call that changes something returns when all of it is stored, or raises and changes nothing.
    Any number of processes may read while one writes; writers wait for each other. One object may
    be used by several threads.

    Every method raises `StoreError` when the store is damaged, full, missing or read-only.
    """

    @property
    def name(self) -> str:
        """Name in errors, without a password."""
        ...

    def state(self) -> StoreState:
        """Return the current state."""
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

        A question that replaces another of its id gets a new key. In a new store, `model` and
        `dim` become those of the store. NumPy scalars, dates and decimals in metadata become plain
        values, `Typed` ones get the types of their columns.

        Args:
            questions: with unique ids.
            vectors: of length 1; stored as float16.
            model: fingerprint of the model that made them.
            replace: whether to replace questions of the same id.

        Raises:
            DataError: an id exists already or occurs twice; metadata are not plain, or longer
                than 65,536 characters as JSON.
            ModelMismatchError: the stored vectors are another model's.
        """
        ...

    def remove(self, ids: Sequence[str]) -> list[str]:
        """Remove questions for good, all or none; return the ids that existed."""
        ...

    def get(
        self, keys: Sequence[int], *, metadata: int | None = None
    ) -> list[StoredQuestion | None]:
        """Return questions by key, in order; None for a missing one.

        Args:
            keys: of the questions.
            metadata: maximum characters of a question's metadata, as JSON; longer ones are
                omitted (`StoredQuestion.metadata_omitted`). None: no limit; 0: all are omitted.
        """
        ...

    def find(
        self, ids: Sequence[str], *, metadata: int | None = None
    ) -> list[StoredQuestion | None]:
        """Return questions by id, like `get`."""
        ...

    def scan(
        self, after: int = 0, *, chunk: int = 4096, metadata: int | None = None
    ) -> Iterator[list[StoredQuestion]]:
        """Yield all questions with a key above `after` in chunks, ascending by key.

        Questions added or removed meanwhile may be included or not. For `metadata` see `get`.
        """
        ...

    def where(self, metadata: Metadata) -> Int64[np.ndarray, "found"]:
        """Return the keys, ascending, of questions whose metadata has all of these values.

        A `Typed` value has the type of its column; in a column with values of several types it may
        be any of them. An empty store finds nothing, whatever the filter.

        Raises:
            DataError: no question has metadata of such a name, or its values are of another type
                than the filter's: no result would be a wrong answer.
        """
        ...

    def require_filter(self, metadata: Metadata) -> None:
        """Refuse a filter that `where` refuses.

        Raises:
            DataError: see `where`.
        """
        ...

    def column_types(self, names: Sequence[str]) -> dict[str, set[str]]:
        """Return the types of the values in columns of the metadata.

        They are "int", "float", "bool", "text" and "null"; a column without values is absent.
        """
        ...

    def copies(self, texts: Sequence[str], most: int) -> list[Int64[np.ndarray, "found"]]:
        """Return for each text the keys, ascending, of up to `most` copies; see `copy_key`.

        Questions stored by an older gemel are missing until `index_copies` or `put_vectors`.
        """
        ...

    def index_copies(self, keys: Sequence[int]) -> None:
        """Make questions stored by an older gemel known to `copies`."""
        ...

    def changes(self, since: int, *, most: int = 65_536) -> Changes:
        """Return the changes after a sequence number, the oldest first.

        Args:
            since: the last `Changes.until`; 0 for everything.
            most: maximum number of questions; there are more if `until` is below
                `state().sequence`.
        """
        ...

    def begin_reindex(self, model: str, dim: int) -> None:
        """Prepare for the vectors of another model, or resume doing so.

        The stored vectors are served until `finish_reindex`. Questions added meanwhile, with
        vectors of the old model, are in `without_vector` too. Unfinished vectors of a third model
        are dropped.

        Raises:
            DataError: that model's vectors are the served ones.
        """
        ...

    def without_vector(self, *, most: int = 65_536) -> list[StoredQuestion]:
        """Return questions without a vector of the new model, ascending by key, no metadata."""
        ...

    def put_vectors(
        self, keys: Int64[np.ndarray, "questions"], vectors: Float[np.ndarray, "questions dim"]
    ) -> None:
        """Store vectors of the new model; those of removed questions are skipped.

        Raises:
            DataError: no reindexing was begun, a key occurs twice, a vector is invalid.
        """
        ...

    def finish_reindex(self) -> None:
        """Serve the new model's vectors and erase the old ones, in one transaction.

        Raises:
            DataError: a question has no vector yet, or no reindexing was begun.
        """
        ...

    def erase(self) -> bool:
        """Erase all traces of removed data.

        SQLite does so with each removal, as it costs little.

        Returns:
            False: a reader still holds on to them; call again later.
        """
        ...

    def finish_erasing(self, *, now: bool = False) -> bool:
        """Erase what a removal had to leave, if that is due; a service calls it periodically.

        Args:
            now: whether to do it at once and wait a second for readers.

        Returns:
            False: something is left, or (PostgreSQL) only `erase` does it.
        """
        ...

    def backup(self, path: str | Path) -> None:
        """Write a consistent snapshot into a new file, an SQLite store; others may keep writing.

        Raises:
            DataError: `path` exists.
        """
        ...

    def close(self) -> None:
        """Close all connections."""
        ...

    def __enter__(self: _Itself) -> _Itself: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


@runtime_checkable
class ReviewStore(Protocol):
    """Decisions about pairs of stored questions: one a pair, with reviewer and time.

    Changes and errors as in `Store`. Removing a question removes the decisions about it.
    """

    def decide(self, reviews: Sequence[NewReview], *, replace: bool = False) -> list[Review]:
        """Store decisions, all or none.

        Args:
            reviews: about distinct pairs, in either order. A skipped pair may always be decided.
            replace: whether to replace earlier decisions.

        Raises:
            DataError: a question is missing, or on both sides; a pair occurs twice or was decided
                already; an answer, reviewer, similarity or probability is invalid.
        """
        ...

    def undecide(self, pairs: Sequence[tuple[str, str]]) -> list[Review]:
        """Remove the decisions about pairs of ids; return those that existed."""
        ...

    def reviews(
        self, *, after: int = 0, chunk: int = 4096, metadata: int | None = None
    ) -> Iterator[list[Review]]:
        """Yield all decisions in chunks, in the order they were made.

        Args:
            after: number of decisions to leave out at the start.
            chunk: maximum decisions in a chunk.
            metadata: see `Store.get`.
        """
        ...

    def reviews_of(
        self, pairs: Sequence[tuple[str, str]], *, metadata: int | None = None
    ) -> list[Review | None]:
        """Return the decisions about pairs of ids, in order; None for an undecided pair."""
        ...

    def decided(self) -> dict[tuple[int, int], str]:
        """Return the answer for every decided pair of keys, the lower one first."""
        ...

    def review_count(self) -> ReviewCounts:
        """Count the decisions."""
        ...


@runtime_checkable
class KeyStore(Protocol):
    """Keys by name; revoked ones stay listed. Errors as in `Store`."""

    def add_key(self, name: str, scope: str) -> str:
        """Create a key, store its hash, and return it: it cannot be shown again.

        Raises:
            DataError: a valid key has that name, it is empty or longer than 200 characters, or the
                scope is unknown.
        """
        ...

    def keys(self) -> list[KeyRecord]:
        """Return all keys, the oldest first."""
        ...

    def revoke_key(self, name: str) -> bool:
        """Revoke the valid key of a name; False if there is none."""
        ...

    def good_keys(self) -> dict[bytes, KeyRecord]:
        """Return all valid keys by their hash; see `key_hash`."""
        ...

    def find_key(self, key: str) -> KeyRecord | None:
        """Return the record of a valid key, None for any other text."""
        ...


@runtime_checkable
class Corpus(Store, ReviewStore, KeyStore, Protocol):
    """A store with decisions and keys, backed up as one."""

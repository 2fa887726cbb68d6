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
    """Decisions about pairs of kept questions: one a pair, with who and when.

    A call that changes something returns when all of it is kept, or raises and nothing of it is.
    To forget a question is to forget what was decided about it.

    Every method raises `StoreError` when the store is damaged, full, gone or read-only.
    """

    def decide(self, reviews: Sequence[NewReview], *, replace: bool = False) -> list[Review]:
        """Keep decisions, all or none.

        Args:
            reviews: about pairs that differ, in either order. About a pair that was skipped
                somebody may always decide.
            replace: whether they take the place of earlier decisions.

        Raises:
            DataError: a question is not there, both are one, a pair stands twice or was decided
                already, no such answer, nobody's name, or a similarity or probability that is not
                finite.
        """
        ...

    def undecide(self, pairs: Sequence[tuple[str, str]]) -> list[Review]:
        """Take back what was decided about pairs of ids; give what there was."""
        ...

    def reviews(
        self, *, after: int = 0, lot: int = 4096, metadata: int | None = None
    ) -> Iterator[list[Review]]:
        """Give all decisions in lots, in the order they were made.

        Args:
            after: how many of the first to leave out.
            lot: how many at one time.
            metadata: how much of it is read of each question; see `Store.get`.
        """
        ...

    def reviews_of(
        self, pairs: Sequence[tuple[str, str]], *, metadata: int | None = None
    ) -> list[Review | None]:
        """Give what was decided about pairs of ids, in order; None where nothing was.

        For `metadata` see `reviews`.
        """
        ...

    def decided(self) -> dict[tuple[int, int], str]:
        """Give the answer about every decided pair of keys, the lower one first."""
        ...

    def review_count(self) -> ReviewCounts:
        """Count the decisions."""
        ...


# typing.Self, which the checks of the test suite cannot read on a method.
_Itself = TypeVar("_Itself", bound="Store")


@runtime_checkable
class Store(Protocol):
    """Questions, their metadata and their vectors, kept for good.

    A call that changes something returns when all of it is kept, or raises and nothing of it is.
    Any number of processes may read while one writes; writers wait for each other. One object may
    be used by several threads.

    Every method raises `StoreError` when the store is damaged, full, gone or read-only.
    """

    @property
    def name(self) -> str:
        """What errors call it, without a password."""
        ...

    def state(self) -> StoreState:
        """Say where it stands."""
        ...

    def add(
        self,
        questions: Sequence[NewQuestion],
        vectors: Float[np.ndarray, "questions dim"],
        model: str,
        *,
        replace: bool = False,
    ) -> Int64[np.ndarray, "questions"]:
        """Keep questions and their vectors, all or none, and give their keys.

        A question that replaces another of its id gets a new key. In a new store, `model` and
        `dim` become those of the store. Metadata may be scalars of NumPy, dates and decimals,
        which become plain values, and `Typed`, which become values of their columns' types.

        Args:
            questions: with ids that differ.
            vectors: one for each, of length 1; kept as float16.
            model: fingerprint of the model that made them.
            replace: whether a question of an id that is there takes its place.

        Raises:
            DataError: an id is there already, or stands twice among `questions`; metadata are
                not plain, or longer than 65,536 characters as JSON.
            ModelMismatchError: another model made the vectors that are there.
        """
        ...

    def remove(self, ids: Sequence[str]) -> list[str]:
        """Forget questions for good, all or none; give the ids that were there."""
        ...

    def get(
        self, keys: Sequence[int], *, metadata: int | None = None
    ) -> list[StoredQuestion | None]:
        """Give questions by key, in order; None for one that is not there.

        Args:
            keys: of the questions.
            metadata: characters, as JSON, of a question's metadata; what is longer is omitted
                (`StoredQuestion.metadata_omitted`). None: nothing is; 0: all are.
        """
        ...

    def find(
        self, ids: Sequence[str], *, metadata: int | None = None
    ) -> list[StoredQuestion | None]:
        """Give questions by id, in order; None for one that is not there.

        For `metadata` see `get`.
        """
        ...

    def scan(
        self, after: int = 0, *, lot: int = 4096, metadata: int | None = None
    ) -> Iterator[list[StoredQuestion]]:
        """Give all questions with a key above `after` in lots, ascending by key.

        What is added or removed meanwhile may be in it or not; nothing else is missed. For
        `metadata` see `get`.
        """
        ...

    def where(self, metadata: Metadata) -> Int64[np.ndarray, "found"]:
        """Give the keys, ascending, of questions whose metadata has all of these values.

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
        """Return the types of the values that columns of the metadata have.

        They are "int", "float", "bool", "text" and "null"; a column without values is absent.
        """
        ...

    def copies(self, texts: Sequence[str], most: int) -> list[Int64[np.ndarray, "found"]]:
        """Return for each text the keys, ascending, of up to `most` copies; see `copy_key`.

        Questions that an older gemel stored are missing until `index_copies` or `put_vectors`.
        """
        ...

    def index_copies(self, keys: Sequence[int]) -> None:
        """Make questions known to `copies`, where an older gemel did not; others change nothing."""
        ...

    def changes(self, since: int, *, most: int = 65_536) -> Changes:
        """Give what changed after a sequence number, the oldest changes first.

        Args:
            since: what `Changes.until` said the last time; 0 for everything.
            most: questions to give at one time; there may be more if `until` lies below
                `state().sequence`.
        """
        ...

    def begin_reindex(self, model: str, dim: int) -> None:
        """Make place for the vectors of another model; go on if that was begun already.

        The vectors that are there are served until `finish_reindex`. Questions that are added
        meanwhile, with vectors of the old model, are given by `without_vector` too. Vectors of a
        third model, made before, are given up.

        Raises:
            DataError: that model's vectors are the ones that are served.
        """
        ...

    def without_vector(self, *, most: int = 65_536) -> list[StoredQuestion]:
        """Give questions that still need a vector of the new model, without their metadata."""
        ...

    def put_vectors(
        self, keys: Int64[np.ndarray, "questions"], vectors: Float[np.ndarray, "questions dim"]
    ) -> None:
        """Keep vectors of the new model; those of questions that are gone are passed over."""
        ...

    def finish_reindex(self) -> None:
        """Serve the new model's vectors and erase the old ones, in one step.

        Raises:
            DataError: a question has no vector yet, or no reindexing was begun.
        """
        ...

    def erase(self) -> bool:
        """Erase all traces of what was removed where the store keeps any.

        Where it costs little, as in SQLite, whatever removes does so by itself.

        Returns:
            False: a reader still holds on to them; call again later.
        """
        ...

    def finish_erasing(self, *, now: bool = False) -> bool:
        """Erase what a removal had to leave, if that is due; a service calls it now and then.

        Args:
            now: whether to do it at once and wait a second for readers.

        Returns:
            False: something is left, or (PostgreSQL) only `erase` does it.
        """
        ...

    def backup(self, path: str | Path) -> None:
        """Write all of it, as it stands at one moment, into a new file, while others go on.

        Raises:
            DataError: something stands at `path`.
        """
        ...

    def close(self) -> None:
        """Let go of it."""
        ...

    def __enter__(self: _Itself) -> _Itself: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

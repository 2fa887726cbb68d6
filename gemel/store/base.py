"""Interfaces of a corpus (questions, decisions about them, keys), and their records."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import Float, Float16, Int64

Metadata: TypeAlias = Mapping[str, Any]
"""Names and plain values. Input may also have scalars of NumPy and others that become plain."""
REVIEW_ANSWERS = ("same", "different", "skipped")
"""Possible decisions about two questions."""
KEY_SCOPES = ("read", "write")
"""Rights of a key: queries only, or changes too."""
# typing.Self, which beartype cannot check on a method.
_Itself = TypeVar("_Itself", bound="Store")


class Typed(str):
    """A value as typed on a command line; it gets the type of its column in the corpus.

    In double quotes, as in JSON, it is text; `null` is no value.
    """

    __slots__ = ()


@dataclass(frozen=True, kw_only=True)
class NewQuestion:
    """A question to store."""

    id: str
    """Unique in the store."""
    text: str
    """Before cleaning."""
    metadata: Metadata = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StoredQuestion(NewQuestion):
    """A stored question."""

    key: int
    """Positive, increasing, never reused."""
    metadata_omitted: bool = False
    """Whether it has metadata that were not read, being large or not requested."""


class StoreState(NamedTuple):
    """State of a store, read in one transaction."""

    sequence: int
    """Number of the last change; 0 in a new store."""
    generation: int
    """Increases when the vectors of another model replace the served ones."""
    model: str
    """Fingerprint of the model of the served vectors; empty in a new store."""
    dim: int
    """Numbers in each of them; 0 in a new store."""
    questions: int
    reindexing: str
    """Fingerprint of the model being reindexed for; empty if none."""
    reindexed: int
    """Questions that have a vector of that model."""
    identity: str
    """Unique to the store, drawn when it was created."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Changes:
    """Changes of the served vectors since a sequence number; applying them twice is harmless."""

    until: int
    """Sequence number of the last change included."""
    generation: int
    """Of the vectors; if it differs from before, everything known is obsolete."""
    keys: Int64[np.ndarray, "put"]
    """Questions that are new, or have a new vector; in the order of their change."""
    vectors: Float16[np.ndarray, "put dim"]
    """Theirs, of length 1 except for rounding."""
    removed: Int64[np.ndarray, "removed"]
    """Removed questions; some may never have been seen."""


@dataclass(frozen=True, kw_only=True)
class NewReview:
    """A decision about two questions, to store."""

    left_id: str
    right_id: str
    answer: str
    """One of `REVIEW_ANSWERS`."""
    reviewer: str
    similarity: float | None = None
    """As the model gave it at that time; None if unknown."""
    probability: float | None = None
    """That they are duplicates, by the model."""
    said_same: bool | None = None
    """Whether the model called them duplicates."""
    model: str = ""
    """Its fingerprint."""


@dataclass(frozen=True, kw_only=True)
class Review:
    """A stored decision, removed together with either question; see `NewReview`."""

    left: StoredQuestion
    """The one with the lower key."""
    right: StoredQuestion
    answer: str
    reviewer: str
    decided_at: float
    """Seconds since 1970."""
    similarity: float | None
    probability: float | None
    said_same: bool | None
    model: str


class ReviewCounts(NamedTuple):
    """Numbers of decided pairs."""

    same: int
    different: int
    skipped: int
    agreed: int
    """Decisions that agree with the model, without skipped ones."""
    compared: int
    """Decisions for which the model's verdict is known."""


@dataclass(frozen=True, kw_only=True)
class KeyRecord:
    """A stored key."""

    name: str
    """Of its owner."""
    scope: str
    """One of `KEY_SCOPES`."""
    prefix: str
    """Its beginning, after `gemel_`."""
    created_at: float
    """Seconds since 1970."""
    revoked_at: float | None
    """None while it is valid."""


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

    def state(self) -> StoreState:
        """Return the current state."""

    def add(
        self,
        questions: Sequence[NewQuestion],
        vectors: Float[np.ndarray, "questions dim"],
        model: str,
        *,
        replace: bool = False,
    ) -> Int64[np.ndarray, "questions"]:
        """Store questions and their vectors, and return their keys.

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
                than 65,536 characters as JSON; a vector is invalid.
            ModelMismatchError: the stored vectors are another model's.
        """

    def remove(self, ids: Sequence[str]) -> list[str]:
        """Remove questions for good; return the ids that existed."""

    def get(
        self, keys: Sequence[int], *, metadata: int | None = None
    ) -> list[StoredQuestion | None]:
        """Return questions by key, in order; None for a missing one.

        Args:
            keys: of the questions.
            metadata: maximum characters of a question's metadata, as JSON; longer ones are
                omitted (`StoredQuestion.metadata_omitted`). None: no limit; 0: all are omitted.
        """

    def find(
        self, ids: Sequence[str], *, metadata: int | None = None
    ) -> list[StoredQuestion | None]:
        """Return questions by id, like `get`."""

    def scan(
        self, after: int = 0, *, chunk: int = 4096, metadata: int | None = None
    ) -> Iterator[list[StoredQuestion]]:
        """Yield all questions with a key above `after` in chunks, ascending by key.

        Questions added or removed meanwhile may be included or not.
        """

    def where(self, metadata: Metadata) -> Int64[np.ndarray, "found"]:
        """Return the keys, ascending, of questions whose metadata has all of these values.

        A `Typed` value has the type of its column; in a column with values of several types it may
        be any of them. An empty store finds nothing, whatever the filter.

        Raises:
            DataError: no question has metadata of such a name, or its values are of another type
                than the filter's: no result would be a wrong answer.
        """

    def require_filter(self, metadata: Metadata) -> None:
        """Raise the `DataError` that `where` would."""

    def column_types(self, names: Sequence[str]) -> dict[str, set[str]]:
        """Return the types of the values in columns of the metadata.

        They are "int", "float", "bool", "text" and "null"; a column without values is absent.
        """

    def copies(self, texts: Sequence[str], most: int) -> list[Int64[np.ndarray, "found"]]:
        """Return for each text the keys, ascending, of up to `most` copies; see `copy_key`.

        Questions stored by an older gemel are missing until `index_copies` or `put_vectors`.
        """

    def index_copies(self, keys: Sequence[int]) -> None:
        """Make questions stored by an older gemel known to `copies`."""

    def changes(self, since: int, *, most: int = 65_536) -> Changes:
        """Return the changes after a sequence number, the oldest first.

        Args:
            since: the last `Changes.until`; 0 for everything.
            most: maximum number of questions; there are more if `until` is below
                `state().sequence`.
        """

    def begin_reindex(self, model: str, dim: int) -> None:
        """Prepare for the vectors of another model, or resume doing so.

        The stored vectors are served until `finish_reindex`. Questions added meanwhile, with
        vectors of the old model, are in `without_vector` too. Unfinished vectors of a third model
        are dropped.

        Raises:
            DataError: that model's vectors are the served ones.
        """

    def without_vector(self, *, most: int = 65_536) -> list[StoredQuestion]:
        """Return questions without a vector of the new model, ascending by key, no metadata."""

    def put_vectors(
        self, keys: Int64[np.ndarray, "questions"], vectors: Float[np.ndarray, "questions dim"]
    ) -> None:
        """Store vectors of the new model; those of removed questions are skipped.

        Raises:
            DataError: no reindexing was begun, a key occurs twice, a vector is invalid.
        """

    def finish_reindex(self) -> None:
        """Serve the new model's vectors and erase the old ones, in one transaction.

        Raises:
            DataError: a question has no vector yet, or no reindexing was begun.
        """

    def erase(self) -> bool:
        """Erase all traces of removed data; SQLite does so with each removal, as it costs little.

        Returns:
            False: a reader or writer still holds on to them; call again later.
        """

    def finish_erasing(self, *, now: bool = False) -> bool:
        """Erase what a removal had to leave, if that is due; a service calls it periodically.

        Args:
            now: whether to do it at once and wait a second for readers.

        Returns:
            False: something is left, or (PostgreSQL) only `erase` does it.
        """

    def backup(self, path: str | Path) -> None:
        """Write a consistent snapshot into a new SQLite store; others may keep writing.

        Raises:
            DataError: `path` exists.
        """

    def close(self) -> None:
        """Close all connections."""

    def __enter__(self: _Itself) -> _Itself: ...

    def __exit__(self, *error: object) -> None: ...


@runtime_checkable
class ReviewStore(Protocol):
    """Decisions about pairs of stored questions: one a pair, with reviewer and time.

    Changes, errors and `metadata` as in `Store`. Removing a question removes the decisions about
    it.
    """

    def decide(self, reviews: Sequence[NewReview], *, replace: bool = False) -> list[Review]:
        """Store decisions.

        Args:
            reviews: about distinct pairs, in either order. A skipped pair may always be decided.
            replace: whether to replace earlier decisions.

        Raises:
            DataError: a question is missing, or on both sides; a pair occurs twice or was decided
                already; an answer, reviewer, similarity or probability is invalid.
        """

    def undecide(self, pairs: Sequence[tuple[str, str]]) -> list[Review]:
        """Remove the decisions about pairs of ids; return those that existed."""

    def reviews(
        self, *, after: int = 0, chunk: int = 4096, metadata: int | None = None
    ) -> Iterator[list[Review]]:
        """Yield all decisions but the first `after` in chunks, in the order they were made."""

    def reviews_of(
        self, pairs: Sequence[tuple[str, str]], *, metadata: int | None = None
    ) -> list[Review | None]:
        """Return the decisions about pairs of ids, in order; None for an undecided pair."""

    def decided(self) -> dict[tuple[int, int], str]:
        """Return the answer for every decided pair of keys, the lower one first."""

    def review_count(self) -> ReviewCounts:
        """Count the decisions."""


@runtime_checkable
class KeyStore(Protocol):
    """Keys by name; revoked ones stay listed. Errors as in `Store`."""

    def add_key(self, name: str, scope: str) -> str:
        """Create a key, store its hash, and return it: it cannot be shown again.

        Raises:
            DataError: a valid key has that name, it is empty or longer than 200 characters, or the
                scope is unknown.
        """

    def keys(self) -> list[KeyRecord]:
        """Return all keys, the oldest first."""

    def revoke_key(self, name: str) -> bool:
        """Revoke the valid key of a name; False if there is none."""

    def good_keys(self) -> dict[bytes, KeyRecord]:
        """Return all valid keys by their hash; see `key_hash`."""

    def find_key(self, key: str) -> KeyRecord | None:
        """Return the record of a valid key, None for any other text."""


@runtime_checkable
class Corpus(Store, ReviewStore, KeyStore, Protocol):
    """A store with decisions and keys, backed up as one."""

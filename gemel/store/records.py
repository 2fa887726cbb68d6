"""Records of stores: questions, changes, decisions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float16, Int64

Metadata: TypeAlias = Mapping[str, Any]
"""Metadata of a question: names and plain values. New metadata may have values that are converted,
such as NumPy scalars."""


class Typed(str):
    """A value typed on a command line, with the type of its column in the corpus.

    In double quotes it is text; `null` is no value.
    """

    __slots__ = ()


@dataclass(frozen=True, kw_only=True)
class NewQuestion:
    """A question to store."""

    id: str
    """Unique id."""
    text: str
    """Text as typed, before cleaning."""
    metadata: Metadata = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StoredQuestion(NewQuestion):
    """A stored question."""

    key: int
    """Key in the store: positive, increasing, never reused."""
    metadata_omitted: bool = False
    """Whether metadata were too long to be read, or not requested."""


class StoreState(NamedTuple):
    """State of a store at one moment."""

    sequence: int
    """Number of the last stored change; 0 in a new store."""
    generation: int
    """Number of vector generations; increases when another model's vectors are served."""
    model: str
    """Fingerprint of the model of the served vectors; empty in a new store."""
    dim: int
    """Dimension of vectors; 0 in a new store."""
    questions: int
    """Number of stored questions."""
    reindexing: str
    """Fingerprint of the model that is being reindexed to; empty if none."""
    reindexed: int
    """Number of questions with a vector of that model."""
    identity: str
    """Random identity of the store."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Changes:
    """Changes of the served vectors after a sequence number; applying them twice does no harm."""

    until: int
    """Sequence number of the last change included."""
    generation: int
    """Generation of the vectors; a new one invalidates all earlier vectors."""
    keys: Int64[np.ndarray, "put"]
    """New questions and those with a new vector, in order of change."""
    vectors: Float16[np.ndarray, "put dim"]
    """Their vectors."""
    removed: Int64[np.ndarray, "removed"]
    """Removed questions; some may never have been returned."""


REVIEW_ANSWERS = ("same", "different", "skipped")
"""Possible decisions about two questions."""


@dataclass(frozen=True, kw_only=True)
class NewReview:
    """A decision to store."""

    left_id: str
    right_id: str
    answer: str
    """One of `REVIEW_ANSWERS`."""
    reviewer: str
    """Name of the reviewer."""
    similarity: float | None = None
    """Similarity by the model at that time; None if unknown."""
    probability: float | None = None
    """Probability by the model at that time."""
    said_same: bool | None = None
    """Whether the model called them the same."""
    model: str = ""
    """Fingerprint of the model."""


@dataclass(frozen=True, kw_only=True)
class Review:
    """A stored decision; removed with either question."""

    left: StoredQuestion
    """Question with the lower key."""
    right: StoredQuestion
    answer: str
    """One of `REVIEW_ANSWERS`."""
    reviewer: str
    """Name of the reviewer."""
    decided_at: float
    """Seconds since 1970."""
    similarity: float | None
    """See `NewReview`, also for the following."""
    probability: float | None
    said_same: bool | None
    model: str


class ReviewCounts(NamedTuple):
    """Numbers of decisions."""

    same: int
    different: int
    skipped: int
    agreed: int
    """Decisions, without skipped ones, that equal the model's verdict."""
    compared: int
    """Decisions for which the model's verdict is known."""

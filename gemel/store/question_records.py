"""Records of a store: questions, changes, decisions and keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float16, Int64

Metadata: TypeAlias = Mapping[str, Any]
"""Names and plain values. Input may also have scalars of NumPy and others that become plain."""


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


REVIEW_ANSWERS = ("same", "different", "skipped")
"""Possible decisions about two questions."""


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
    """A stored decision about two questions; removed together with either of them."""

    left: StoredQuestion
    """The one with the lower key."""
    right: StoredQuestion
    answer: str
    """One of `REVIEW_ANSWERS`."""
    reviewer: str
    decided_at: float
    """Seconds since 1970."""
    similarity: float | None
    """See `NewReview` for this and the following."""
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


KEY_SCOPES = ("read", "write")
"""Rights of a key: queries only, or changes too."""


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

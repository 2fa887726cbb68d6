"""What a store keeps of a question, and what it tells of its changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float16, Int64

Metadata: TypeAlias = Mapping[str, Any]
"""What a user wants to keep of a question, and filter by: names and plain values. What is given may
also have values that become plain, as scalars of NumPy; what is read has plain ones."""


class Typed(str):
    """A value as it is typed on a command line: its type is that of its column in the corpus.

    In double quotes, as JSON has them, it is text; `null` is no value.
    """

    __slots__ = ()


@dataclass(frozen=True, kw_only=True)
class NewQuestion:
    """A question that is to be kept."""

    id: str
    """What it is called elsewhere; the store holds no other of that id."""
    text: str
    """As it was asked, before cleaning."""
    metadata: Metadata = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StoredQuestion(NewQuestion):
    """A question that is kept."""

    key: int
    """What the store calls it: positive, growing, never given twice."""
    metadata_omitted: bool = False
    """Whether it has metadata that were not read, as they are large or were not asked for."""


class StoreState(NamedTuple):
    """Where a store stands, read in one piece."""

    sequence: int
    """Grows with every change that is kept; 0 in a new store."""
    generation: int
    """Grows when the vectors of one model take the place of another's."""
    model: str
    """Fingerprint of the model that made the vectors which are served; empty in a new store."""
    dim: int
    """Numbers in each of them; 0 in a new store."""
    questions: int
    """How many are kept."""
    reindexing: str
    """Fingerprint of the model for which vectors are being made; empty if there is none."""
    reindexed: int
    """How many questions have such a vector already."""
    identity: str
    """What no other store has: drawn when it was made."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Changes:
    """What changed in the served vectors of a store since a sequence number.

    To take changes twice does no harm: what is put is put again, what is removed is gone.
    """

    until: int
    """All changes up to this sequence number are in it, and none after."""
    generation: int
    """Of the vectors; another than before makes everything that was known worthless."""
    keys: Int64[np.ndarray, "put"]
    """Questions that are new, or have a new vector; ascending by their change."""
    vectors: Float16[np.ndarray, "put dim"]
    """Theirs, of length 1 but for rounding."""
    removed: Int64[np.ndarray, "removed"]
    """Questions that are gone; some may never have been seen."""


REVIEW_ANSWERS = ("same", "different", "skipped")
"""What somebody can decide about two questions."""


@dataclass(frozen=True, kw_only=True)
class NewReview:
    """A decision about two questions that is to be kept."""

    left_id: str
    right_id: str
    answer: str
    """One of `REVIEW_ANSWERS`."""
    reviewer: str
    """Who decided."""
    similarity: float | None = None
    """What the model made of the two at that time; None where nobody asked it."""
    probability: float | None = None
    """That they ask the same, by the model."""
    said_same: bool | None = None
    """Whether the model called them the same."""
    model: str = ""
    """Its fingerprint."""


@dataclass(frozen=True, kw_only=True)
class Review:
    """A decision about two questions that is kept; it goes when one of them does."""

    left: StoredQuestion
    """The one with the lower key."""
    right: StoredQuestion
    answer: str
    """One of `REVIEW_ANSWERS`."""
    reviewer: str
    """Who decided."""
    decided_at: float
    """Seconds since 1970."""
    similarity: float | None
    """See `NewReview` for this and what follows."""
    probability: float | None
    said_same: bool | None
    model: str


class ReviewCounts(NamedTuple):
    """How many pairs were decided, and how."""

    same: int
    different: int
    skipped: int
    agreed: int
    """Decisions, skipped ones left out, that are what the model had said."""
    compared: int
    """Those where it is known what it had said."""

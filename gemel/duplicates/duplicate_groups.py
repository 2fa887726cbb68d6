"""Duplicate groups with their scores."""

import dataclasses
import functools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float32, Int32, Int64, Shaped

from gemel.config import DedupeOptions
from gemel.data import connect
from gemel.duplicates.linkage import central_member, linked_groups
from gemel.duplicates.question_templates import Template
from gemel.notebook import shown

_SCORES = 1024
"""Scores created at a time."""


@dataclass(frozen=True, eq=False)
class ScoredPairs:
    """Scored pairs of different questions, left below right, ascending."""

    left: Int32[np.ndarray, "pairs"]
    right: Int32[np.ndarray, "pairs"]
    cosine: Float32[np.ndarray, "pairs"]
    """Cosine of the vectors."""
    similarity: Float32[np.ndarray, "pairs"]
    """Similarity by the whole model; see `Engine.similarity`."""
    probability: Float32[np.ndarray, "pairs"]
    """Probability that the two ask the same."""

    def __len__(self) -> int:
        return len(self.left)

    def find(
        self, one: Int64[np.ndarray, "wanted"], other: Int64[np.ndarray, "wanted"]
    ) -> Float32[np.ndarray, "wanted"]:
        """Return the probability of pairs, in either order; NaN for unscored ones."""
        if not len(self):
            return np.full(len(one), np.nan, np.float32)
        numbers = (self.left.astype(np.int64) << 32) + self.right
        wanted = (np.minimum(one, other) << 32) + np.maximum(one, other)
        places = np.searchsorted(numbers, wanted).clip(max=len(self) - 1)
        found = np.where(numbers[places] == wanted, self.probability[places], np.float32(np.nan))
        return found.astype(np.float32)


class PairScore(NamedTuple):
    """Scores of two questions, named by their ids; see `ScoredPairs`."""

    left: str
    """Of copies the id of the first one."""
    right: str
    cosine: float
    similarity: float
    probability: float


class PairScores(Sequence[PairScore]):
    """Scores created on access: a group of thousands has millions of them.

    Args:
        ids: ids of all questions.
        left, right: rows of `ids`.
        scores: cosine, similarity and probability of each pair.
    """

    def __init__(
        self,
        ids: Sequence[str],
        left: Int64[np.ndarray, "pairs"],
        right: Int64[np.ndarray, "pairs"],
        *scores: Shaped[np.ndarray, "pairs"],
    ):
        self._ids, self._left, self._right, self._scores = ids, left, right, scores

    def __len__(self) -> int:
        return len(self._left)

    def __getitem__(self, place: Any) -> Any:
        """Return the score at an index, or a list of those in a slice."""
        if not isinstance(place, slice):
            return self[place : place + 1 or None][0]
        names = (
            [self._ids[row] for row in side[place].tolist()] for side in (self._left, self._right)
        )
        numbers = (score[place].tolist() for score in self._scores)
        return list(map(PairScore, *names, *numbers))

    def __iter__(self) -> Iterator[PairScore]:
        for start in range(0, len(self), _SCORES):
            yield from self[start : start + _SCORES]


@dataclass(frozen=True)
class Member:
    """A question of a group."""

    id: str
    text: str
    probability: float | None
    """Probability against the central question; 1 for itself and its copies, None if not scored."""


@shown(
    lambda it: {"members": len(it), "central": it.members[0].text if it.members else ""},
    lambda it: ((member.id, member.text) for member in it.members),
)
@dataclass(frozen=True)
class Group:
    """Questions that ask the same."""

    members: tuple[Member, ...]
    """Central question first, then by probability."""
    component: int
    """Chain of pairs that it belongs to: index of its first question."""

    def __len__(self) -> int:
        return len(self.members)


@runtime_checkable
class FoundGroups(Protocol):
    """Duplicate groups, in memory or on disk."""

    @property
    def questions(self) -> int:
        """Number of questions."""

    @property
    def exact(self) -> int:
        """Number of copies of an earlier question; see `copy_key`."""

    @property
    def judged(self) -> int:
        """Number of scored pairs."""

    @property
    def grouped(self) -> int:
        """Number of questions in groups."""

    @property
    def floor(self) -> float:
        """Minimum cosine of scored pairs."""

    @property
    def probability(self) -> float:
        """Minimum probability."""

    @property
    def linkage(self) -> str:
        """One of `LINKAGES`."""

    @property
    def templates(self) -> tuple[Template, ...]:
        """Largest first; the questions of one are not scored against each other."""

    @property
    def left_out(self) -> int:
        """Number of close pairs not scored because there were too many; see `find_duplicates`."""

    @property
    def groups(self) -> Iterable[Group]:
        """Groups of two or more questions, largest first."""

    def scores(self) -> Iterator[Sequence[PairScore]]:
        """Yield the scores of each group's pairs, in order."""

    def __len__(self) -> int: ...


@shown(
    lambda it: {
        "questions": it.questions,
        "groups": len(it),
        "grouped": it.grouped,
        "copies": it.exact,
        "probability": it.probability,
    },
    lambda it: ((len(group), group.members[0].text) for group in it.groups),
)
@dataclass(frozen=True, eq=False)
class Duplicates:
    """Duplicate groups and the scores they were made from; see `FoundGroups`.

    `rethreshold` makes other groups from the same scores, without encoding.

    Raises:
        ConfigError: a probability or linkage out of range.
    """

    ids: Sequence[str]
    texts: Sequence[str]
    copies: Int32[np.ndarray, "questions"]
    """Number of the distinct question of each question; copies, and questions with equal vectors,
    share one."""
    exact: int
    pairs: ScoredPairs
    """Scored pairs of distinct questions."""
    floor: float
    probability: float
    linkage: str = "average"
    apart: frozenset[str] = frozenset()
    """Ids of questions excluded from groups."""
    templates: tuple[Template, ...] = ()
    left_out: int = 0

    def __post_init__(self) -> None:
        DedupeOptions(probability=self.probability, linkage=self.linkage)

    def rethreshold(self, probability: float, linkage: str | None = None) -> "Duplicates":
        """Return groups at another probability or linkage."""
        return dataclasses.replace(self, probability=probability, linkage=linkage or self.linkage)

    def without(self, ids: Iterable[str]) -> "Duplicates":
        """Return groups without some questions."""
        return dataclasses.replace(self, apart=self.apart | frozenset(ids))

    @property
    def questions(self) -> int:
        """Number of questions."""
        return len(self.ids)

    @property
    def judged(self) -> int:
        """Number of scored pairs."""
        return len(self.pairs)

    @property
    def grouped(self) -> int:
        """Number of questions in groups."""
        return sum(map(len, self.groups))

    def __len__(self) -> int:
        return len(self.groups)

    @functools.cached_property
    def joined(self) -> Int32[np.ndarray, "questions"]:
        """Group of each question, singletons included: the smallest number of `copies` in it."""
        joined: Int32[np.ndarray, "questions"] = self._linked[self.copies]
        return joined

    @functools.cached_property
    def groups(self) -> tuple[Group, ...]:
        """Groups of two or more questions, largest first."""
        return tuple(map(self._group, self._groups_of_rows))

    @functools.cached_property
    def kept(self) -> list[str]:
        """Ids that remain if each group is reduced to its central question, in order."""
        gone = {member.id for group in self.groups for member in group.members[1:]}
        return [each for each in self.ids if each not in gone]

    def scores(self) -> Iterator[Sequence[PairScore]]:
        """Yield the scores of each group's pairs, in order."""
        pairs, linked = self.pairs, self._linked
        rows = np.flatnonzero(self._stay)
        first = np.full(self._different, -1)
        first[self.copies[rows][::-1]] = rows[::-1]
        there = (first[pairs.left] >= 0) & (first[pairs.right] >= 0)
        within = np.flatnonzero(there & (linked[pairs.left] == linked[pairs.right]))
        within = within[np.argsort(linked[pairs.left[within]], kind="stable")]
        owners = linked[pairs.left[within]]
        for group in self._groups_of_rows:
            owner = self.joined[group[0]]
            part = within[slice(*np.searchsorted(owners, [owner, owner + 1]))]
            yield PairScores(
                self.ids,
                first[pairs.left[part]],
                first[pairs.right[part]],
                pairs.cosine[part],
                pairs.similarity[part],
                pairs.probability[part],
            )

    @functools.cached_property
    def _stay(self) -> Bool[np.ndarray, "questions"]:
        """Questions that may be in a group."""
        stay = np.ones(len(self.ids), bool)
        if self.apart:
            stay[[row for row, name in enumerate(self.ids) if name in self.apart]] = False
        return stay

    @property
    def _different(self) -> int:
        return int(self.copies.max(initial=-1)) + 1

    @functools.cached_property
    def _first(self) -> Int64[np.ndarray, "different"]:
        """First question of each distinct one."""
        _, first = np.unique(self.copies, return_index=True)
        places: Int64[np.ndarray, "different"] = first
        return places

    @functools.cached_property
    def _connected(self) -> Int32[np.ndarray, "different"]:
        likely = self.pairs.probability >= np.float32(self.probability)
        return connect(self._different, self.pairs.left[likely], self.pairs.right[likely])

    @functools.cached_property
    def _linked(self) -> Int32[np.ndarray, "different"]:
        if self.linkage == "connected":
            return self._connected
        pairs = self.pairs
        return linked_groups(
            self._different, pairs.left, pairs.right, pairs.probability, self.probability
        )

    @functools.cached_property
    def _likely_as_central(self) -> Float32[np.ndarray, "questions"]:
        """Probability of each question against its central one; 2 for the central one."""
        pairs = self.pairs
        central = central_member(self._linked, pairs.left, pairs.right, pairs.probability)
        middle = central[self.joined].astype(np.int64)
        likely = self.pairs.find(self.copies.astype(np.int64), middle)
        likely[self.copies == middle] = 2
        return likely

    @functools.cached_property
    def _groups_of_rows(self) -> list[Int64[np.ndarray, "members"]]:
        """Rows of every group of two or more, in the order of `groups` and members."""
        stay = self._stay
        sizes = np.bincount(self.joined[stay], minlength=self._different)
        rows = np.flatnonzero(stay & (sizes[self.joined] > 1))
        if not len(rows):
            return []
        groups = self.joined[rows]
        likely = np.nan_to_num(self._likely_as_central[rows], nan=-1)
        rows = rows[np.lexsort((rows, -likely, groups, -sizes[groups]))]
        return np.split(rows, np.flatnonzero(np.diff(self.joined[rows])) + 1)

    def _group(self, rows: Int64[np.ndarray, "members"]) -> Group:
        likely = self._likely_as_central[rows].clip(max=1).tolist()
        return Group(
            members=tuple(
                Member(self.ids[row], self.texts[row], None if math.isnan(share) else share)
                for row, share in zip(rows.tolist(), likely, strict=True)
            ),
            component=int(self._first[self._connected[self.copies[rows[0]]]]),
        )

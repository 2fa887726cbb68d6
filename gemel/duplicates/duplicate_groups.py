"""Duplicate groups among questions, with every score that made them."""

import dataclasses
import functools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float32, Int32, Int64

from gemel.config import require_number
from gemel.duplicates.linkage import central_member, connected_groups, linked_groups
from gemel.duplicates.pair_scores import PairScore, PairScores
from gemel.duplicates.question_templates import Template
from gemel.errors import ConfigError
from gemel.notebook import shown

LINKAGES = ("average", "connected")
"""What makes a group: over all pairs of it the mean probability reaches the cut (a pair that was
not judged counts as 0); or a chain of pairs each of which does."""


def require_cut(probability: float, linkage: str, floor: float | int = 0) -> None:
    """Refuse what `Duplicates` cannot be cut by.

    Raises:
        ConfigError: no probability above 0, no linkage, or a floor that is no cosine.
    """
    require_number("floor, the least cosine,", floor, -1, 1)
    if not 0 < probability <= 1:
        raise ConfigError(f"probability must be above 0, at most 1, not {probability:g}")
    if linkage not in LINKAGES:
        raise ConfigError(f"linkage must be one of {', '.join(LINKAGES)}, not {linkage!r}")


@dataclass(frozen=True, eq=False)
class ScoredPairs:
    """Pairs of different questions, left below right, ascending, and how alike they are."""

    left: Int32[np.ndarray, "pairs"]
    right: Int32[np.ndarray, "pairs"]
    cosine: Float32[np.ndarray, "pairs"]
    """Of their vectors."""
    similarity: Float32[np.ndarray, "pairs"]
    """By all that the model has; see `Engine.similarity`."""
    probability: Float32[np.ndarray, "pairs"]
    """That the two ask the same."""

    def __len__(self) -> int:
        """Count the pairs."""
        return len(self.left)

    def find(
        self, one: Int64[np.ndarray, "wanted"], other: Int64[np.ndarray, "wanted"]
    ) -> Float32[np.ndarray, "wanted"]:
        """Look up the probability of pairs, in either order; NaN for one that was not judged."""
        if not len(self):
            return np.full(len(one), np.nan, np.float32)
        numbers = (self.left.astype(np.int64) << 32) + self.right
        wanted = (np.minimum(one, other) << 32) + np.maximum(one, other)
        places = np.searchsorted(numbers, wanted).clip(max=len(self) - 1)
        found = np.where(numbers[places] == wanted, self.probability[places], np.float32(np.nan))
        return found.astype(np.float32)


@dataclass(frozen=True)
class Member:
    """A question of a group."""

    id: str
    text: str
    probability: float | None
    """That it asks the same as the central question: 1 for that one and its equals. None: the two
    were not judged together, and what is between them joins them."""


@shown(
    lambda it: {"members": len(it), "central": it.members[0].text if it.members else ""},
    lambda it: ((member.id, member.text) for member in it.members),
)
@dataclass(frozen=True)
class Group:
    """Questions that ask the same."""

    members: tuple[Member, ...]
    """The central one first, which is nearest to all others together; then by probability."""
    component: int
    """The chain of pairs that it is part of, by the place, from 0, of its first question; groups of
    one chain have the same."""

    def __len__(self) -> int:
        """Count the members."""
        return len(self.members)


@runtime_checkable
class FoundGroups(Protocol):
    """Duplicate groups, wherever they lie."""

    @property
    def questions(self) -> int:
        """How many questions were looked at."""
        ...

    @property
    def exact(self) -> int:
        """How many of them are copies of an earlier one."""
        ...

    @property
    def judged(self) -> int:
        """How many pairs were judged."""
        ...

    @property
    def grouped(self) -> int:
        """How many questions are in groups."""
        ...

    @property
    def floor(self) -> float:
        """Pairs of a lower cosine were not judged."""
        ...

    @property
    def probability(self) -> float:
        """The cut."""
        ...

    @property
    def linkage(self) -> str:
        """One of `LINKAGES`."""
        ...

    @property
    def templates(self) -> tuple[Template, ...]:
        """Questions that differ only in their numbers; not judged with each other."""
        ...

    @property
    def left_out(self) -> int:
        """Close pairs that were not judged, since there were too many; see `find_duplicates`."""
        ...

    @property
    def groups(self) -> Iterable[Group]:
        """The groups of two questions and more, the largest first."""
        ...

    def scores(self) -> Iterator[Sequence[PairScore]]:
        """Yield for every group, in order, the scores of its pairs that were judged."""
        ...

    def __len__(self) -> int:
        """Count the groups."""
        ...


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
    """Groups of questions that ask the same, and the scores they were made of.

    `rethreshold` makes other groups of the same scores, without encoding again.

    Raises:
        ConfigError: no probability, or no linkage.
    """

    ids: Sequence[str]
    texts: Sequence[str]
    copies: Int32[np.ndarray, "questions"]
    """Which different question each one is, by order of appearance; those that are copies, or that
    the model cannot tell apart, have one number."""
    exact: int
    """How many questions are copies of an earlier one; see `copy_key`."""
    pairs: ScoredPairs
    """Of different questions."""
    floor: float
    """Pairs of a lower cosine were not judged, and join nothing."""
    probability: float
    """The cut: a pair that is less likely joins nothing."""
    linkage: str = "average"
    """One of `LINKAGES`."""
    apart: frozenset[str] = frozenset()
    """Ids of questions that are in no group, whatever their scores report."""
    templates: tuple[Template, ...] = ()
    """Questions that differ only in their numbers, the largest template first; two of one template
    are not judged with each other."""
    left_out: int = 0
    """Close pairs that were not judged, since there were too many; see `find_duplicates`."""

    def __post_init__(self) -> None:
        require_cut(self.probability, self.linkage)

    def rethreshold(self, probability: float, linkage: str | None = None) -> "Duplicates":
        """Cut elsewhere, higher or lower, by the scores that are there."""
        return dataclasses.replace(self, probability=probability, linkage=linkage or self.linkage)

    def without(self, ids: Iterable[str]) -> "Duplicates":
        """Take questions out of their groups."""
        return dataclasses.replace(self, apart=self.apart | frozenset(ids))

    @property
    def questions(self) -> int:
        """How many questions there are."""
        return len(self.ids)

    @property
    def judged(self) -> int:
        """How many pairs were judged."""
        return len(self.pairs)

    @property
    def grouped(self) -> int:
        """How many questions are in groups."""
        return sum(map(len, self.groups))

    def __len__(self) -> int:
        """Count the groups."""
        return len(self.groups)

    @functools.cached_property
    def joined(self) -> Int32[np.ndarray, "questions"]:
        """The group of each question, also one by itself: the smallest number of `copies` there."""
        joined: Int32[np.ndarray, "questions"] = self._linked[self.copies]
        return joined

    @functools.cached_property
    def groups(self) -> tuple[Group, ...]:
        """The groups of two questions and more, the largest first."""
        return tuple(map(self._group, self._groups_of_rows))

    @functools.cached_property
    def kept(self) -> list[str]:
        """The ids that stay if only the central question of each group does, in order."""
        gone = {member.id for group in self.groups for member in group.members[1:]}
        return [each for each in self.ids if each not in gone]

    def scores(self) -> Iterator[Sequence[PairScore]]:
        """Yield for every group, in order, the scores of its pairs that were judged."""
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
        """Report which questions may be in a group."""
        stay = np.ones(len(self.ids), bool)
        if self.apart:
            stay[[row for row, name in enumerate(self.ids) if name in self.apart]] = False
        return stay

    @property
    def _different(self) -> int:
        return int(self.copies.max(initial=-1)) + 1

    @functools.cached_property
    def _first(self) -> Int64[np.ndarray, "different"]:
        """Where each different question is first."""
        _, first = np.unique(self.copies, return_index=True)
        places: Int64[np.ndarray, "different"] = first
        return places

    @functools.cached_property
    def _connected(self) -> Int32[np.ndarray, "different"]:
        likely = self.pairs.probability >= np.float32(self.probability)
        return connected_groups(self._different, self.pairs.left[likely], self.pairs.right[likely])

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
        """How likely each question asks the same as the central one of its group; 2: it does."""
        pairs = self.pairs
        central = central_member(self._linked, pairs.left, pairs.right, pairs.probability)
        middle = central[self.joined].astype(np.int64)
        likely = self.pairs.find(self.copies.astype(np.int64), middle)
        likely[self.copies == middle] = 2
        return likely

    @functools.cached_property
    def _groups_of_rows(self) -> list[Int64[np.ndarray, "members"]]:
        """The rows of every group of two and more, in the order of `groups` and members."""
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

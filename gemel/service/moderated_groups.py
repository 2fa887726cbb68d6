"""Duplicate groups after the decisions of reviewers."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from gemel.duplicates import Duplicates, Member

_Decision = tuple[str, str, str]
"""Two ids and the answer."""


@dataclass(frozen=True)
class ModeratedGroup:
    """A group of duplicates, and the questions that reviewers removed from it."""

    members: tuple[Member, ...]
    """The central question first."""
    split: tuple[Member, ...]
    accepted: frozenset[str]
    """Ids of members confirmed as duplicates of the central question."""

    @property
    def is_accepted(self) -> bool:
        """Whether all members are confirmed."""
        return len(self.accepted) + 1 == len(self.members)


def moderate(
    duplicates: Duplicates,
    keys: Int64[np.ndarray, "questions"],
    decided: Mapping[tuple[int, int], str],
) -> list[ModeratedGroup]:
    """Apply decisions to groups; drop groups with one question left.

    "same" is transitive: a chain of such decisions from the central question accepts all its
    members, and a "different" between one of a chain and the central question removes the chain.

    Args:
        duplicates: the groups.
        keys: keys of its questions, ascending.
        decided: answer by pair of keys; others than "same" and "different" are ignored.
    """
    by_group = _by_group(duplicates, keys, decided)
    found = []
    for group in duplicates.groups:
        decisions = by_group.get(group.members[0].id)
        if decisions is None:
            found.append(ModeratedGroup(group.members, (), frozenset()))
            continue
        moderated = _apply(group.members, decisions)
        if len(moderated.members) > 1:
            found.append(moderated)
    return found


def _by_group(
    duplicates: Duplicates,
    keys: Int64[np.ndarray, "questions"],
    decided: Mapping[tuple[int, int], str],
) -> dict[str, list[_Decision]]:
    """Return the decisions within each group, by the id of its central question."""
    answers = [item for item in decided.items() if item[1] in ("same", "different")]
    if not answers or not len(keys):
        return {}
    pairs = np.array([pair for pair, _ in answers], np.int64)
    rows = np.searchsorted(keys, pairs).clip(max=len(keys) - 1)
    joined = duplicates.joined[rows]
    within = (keys[rows] == pairs).all(axis=1) & (joined[:, 0] == joined[:, 1])
    by_label: dict[int, list[_Decision]] = defaultdict(list)
    labels = {}
    for place in np.flatnonzero(within).tolist():
        left, right = (duplicates.ids[row] for row in rows[place].tolist())
        labels[left] = int(joined[place, 0])
        by_label[labels[left]].append((left, right, answers[place][1]))
    central = {
        labels[member.id]: group.members[0].id
        for group in duplicates.groups
        for member in group.members
        if member.id in labels
    }
    return {central[label]: decisions for label, decisions in by_label.items() if label in central}


def _apply(members: Sequence[Member], decisions: Sequence[_Decision]) -> ModeratedGroup:
    parents = {member.id: member.id for member in members}

    def root(name: str) -> str:
        while parents[name] != name:
            name = parents[name]
        return name

    for left, right, answer in decisions:
        if answer == "same":
            parents[root(left)] = root(right)
    roots = {member.id: root(member.id) for member in members}
    central = roots[members[0].id]
    removed = set()
    for left, right, answer in decisions:
        if answer == "different" and central in (ends := {roots[left], roots[right]}):
            removed |= ends - {central}
    return ModeratedGroup(
        members=tuple(member for member in members if roots[member.id] not in removed),
        split=tuple(member for member in members if roots[member.id] in removed),
        accepted=frozenset(member.id for member in members[1:] if roots[member.id] == central),
    )

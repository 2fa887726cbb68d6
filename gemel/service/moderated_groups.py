"""Duplicate groups as moderators left them: what they took out is out, what they accepted is so."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from gemel.duplicates import Duplicates, Member


@dataclass(frozen=True)
class ModeratedGroup:
    """Questions that ask the same, and those that a user took out."""

    members: tuple[Member, ...]
    """The central one first."""
    split: tuple[Member, ...]
    accepted: frozenset[str]
    """Ids of members that a user found to ask the same as the central one."""

    @property
    def is_accepted(self) -> bool:
        """Whether that is so of all."""
        return len(self.accepted) + 1 == len(self.members)


def moderate(
    duplicates: Duplicates,
    keys: Int64[np.ndarray, "questions"],
    decided: Mapping[tuple[int, int], str],
) -> list[ModeratedGroup]:
    """Apply decisions to groups; one of which only a single question is left is none any more.

    What a user called the same is one: a chain of such decisions from the central question
    accepts all in it, and a decision that parts one of a chain from the central one's parts all.

    Args:
        duplicates: the groups.
        keys: of its questions, ascending.
        decided: the answer about each pair of keys; one that is neither "same" nor "different" gives
            nothing.
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


_Decision = tuple[str, str, str]
"""Two ids and the answer."""


def _by_group(
    duplicates: Duplicates,
    keys: Int64[np.ndarray, "questions"],
    decided: Mapping[tuple[int, int], str],
) -> dict[str, list[_Decision]]:
    """Return the decisions within each group, by the id of its central question."""
    said = [(pair, answer) for pair, answer in decided.items() if answer in ("same", "different")]
    if not said or not len(keys):
        return {}
    pairs = np.array([pair for pair, _ in said], np.int64)
    rows = np.searchsorted(keys, pairs).clip(max=len(keys) - 1)
    joined = duplicates.joined[rows]
    within = (keys[rows] == pairs).all(axis=1) & (joined[:, 0] == joined[:, 1])
    by_label: dict[int, list[_Decision]] = defaultdict(list)
    labels = {}
    for place in np.flatnonzero(within).tolist():
        left, right = (duplicates.ids[row] for row in rows[place].tolist())
        by_label[int(joined[place, 0])].append((left, right, said[place][1]))
        labels[left] = int(joined[place, 0])
    central = {
        labels[member.id]: group.members[0].id
        for group in duplicates.groups
        for member in group.members
        if member.id in labels
    }
    return {central[label]: decisions for label, decisions in by_label.items() if label in central}


def _apply(members: Sequence[Member], decisions: Sequence[_Decision]) -> ModeratedGroup:
    chains = {member.id: member.id for member in members}
    for left, right, answer in decisions:
        if answer == "same":
            chains[_end(chains, left)] = _end(chains, right)
    middle = _end(chains, members[0].id)
    parted = set(_parted(chains, middle, decisions))
    ends = {member.id: _end(chains, member.id) for member in members}
    return ModeratedGroup(
        members=tuple(member for member in members if ends[member.id] not in parted),
        split=tuple(member for member in members if ends[member.id] in parted),
        accepted=frozenset(member.id for member in members[1:] if ends[member.id] == middle),
    )


def _parted(
    chains: Mapping[str, str], middle: str, decisions: Sequence[_Decision]
) -> Iterator[str]:
    for left, right, answer in decisions:
        ends = {_end(chains, left), _end(chains, right)}
        if answer == "different" and middle in ends:
            yield from ends - {middle}


def _end(chains: Mapping[str, str], name: str) -> str:
    while chains[name] != name:
        name = chains[name]
    return name

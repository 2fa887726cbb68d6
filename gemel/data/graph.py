"""The duplicate graph: questions are nodes, labelled pairs are edges."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from gemel.data.pairs import Pairs
from gemel.text import clean

__all__ = ["PairGraph", "connect"]


def connect(count: int, left: Iterable[int], right: Iterable[int]) -> Int64[np.ndarray, "nodes"]:
    """Find connected components by union-find.

    Args:
        count: number of nodes.
        left, right: the two ends of each edge.

    Returns:
        For every node the smallest node of its component.
    """
    parent = list(range(count))
    for a, b in zip(left, right, strict=True):
        while parent[a] != a:
            parent[a] = a = parent[parent[a]]
        while parent[b] != b:
            parent[b] = b = parent[parent[b]]
        if a < b:
            parent[b] = a
        else:
            parent[a] = b
    # A parent is never larger than its child, so one pass upwards settles every root.
    for node in range(count):
        parent[node] = parent[parent[node]]
    return np.array(parent, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class PairGraph:
    """The distinct questions of some pairs and how the pairs connect them."""

    questions: list[str]
    """Distinct cleaned texts, in order of appearance."""
    left: Int64[np.ndarray, "pairs"]
    """Which question stands on the left of each pair."""
    right: Int64[np.ndarray, "pairs"]
    """Which question stands on the right."""
    groups: Int64[np.ndarray, "questions"]
    """Duplicate group of each question: connected by pairs that ask the same."""
    components: Int64[np.ndarray, "questions"]
    """Component of each question: connected by pairs of either label."""

    @classmethod
    def of(cls, pairs: Pairs, *, lowercase: bool = True) -> "PairGraph":
        """Build the graph; texts that are equal once cleaned are one question.

        Args:
            pairs: labelled pairs.
            lowercase: whether case makes no difference.
        """
        numbers: dict[str, int] = {}

        def number(text: str) -> int:
            return numbers.setdefault(clean(text, lowercase=lowercase), len(numbers))

        left = [number(text) for text in pairs.left]
        right = [number(text) for text in pairs.right]
        ends = np.array([left, right], dtype=np.int64).reshape(2, -1)
        same = ends[:, pairs.labels]
        return cls(
            questions=list(numbers),
            left=ends[0],
            right=ends[1],
            groups=connect(len(numbers), same[0].tolist(), same[1].tolist()),
            components=connect(len(numbers), left, right),
        )

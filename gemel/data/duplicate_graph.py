"""The duplicate graph: questions are nodes, labelled pairs are edges."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, Int32, Int64

from gemel.data.pairs import Pairs
from gemel.text import CleanText, copy_key
from gemel.text import clean as clean_text

_EDGES = 1 << 18
"""Edges added at a time."""


class Components:
    """Connected components; only the nodes take memory.

    Args:
        count: number of nodes.

    Source: union-find, Tarjan 1975; many edges at once as Shiloach and Vishkin 1982.
    """

    def __init__(self, count: int):
        self._parent = np.arange(count, dtype=np.int32)

    def join(self, left: Int[np.ndarray, "edges"], right: Int[np.ndarray, "edges"]) -> None:
        """Add edges."""
        for start in range(0, len(left), _EDGES):
            part = slice(start, start + _EDGES)
            one, other = self._roots(left[part]), self._roots(right[part])
            while len(apart := np.flatnonzero(one != other)):
                one, other = one[apart], other[apart]
                high = np.maximum(one, other)
                np.minimum.at(self._parent, high, np.minimum(one, other))
                self._shorten(high)
                one, other = self._parent[one], self._parent[other]

    def smallest(self) -> Int32[np.ndarray, "nodes"]:
        """Return the smallest node of each node's component."""
        self._shorten(np.arange(len(self._parent)))
        return self._parent.copy()

    def _roots(self, nodes: Int[np.ndarray, "some"]) -> Int32[np.ndarray, "some"]:
        self._shorten(nodes)
        roots: Int32[np.ndarray, "some"] = self._parent[nodes]
        return roots

    def _shorten(self, nodes: Int[np.ndarray, "some"]) -> None:
        """Compress paths; a parent is never larger than its child."""
        while True:
            parents = self._parent[nodes]
            further = self._parent[parents]
            if np.array_equal(parents, further):
                return
            self._parent[nodes] = further


def connect(
    count: int, left: Int[np.ndarray, "edges"], right: Int[np.ndarray, "edges"]
) -> Int32[np.ndarray, "nodes"]:
    """Return connected components: the smallest node of each node's component."""
    components = Components(count)
    components.join(left, right)
    return components.smallest()


def number_pairs(
    left: Int[np.ndarray, "pairs"], right: Int[np.ndarray, "pairs"], count: int
) -> Int64[np.ndarray, "pairs"]:
    """Return one number for two of `count` nodes in either order."""
    numbers: Int64[np.ndarray, "pairs"] = np.minimum(left, right).astype(np.int64)
    numbers *= count
    numbers += np.maximum(left, right)
    return numbers


@dataclass(frozen=True, eq=False)
class PairGraph:
    """The distinct questions of pairs, and their links."""

    questions: list[str]
    """Distinct cleaned texts, in order; of copies the one that sorts last."""
    left: Int32[np.ndarray, "pairs"]
    """Left question of each pair."""
    right: Int32[np.ndarray, "pairs"]
    """Right question of each pair."""
    groups: Int32[np.ndarray, "questions"]
    """Duplicate group of each question."""
    components: Int32[np.ndarray, "questions"]
    """Component of each question: connected by pairs of either label, or as copies."""

    @classmethod
    def of(cls, pairs: Pairs, clean: Callable[[str], str] = clean_text) -> "PairGraph":
        """Build the graph; copies (see `copy_key`) are one question.

        Args:
            pairs: labelled pairs.
            clean: normalises texts.
        """
        texts = list(map(CleanText, pairs.texts))
        cleaned = list(map(clean, texts))
        numbers: dict[str, int] = {}
        number_of = np.array(
            [numbers.setdefault(copy_key(text), len(numbers)) for text in texts], np.int32
        )
        questions = [""] * len(numbers)
        for number, text in zip(number_of.tolist(), cleaned, strict=True):
            questions[number] = max(questions[number], text)
        left, right = number_of[pairs.left], number_of[pairs.right]
        return cls(
            questions=questions,
            left=left,
            right=right,
            groups=connect(len(numbers), left[pairs.labels], right[pairs.labels]),
            components=_components(questions, left, right),
        )


def question_key(question: str) -> str:
    """Return the `copy_key` of a question without spaces, as some files split words (`isn 't`)."""
    return copy_key(question).replace(" ", "")


def first_copies(questions: Sequence[str]) -> Int32[np.ndarray, "questions"]:
    """Return for each question the number of its first copy."""
    first: dict[str, int] = {}
    return np.array(
        [first.setdefault(question_key(text), number) for number, text in enumerate(questions)],
        np.int32,
    )


def _components(
    questions: list[str], left: Int[np.ndarray, "pairs"], right: Int[np.ndarray, "pairs"]
) -> Int32[np.ndarray, "questions"]:
    """Connect questions by pairs and copies."""
    everyone = np.arange(len(questions), dtype=np.int32)
    copies = first_copies(questions)
    return connect(
        len(questions), np.concatenate([left, copies]), np.concatenate([right, everyone])
    )

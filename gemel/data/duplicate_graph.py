"""The duplicate graph: questions are nodes, labelled pairs are edges; and chains in it."""

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, Int32, Int64

from gemel.data.pairs import Pairs
from gemel.text import CleanText, copy_key
from gemel.text import clean as clean_text

_EDGES = 1 << 18
"""Edges added at a time."""


class Components:
    """Connected components of `count` nodes; only the nodes take memory.

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
                self._roots(high)
                one, other = self._parent[one], self._parent[other]

    def smallest(self) -> Int32[np.ndarray, "nodes"]:
        """Return the smallest node of each node's component."""
        return self._roots(np.arange(len(self._parent)))

    def _roots(self, nodes: Int[np.ndarray, "some"]) -> Int32[np.ndarray, "some"]:
        """Compress paths; a parent is never larger than its child."""
        while True:
            parents: Int32[np.ndarray, "some"] = self._parent[nodes]
            further = self._parent[parents]
            if np.array_equal(parents, further):
                return parents
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
    right: Int32[np.ndarray, "pairs"]
    groups: Int32[np.ndarray, "questions"]
    """Duplicate group of each question."""
    components: Int32[np.ndarray, "questions"]
    """Component of each question: connected by pairs of either label, or as copies."""

    @classmethod
    def of(cls, pairs: Pairs, clean: Callable[[str], str] = clean_text) -> "PairGraph":
        """Build the graph; copies (see `copy_key`) are one question."""
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
        groups = connect(len(numbers), left[pairs.labels], right[pairs.labels])
        everyone = np.arange(len(questions), dtype=np.int32)
        ends = np.r_[left, first_copies(questions)], np.r_[right, everyone]
        return cls(questions, left, right, groups, connect(len(questions), *ends))


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


@dataclass(frozen=True, kw_only=True)
class Chain:
    """A shortest chain of pairs labelled 1 between two questions."""

    questions: tuple[str, ...]
    """Cleaned questions from one end to the other."""
    lines: tuple[int, ...]
    """Line of the pair that links each question to the next."""


class DuplicateLinks:
    """Links between questions by pairs labelled 1."""

    def __init__(self, pairs: Pairs, graph: PairGraph):
        self.graph = graph
        self.pairs = pairs
        rows = np.flatnonzero(pairs.labels & (graph.left != graph.right))
        ends = np.concatenate([graph.left[rows], graph.right[rows]])
        order = np.argsort(ends, kind="stable")
        self._others = np.concatenate([graph.right[rows], graph.left[rows]])[order]
        self._rows = np.concatenate([rows, rows])[order]
        self._starts = np.searchsorted(ends[order], np.arange(len(graph.questions) + 1))

    def between(self, first: int, last: int) -> Chain:
        """Return a shortest chain between two questions, or raise `ValueError`."""
        came: dict[int, tuple[int, int]] = {}
        for node, before, row in self._walk(first):
            came[node] = before, row
            if node == last:
                return self._chain(came, last)
        raise ValueError(f"questions {first} and {last} are in no one duplicate group")

    def longest(self, count: int = 5) -> list[Chain]:
        """Return the longest chains, of at most `count` different groups; direct links are none.

        A group's most distant questions are found by a double sweep, which is exact for trees; in
        groups with cycles two others may be more distant.
        """
        sizes = np.bincount(self.graph.groups, minlength=len(self.graph.questions))
        best: list[tuple[int, int, int]] = []
        for root in np.argsort(-sizes, kind="stable").tolist():
            # A chain has fewer steps than its group has questions.
            if sizes[root] < 3 or (len(best) == count and sizes[root] - 1 <= best[0][0]):
                break
            _, start = self._farthest(root)
            steps, end = self._farthest(start)
            if steps < 2:
                continue
            heapq.heappush(best, (steps, -start, end))
            if len(best) > count:
                heapq.heappop(best)
        return [self.between(-start, end) for _, start, end in sorted(best, reverse=True)]

    def _walk(self, first: int) -> Iterator[tuple[int, int, int]]:
        """Yield the questions of a group, closest first, each with its predecessor and a row."""
        seen = {first}
        layer = [(first, -1, -1)]
        while layer:
            yield from layer
            following = []
            for node, _, _ in layer:
                here = slice(self._starts[node], self._starts[node + 1])
                links = zip(self._others[here].tolist(), self._rows[here].tolist(), strict=True)
                for other, row in links:
                    if other not in seen:
                        seen.add(other)
                        following.append((other, node, row))
            layer = following

    def _farthest(self, first: int) -> tuple[int, int]:
        """Return the distance to a most distant question of the group, and that question."""
        steps = {-1: -1}
        node = first
        for node, before, _ in self._walk(first):
            steps[node] = steps[before] + 1
        return steps[node], node

    def _chain(self, came: dict[int, tuple[int, int]], last: int) -> Chain:
        nodes, rows = [last], []
        while (step := came[nodes[-1]])[0] >= 0:
            nodes.append(step[0])
            rows.append(step[1])
        return Chain(
            questions=tuple(self.graph.questions[node] for node in reversed(nodes)),
            lines=tuple(self.pairs.lines[rows[::-1]].tolist()),
        )

"""Chains of duplicates: A = B, B = C, …, Y = Z imply A = Z."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gemel.data.duplicate_graph import PairGraph
from gemel.data.pairs import Pairs


@dataclass(frozen=True, kw_only=True)
class Chain:
    """A shortest chain of pairs labelled 1 between two questions."""

    questions: tuple[str, ...]
    """Cleaned questions from one end to the other."""
    lines: tuple[int, ...]
    """Line of the pair that links each question to the next."""


class DuplicateLinks:
    """Links between questions by pairs labelled 1.

    Args:
        pairs: labelled pairs.
        graph: their graph.
    """

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
        """Return a shortest chain between two questions of one group.

        Raises:
            ValueError: no chain links them.
        """
        came: dict[int, tuple[int, int]] = {}
        for node, before, row in self._walk(first):
            came[node] = before, row
            if node == last:
                return self._chain(came, last)
        raise ValueError(f"questions {first} and {last} are in no one duplicate group")

    def longest(self, count: int = 5) -> list[Chain]:
        """Return the longest chains, of different groups.

        A group's most distant questions are found by a double sweep, which is exact for trees; in
        groups with cycles two others may be more distant.

        Args:
            count: maximum number of groups; those that are complete are left out.
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

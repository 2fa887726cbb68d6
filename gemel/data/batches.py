"""Batches of questions and their duplicates, of like length, in another order every epoch."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from gemel.data.graph import PairGraph
from gemel.text import TOKENS, TokenTable

__all__ = ["Batch", "Batches"]

_PLACES = 1 << 18
"""Most token ids of a batch, padding included; one very long question makes a small batch."""
_POOL = 128
"""Batches whose pairs are sorted by length together: little padding, and still random."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Anchors, a duplicate of each, and questions known not to be one, to encode in one go."""

    ids: Int[np.ndarray, "questions time"]
    """Token ids of the anchors, below them those of the duplicates, below them the negatives."""
    groups: Int[np.ndarray, "batch"]
    """Duplicate group of each anchor, and so of its duplicate."""
    negative_groups: Int[np.ndarray, "negatives"]
    """Duplicate group of each negative."""

    def __len__(self) -> int:
        """Give the number of anchors."""
        return len(self.groups)

    @property
    def sizes(self) -> tuple[int, int, int]:
        """How many rows of `ids` are anchors, duplicates and negatives."""
        return len(self.groups), len(self.groups), len(self.negative_groups)


class Batches:
    """Labelled pairs, batched anew for every epoch.

    A pair that asks the same gives one row: anchor and duplicate, on either side by chance. A pair
    that does not gives one too, if wanted: its anchor beside another question of its duplicate
    group (or itself, where it has no other), and its partner among the negatives.

    Args:
        table: token ids of the graph's questions.
        graph: which questions each pair joins, and their duplicate groups.
        labels: whether each pair asks the same.
        batch_size: rows of a batch; the real sizes differ by a few, so that none is left over.
        labelled_negatives: whether pairs that do not ask the same are used.
        word_dropout: share of the words, chosen anew each time, that are read as unknown ones.
        unknown_ids: the ids of unknown words.
        seed: starts every choice.

    Raises:
        ValueError: all questions are of one group, so nothing could be a negative.
    """

    def __init__(
        self,
        table: TokenTable,
        graph: PairGraph,
        labels: Bool[np.ndarray, "pairs"],
        *,
        batch_size: int,
        labelled_negatives: bool = True,
        word_dropout: float = 0.0,
        unknown_ids: range = range(TOKENS.unknown, TOKENS.unknown + 1),
        seed: int = 0,
    ):
        self.table = table
        self.graph = graph
        self.labels = labels
        self.batch_size = batch_size
        self.word_dropout = word_dropout
        self.unknown_ids = unknown_ids
        self.seed = seed
        self.pairs = np.arange(len(labels)) if labelled_negatives else np.flatnonzero(labels)
        ends = np.concatenate([graph.left[self.pairs], graph.right[self.pairs]])
        if len(np.unique(graph.groups[ends])) < 2:
            raise ValueError("training needs questions of at least two duplicate groups")
        self._members = np.argsort(graph.groups, kind="stable")
        in_order = graph.groups[self._members]
        self._first = np.searchsorted(in_order, graph.groups, side="left")
        self._sizes = np.searchsorted(in_order, graph.groups, side="right") - self._first

    def __len__(self) -> int:
        """Give the number of batches of an epoch (rarely fewer, see `epoch`)."""
        return -(-len(self.pairs) // self.batch_size)

    def epoch(self, number: int) -> Iterator[Batch]:
        """Yield every pair once; a part without two groups joins the part before it."""
        random = np.random.default_rng([self.seed, number])
        pairs = random.permutation(self.pairs)
        rows = self._draw(pairs, random)
        lengths = self.table.lengths[rows].max(axis=0)
        pools = np.array_split(np.arange(len(pairs)), -(-len(self) // _POOL))
        by_length = np.concatenate([pool[np.argsort(lengths[pool])] for pool in pools])
        parts = [
            piece
            for part in np.array_split(by_length, len(self))
            for piece in _bounded(part, lengths)
        ]
        parts = self._with_negatives(parts, rows)
        for index in random.permutation(len(parts)):
            part = parts[index]
            yield self._batch(rows[:, part], self.labels[pairs[part]], random)

    def _draw(
        self, pairs: Int[np.ndarray, "batch"], random: np.random.Generator
    ) -> Int[np.ndarray, "3 batch"]:
        """Choose anchor, duplicate and partner of each pair; duplicates are their own partners."""
        graph = self.graph
        left, right = graph.left[pairs], graph.right[pairs]
        same = self.labels[pairs]
        turned = random.random(len(pairs)) < 0.5
        # The anchor of a negative is, where it can be, the side that has a duplicate.
        alone = self._sizes[left] == 1
        turned = np.where(~same & (alone != (self._sizes[right] == 1)), alone, turned)
        anchors, partners = np.where(turned, right, left), np.where(turned, left, right)
        duplicates = np.where(same, partners, self._another(anchors, random))
        return np.stack([anchors, duplicates, partners])

    def _batch(
        self,
        rows: Int[np.ndarray, "3 batch"],
        same: Bool[np.ndarray, "batch"],
        random: np.random.Generator,
    ) -> Batch:
        anchors, duplicates, partners = rows
        negatives = partners[~same]
        return Batch(
            ids=self._ids(np.concatenate([anchors, duplicates, negatives]), random),
            groups=self.graph.groups[anchors],
            negative_groups=self.graph.groups[negatives],
        )

    def _another(
        self, questions: Int[np.ndarray, "batch"], random: np.random.Generator
    ) -> Int[np.ndarray, "batch"]:
        """Draw another question of the same group; of a group of one, the question itself."""
        sizes = self._sizes[questions]
        drawn = random.integers(np.maximum(sizes - 1, 1))
        others: Int[np.ndarray, "batch"] = self._members[self._first[questions] + drawn]
        last = self._members[self._first[questions] + sizes - 1]
        itself = others == questions
        others[itself] = last[itself]
        return others

    def _ids(
        self, questions: Int[np.ndarray, "batch"], random: np.random.Generator
    ) -> Int[np.ndarray, "batch time"]:
        ids = self.table.pad(questions)
        if self.word_dropout:
            dropped = (ids != TOKENS.padding) & (random.random(ids.shape) < self.word_dropout)
            low, high = self.unknown_ids.start, self.unknown_ids.stop
            ids[dropped] = random.integers(low, high, size=int(dropped.sum()))
        return ids

    def _with_negatives(
        self, parts: list[Int[np.ndarray, "_"]], rows: Int[np.ndarray, "3 pairs"]
    ) -> list[Int[np.ndarray, "_"]]:
        """Join a part whose questions are all of one group to the part before it."""

        def varied(part: Int[np.ndarray, "_"]) -> bool:
            groups = self.graph.groups[rows[:, part]]
            return bool((groups != groups[0, 0]).any())

        joined: list[Int[np.ndarray, "_"]] = []
        for part in parts:
            if joined and not varied(part):
                joined[-1] = np.concatenate([joined[-1], part])
            else:
                joined.append(part)
        if len(joined) > 1 and not varied(joined[0]):
            joined[:2] = [np.concatenate(joined[:2])]
        return joined


def _bounded(
    part: Int[np.ndarray, "_"], lengths: Int[np.ndarray, "pairs"]
) -> list[Int[np.ndarray, "_"]]:
    """Halve a part, sorted by length, until each piece has few enough places."""
    if len(part) < 4 or 3 * len(part) * lengths[part].max() <= _PLACES:
        return [part]
    middle = len(part) // 2
    return [*_bounded(part[:middle], lengths), *_bounded(part[middle:], lengths)]

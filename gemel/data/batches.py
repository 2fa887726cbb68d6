"""Batches of questions of similar length, with a group at most once where possible."""

import itertools
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import KW_ONLY, dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int, Int64, UInt64

from gemel.data.augmentation import Contrasts, Slips
from gemel.data.duplicate_graph import PairGraph
from gemel.text import TOKENS, TokenTable, spell, spell_all

_WAITING = 16
"""Rows of one group that may wait; more share a batch."""
PLACES = 1 << 18
"""Maximum token ids encoded at a time, padding included."""
_POOL = 128
"""Batches sorted by length together: little padding, still random."""


class BatchRow(NamedTuple):
    """A pair to assign to a batch; it does not wait for a batch of shorter ones."""

    number: int
    left_group: int
    right_group: int
    length: int
    """Length of its longest question."""


@dataclass
class _Part:
    size: int
    rows: list[int] = field(default_factory=list)
    groups: set[int] = field(default_factory=set)

    def has_room(self) -> bool:
        return len(self.rows) < self.size

    def takes(self, row: BatchRow) -> bool:
        return row.left_group not in self.groups and row.right_group not in self.groups

    def add(self, row: BatchRow) -> None:
        self.rows.append(row.number)
        self.groups.update((row.left_group, row.right_group))


def deal(rows: Iterable[BatchRow], count: int, size: int, window: int) -> Iterator[list[list[int]]]:
    """Yield batches of row numbers, `window` at a time, each group at most once where possible.

    A row whose group is in the batch waits for the next one. If too many of a group wait, some
    share a batch; pairs of one group are masked in the loss. At the end waiting rows fill the last
    batches; one of a single group is merged with another. Sizes differ by at most one.
    """
    source = iter(rows)
    waiting: list[BatchRow] = []
    waits: Counter[int] = Counter()
    held: list[_Part] = []
    ahead = next(source, None)
    parts = -(-count // size)
    for number in range(parts):
        part = _Part((number + 1) * count // parts - number * count // parts)
        length = ahead.length if ahead else sys.maxsize
        candidates, waiting = waiting, []
        for row in candidates:
            if row.length <= length and part.has_room() and part.takes(row):
                part.add(row)
                waits.subtract({row.left_group, row.right_group})
            else:
                waiting.append(row)
        while part.has_room() and ahead is not None:
            row, ahead = ahead, next(source, None)
            groups = {row.left_group, row.right_group}
            if part.takes(row) or any(waits[group] >= _WAITING for group in groups):
                part.add(row)
            else:
                waiting.append(row)
                waits.update(groups)
        held.append(part)
        if len(held) >= 2 * window and ahead is not None:
            yield _varied(held[:window])
            held = held[window:]
    for row in waiting:
        roomy = (part for part in held if part.has_room())
        min(roomy, key=lambda part: (not part.takes(row), len(part.rows))).add(row)
    if held:
        yield _varied(held)


def _varied(parts: list[_Part]) -> list[list[int]]:
    """Merge a batch of a single group into the previous one."""
    joined: list[_Part] = []
    for part in parts:
        if joined and (len(part.groups) < 2 or len(joined[0].groups) < 2):
            joined[-1].rows += part.rows
            joined[-1].groups |= part.groups
        else:
            joined.append(part)
    return [part.rows for part in joined]


@dataclass(frozen=True, eq=False)
class Batch:
    """Anchors, their duplicates and further negatives, to encode together."""

    inputs: tuple[Int64[np.ndarray, "..."], ...]
    """Padded ids (questions, time), and other inputs of the encoder: anchors, duplicates,
    negatives."""
    groups: Int[np.ndarray, "batch"]
    """Duplicate group of each anchor."""
    negative_groups: Int[np.ndarray, "negatives"]
    negative_anchors: Int[np.ndarray, "negatives"]
    """Anchor of each negative."""
    labelled: Bool[np.ndarray, "batch"]
    """Anchors with a labelled duplicate rather than another question of their group."""

    def __len__(self) -> int:
        return len(self.groups)

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Numbers of anchors, duplicates and negatives."""
        return len(self), len(self), len(self.negative_groups)


@dataclass(eq=False, repr=False)
class Batches:
    """Labelled pairs, in new batches every epoch.

    A duplicate gives one row: anchor and duplicate, in random order. Another pair gives one too:
    its anchor with another question of its group (or itself), and its partner as a negative. See
    `deal` for groups; a single one is a `ValueError`.

    Args:
        table: token ids of the graph's questions.
        graph: questions of each pair, and their groups.
        labels: whether each pair is a duplicate.
        batch_size: rows of a batch, approximately, so that none is left over.
        labelled_negatives: use pairs labelled 0.
        word_dropout: share of words read as unknown, sampled anew each time.
        transitive: share of questions replaced by another of their group, sampled anew.
        spellings: n-grams of every id, to compose unknown words; None: one unknown id.
        slips: typos at the end of `spellings`.
        contrasts: makes negatives of anchors.
        contrast_share: share of anchors that get one.
        compose_all: compose known words too; inputs are then those of `ComposedEmbedding`.
        bounded: halve a batch until it has at most `PLACES` token ids; not needed with chunks.
    """

    table: TokenTable
    graph: PairGraph
    labels: Bool[np.ndarray, "pairs"]
    _: KW_ONLY
    batch_size: int
    labelled_negatives: bool = True
    word_dropout: float = 0.0
    transitive: float = 0.0
    spellings: TokenTable | None = None
    slips: Slips | None = None
    contrasts: Contrasts | None = None
    contrast_share: float = 0.0
    compose_all: bool = False
    bounded: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        graph, labels = self.graph, self.labels
        used = np.arange(len(labels)) if self.labelled_negatives else np.flatnonzero(labels)
        self.pairs = used.astype(np.int32)
        ends = np.concatenate([graph.left[self.pairs], graph.right[self.pairs]])
        if len(np.unique(graph.groups[ends])) < 2:
            raise ValueError("training needs questions of at least two duplicate groups")
        self._members = np.argsort(graph.groups, kind="stable")
        in_order = graph.groups[self._members]
        self._first = np.searchsorted(in_order, graph.groups, side="left")
        self._sizes = np.searchsorted(in_order, graph.groups, side="right") - self._first

    def __len__(self) -> int:
        """Return the approximate number of batches of an epoch."""
        return -(-len(self.pairs) // self.batch_size)

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """Yield every pair once, in an order of the epoch, without the first `start` batches."""
        parts = itertools.islice(self._parts(number), start, None)
        for index, pairs in enumerate(parts, start=start):
            random = np.random.default_rng([self.seed, number, index])
            yield self._batch(pairs, self._draw(pairs, number), random)

    def _parts(self, number: int) -> Iterator[Int[np.ndarray, "_"]]:
        random = np.random.default_rng([self.seed, number])
        rows = self._rows(number, random)
        for parts in deal(rows, len(self.pairs), self.batch_size, _POOL):
            pieces = [piece for part in parts for piece in self._bounded(np.array(part), number)]
            for index in random.permutation(len(pieces)):
                yield pieces[index]

    def _rows(self, number: int, random: np.random.Generator) -> Iterator[BatchRow]:
        """Yield pairs in random order, sorted by length some thousands at a time."""
        pairs = random.permutation(self.pairs)
        groups = self.graph.groups
        for pool in np.array_split(pairs, -(-len(self) // _POOL)):
            lengths = self._lengths(pool, number)
            order = np.argsort(lengths, kind="stable")
            left, right = groups[self.graph.left[pool]], groups[self.graph.right[pool]]
            columns = (pool, left, right, lengths)
            yield from map(BatchRow, *(column[order].tolist() for column in columns))

    def _lengths(self, pairs: Int[np.ndarray, "_"], number: int) -> Int[np.ndarray, "_"]:
        """Return the length of the longest question of each pair."""
        questions = self._draw(pairs, number)
        lengths: Int[np.ndarray, "_"] = self.table.lengths_of(questions).max(axis=0)
        return lengths

    def _bounded(self, part: Int[np.ndarray, "_"], number: int) -> list[Int[np.ndarray, "_"]]:
        """Halve a part, sorted by length, until each piece is small enough."""
        if not self.bounded or len(part) < 4:
            return [part]
        if 3 * len(part) * self._lengths(part, number).max() <= PLACES:
            return [part]
        middle = len(part) // 2
        return [*self._bounded(part[:middle], number), *self._bounded(part[middle:], number)]

    def _draw(self, pairs: Int[np.ndarray, "_"], number: int) -> Int[np.ndarray, "3 _"]:
        """Choose anchor, duplicate and partner of each pair; duplicates are their own partners.

        The choice depends on the pair and the epoch only.
        """
        graph = self.graph
        left, right = graph.left[pairs], graph.right[pairs]
        same = self.labels[pairs]
        chance = _scatter(pairs, self.seed, number)
        turned = chance % 2 == 1
        # The anchor of a negative is, where it can be, the side that has a duplicate.
        alone = self._sizes[left] == 1
        turned = np.where(~same & (alone != (self._sizes[right] == 1)), alone, turned)
        anchors, partners = np.where(turned, right, left), np.where(turned, left, right)
        if self.transitive:
            anchors, partners = self._stand_ins(pairs, [anchors, partners], number)
        duplicates = np.where(same, partners, self._another(anchors, chance // 2))
        return np.stack([anchors, duplicates, partners])

    def _stand_ins(
        self, pairs: Int[np.ndarray, "_"], sides: list[Int[np.ndarray, "_"]], number: int
    ) -> list[Int[np.ndarray, "_"]]:
        """Replace some questions by others of their group, never by their partner."""
        for side in (0, 1):
            chance = _scatter(2 * pairs.astype(np.int64) + side, self.seed + 1, number)
            chosen = self._another(sides[side], chance >> np.uint64(24))
            share = (chance % np.uint64(1 << 24)).astype(np.float64) / (1 << 24)
            taken = (share < self.transitive) & (chosen != sides[1 - side])
            sides[side] = np.where(taken, chosen, sides[side])
        return sides

    def _another(
        self, questions: Int[np.ndarray, "_"], chance: UInt64[np.ndarray, "_"]
    ) -> Int[np.ndarray, "_"]:
        """Choose another question of the same group, if there is one."""
        sizes = self._sizes[questions]
        chosen = (chance % np.maximum(sizes - 1, 1).astype(np.uint64)).astype(np.int64)
        others: Int[np.ndarray, "_"] = self._members[self._first[questions] + chosen]
        last = self._members[self._first[questions] + sizes - 1]
        itself = others == questions
        others[itself] = last[itself]
        return others

    def _batch(
        self,
        pairs: Int[np.ndarray, "batch"],
        questions: Int[np.ndarray, "3 batch"],
        random: np.random.Generator,
    ) -> Batch:
        anchors, duplicates, partners = questions
        labelled = self.labels[pairs]
        apart = np.flatnonzero(~labelled)
        negatives = partners[apart]
        ids = self.table.pad(np.concatenate([anchors, duplicates, negatives]))
        made, made_of = self._made(ids[: len(anchors)], random)
        # What is made is of no group that there is: each is one of its own.
        groups = np.concatenate([self.graph.groups[negatives], -1 - np.arange(len(made))])
        return Batch(
            inputs=self._inputs(np.concatenate([ids, made]), random),
            groups=self.graph.groups[anchors],
            negative_groups=groups.astype(self.graph.groups.dtype),
            negative_anchors=np.concatenate([apart, made_of]),
            labelled=labelled,
        )

    def _made(
        self, anchors: Int64[np.ndarray, "batch time"], random: np.random.Generator
    ) -> tuple[Int64[np.ndarray, "made time"], Int64[np.ndarray, "made"]]:
        """Make negatives of some anchors; return them with their anchors."""
        rows, whose = [], []
        if self.contrasts is not None:
            chosen = random.random(len(anchors)) < self.contrast_share
            for number in np.flatnonzero(chosen).tolist():
                words = anchors[number][anchors[number] != TOKENS.padding].tolist()
                if (changed := self.contrasts.change(words, random)) is not None:
                    rows.append(changed + [TOKENS.padding] * (anchors.shape[1] - len(changed)))
                    whose.append(number)
        made = np.array(rows, np.int64).reshape(len(rows), anchors.shape[1])
        return made, np.array(whose, np.int64)

    def _inputs(
        self, ids: Int64[np.ndarray, "questions time"], random: np.random.Generator
    ) -> tuple[Int64[np.ndarray, "..."], ...]:
        dropped = random.random(ids.shape) < self.word_dropout
        dropped &= ids != TOKENS.padding
        if self.spellings is None:
            ids[dropped] = TOKENS.unknown
            return (ids,)
        known = self.table.known
        if self.slips is not None:
            is_known = (ids != TOKENS.padding) & (ids < known)
            ids, slipped = self.slips.draw(ids, is_known, random)
            dropped |= slipped
        if self.compose_all:
            return spell_all(ids, dropped | (ids >= known), self.spellings)
        return spell(ids, dropped | (ids >= known), known, self.spellings)


def _scatter(numbers: Int[np.ndarray, "_"], seed: int, epoch: int) -> UInt64[np.ndarray, "_"]:
    """Hash numbers. Source: SplitMix64 (Steele et al., 2014)."""
    key = np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)
    mixed = (numbers.astype(np.uint64) + key) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    scattered: UInt64[np.ndarray, "_"] = mixed ^ (mixed >> np.uint64(31))
    return scattered

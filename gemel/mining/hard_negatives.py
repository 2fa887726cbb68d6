"""Hard negatives: similar questions that are not labelled as duplicates."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32, Int64

from gemel.config.mining_rules import SKIPS, MiningRules
from gemel.inference import Engine
from gemel.mining.mining_questions import MiningQuestions, MiningVectors
from gemel.neighbours.base import exact_cosines
from gemel.text import Progress

Likely: TypeAlias = Callable[
    [Int32[np.ndarray, "pairs"], Int32[np.ndarray, "pairs"]], Float64[np.ndarray, "pairs"]
]
"""Probabilities of pairs of questions, by number."""

_ANCHORS = 256
"""Anchors in a batch."""
_FOUND = 1 << 18
"""Candidates in a batch; it has fewer anchors where each has many."""
_JUDGED = 1 << 14
"""Pairs scored at a time."""
_FEW = 8
"""Known duplicates among the candidates that a first search allows for."""


class MinedBatch(NamedTuple):
    """Negatives of some anchors, in order."""

    first: int
    """Index of the first anchor."""
    negatives: Int64[np.ndarray, "anchors count"]
    """Questions by number, most similar first; -1 where there are fewer."""
    scores: Float32[np.ndarray, "anchors count"]
    """Cosines with the anchor; -inf where there are fewer."""
    positive_scores: Float32[np.ndarray, "positives"]
    """Cosines of the anchors with their positives, anchor by anchor."""
    looked: int
    """Candidates examined, known duplicates included."""
    skipped: Int64[np.ndarray, "reasons"]
    """Candidates skipped, by reason in `SKIPS`."""
    labelled: int
    """Negatives labelled as not the same."""


def judge_with(engine: Engine, questions: MiningQuestions, vectors: MiningVectors) -> Likely:
    """Return a function that scores pairs by the whole model, calibrated."""

    def likely(
        left: Int32[np.ndarray, "pairs"], right: Int32[np.ndarray, "pairs"]
    ) -> Float64[np.ndarray, "pairs"]:
        probabilities = [np.empty(0)]
        for start in range(0, len(left), _JUDGED):
            sides = (side[start : start + _JUDGED] for side in (left, right))
            scores = engine.score_different(
                *(
                    (
                        [questions.texts[number] for number in side.tolist()],
                        vectors.take(side).astype(np.float32),
                    )
                    for side in sides
                )
            )
            probabilities.append(engine.model.decision.probability(scores))
        return np.concatenate(probabilities)

    return likely


def mine_batches(
    questions: MiningQuestions,
    vectors: MiningVectors,
    rules: MiningRules,
    *,
    likely: Likely | None = None,
    threads: int = 1,
    progress: Progress | None = None,
) -> Iterator[MinedBatch]:
    """Mine the hard negatives of all anchors, in batches.

    No negative is in the anchor's duplicate group. The result does not depend on the threads.

    Args:
        questions, vectors: anchors and candidates.
        rules: rules for negatives.
        likely: scores pairs, for `max_probability`; see `judge_with`.
        threads: number of threads.
        progress: counts anchors.

    Raises:
        ValueError: `max_probability` without `likely`.
    """
    if rules.max_probability is not None and likely is None:
        raise ValueError("max_probability needs what judges pairs: likely=judge_with(...)")
    miner = _Miner(questions, vectors, rules, likely)
    total = len(questions.anchors)
    waiting: deque[Future[MinedBatch]] = deque()

    def finished() -> MinedBatch:
        batch = waiting.popleft().result()
        if progress is not None:
            progress("mining anchors", batch.first + len(batch.negatives), total)
        return batch

    with ThreadPoolExecutor(threads, "mine") as pool:
        try:
            for start, end in miner.batches():
                waiting.append(pool.submit(miner.mine, start, end))
                if len(waiting) > threads:
                    yield finished()
            while waiting:
                yield finished()
        finally:
            for each in waiting:
                each.cancel()


class _Miner:
    def __init__(
        self,
        questions: MiningQuestions,
        vectors: MiningVectors,
        rules: MiningRules,
        likely: Likely | None,
    ):
        self.questions, self.vectors, self.rules, self.likely = questions, vectors, rules, likely
        self.depth = min(rules.depth, questions.candidates)
        # Number of candidates in each group, by the group's first question.
        groups = questions.groups
        self.members = np.bincount(groups[: questions.candidates], minlength=len(groups))

    def batches(self) -> Iterator[tuple[int, int]]:
        """Split the anchors into batches of at most `_FOUND` candidates."""
        known = self.members[self.questions.groups[self.questions.anchors]]
        start = widest = 0
        widths = np.minimum(known + self.depth, self.questions.candidates)
        for place, width in enumerate(widths.tolist()):
            size = place - start
            if size and (size == _ANCHORS or (size + 1) * max(widest, width) > _FOUND):
                yield start, place
                start, widest = place, 0
            widest = max(widest, width)
        yield start, len(known)

    def mine(self, start: int, end: int) -> MinedBatch:
        """Return the negatives of a range of anchors."""
        questions, rules = self.questions, self.rules
        anchors = questions.anchors[start:end]
        queries = self.vectors.take(anchors).astype(np.float32)
        positive_scores, least = self._positive_scores(start, end, queries)
        keys, scores = self._look(anchors, queries)
        reasons = self._skip(anchors, keys, scores.astype(np.float64), least)
        passing = reasons == len(SKIPS)
        over = passing & (np.cumsum(passing, axis=1) <= rules.range_min)
        reasons[over] = SKIPS.index("range_min")
        chosen = self._choose(start, passing & ~over)
        rows, columns = np.nonzero(chosen)
        at = rows, np.arange(len(rows)) - np.searchsorted(rows, rows)
        negatives = np.full((len(anchors), rules.count), -1)
        cosines = np.full(negatives.shape, -np.inf, np.float32)
        negatives[at], cosines[at] = keys[rows, columns], scores[rows, columns]
        return MinedBatch(
            first=start,
            negatives=negatives,
            scores=cosines,
            positive_scores=positive_scores,
            looked=int((reasons >= 0).sum()),
            skipped=np.bincount(reasons[reasons >= 0], minlength=len(SKIPS) + 1)[: len(SKIPS)],
            labelled=int(questions.are_apart(anchors[rows], keys[rows, columns]).sum()),
        )

    def _positive_scores(
        self, start: int, end: int, queries: Float32[np.ndarray, "anchors dim"]
    ) -> tuple[Float32[np.ndarray, "positives"], Float64[np.ndarray, "anchors"]]:
        """Return the scores of the positives of some anchors, and the lowest of each anchor."""
        starts = self.questions.starts[start : end + 1]
        positives = self.vectors.take(self.questions.positives[starts[0] : starts[-1]])
        rows = np.repeat(np.arange(end - start), np.diff(starts))
        scores = exact_cosines(queries, rows, positives)
        return scores, np.minimum.reduceat(scores, starts[:-1] - starts[0]).astype(np.float64)

    def _look(
        self, anchors: Int32[np.ndarray, "anchors"], queries: Float32[np.ndarray, "anchors dim"]
    ) -> tuple[Int64[np.ndarray, "anchors found"], Float32[np.ndarray, "anchors found"]]:
        """Return nearest neighbours, at least `depth` of each anchor without known duplicates.

        Few anchors are in large groups, so a first search allows for a few known duplicates.
        """
        known = self.members[self.questions.groups[anchors]]
        everything = self.questions.candidates
        wide = min(everything, self.depth + min(_FEW, int(known.max())))
        keys, scores = self.vectors.neighbours.search(queries, wide)
        free = ~self._is_known(anchors, keys) & (keys >= 0)
        short = np.flatnonzero(free.sum(axis=1) < self.depth)
        wider = min(everything, self.depth + int(known[short].max(initial=0)))
        if wider <= wide:
            return keys, scores
        more = ((0, 0), (0, wider - wide))
        keys = np.pad(keys, more, constant_values=-1)
        scores = np.pad(scores, more, constant_values=-np.inf)
        keys[short], scores[short] = self.vectors.neighbours.search(queries[short], wider)
        return keys, scores

    def _is_known(
        self, anchors: Int32[np.ndarray, "anchors"], keys: Int64[np.ndarray, "anchors found"]
    ) -> Bool[np.ndarray, "anchors found"]:
        groups = self.questions.groups
        known: Bool[np.ndarray, "anchors found"] = groups[keys] == groups[anchors][:, None]
        return known

    def _skip(
        self,
        anchors: Int32[np.ndarray, "anchors"],
        keys: Int64[np.ndarray, "anchors found"],
        scores: Float64[np.ndarray, "anchors found"],
        least: Float64[np.ndarray, "anchors"],
    ) -> Int64[np.ndarray, "anchors found"]:
        """Return why to skip each candidate, by index in `SKIPS`; -1: not examined.

        The length of `SKIPS`: not skipped.
        """
        rules, least = self.rules, least[:, None]
        known = self._is_known(anchors, keys)
        before = np.cumsum(~known & (keys >= 0), axis=1)
        looked = (keys >= 0) & np.where(known, before < self.depth, before <= self.depth)
        checks = {"same_text": keys == anchors[:, None], "same_group": known}
        if rules.absolute_margin is not None:
            checks["absolute_margin"] = scores + rules.absolute_margin > least
        if rules.relative_margin is not None:
            checks["relative_margin"] = scores > least - np.abs(least) * rules.relative_margin
        if rules.max_score is not None:
            checks["max_score"] = scores > rules.max_score
        if rules.min_score is not None:
            checks["min_score"] = scores < rules.min_score
        reasons = np.where(looked, len(SKIPS), -1)
        for name, check in checks.items():
            reasons[(reasons == len(SKIPS)) & check] = SKIPS.index(name)
        if rules.max_probability is not None and self.likely is not None:
            rows, columns = np.nonzero(reasons == len(SKIPS))
            ones, others = anchors[rows], keys[rows, columns].astype(np.int32)
            over = self.likely(ones, others) > rules.max_probability
            over &= ~self.questions.are_apart(ones, others)
            reasons[rows[over], columns[over]] = SKIPS.index("max_probability")
        return reasons

    def _choose(
        self, start: int, passing: Bool[np.ndarray, "anchors found"]
    ) -> Bool[np.ndarray, "anchors found"]:
        """Select `count` of those that pass, the first or random ones."""
        count = self.rules.count
        if self.rules.sampling == "random":
            for place, row in enumerate(passing, start):
                which = np.flatnonzero(row)
                if len(which) > count:
                    # By the anchor's place, so that neither batches nor threads change the choice.
                    chance = np.random.default_rng((self.rules.seed, place))
                    row[chance.permutation(which)[count:]] = False
        chosen: Bool[np.ndarray, "anchors found"] = passing & (np.cumsum(passing, axis=1) <= count)
        return chosen

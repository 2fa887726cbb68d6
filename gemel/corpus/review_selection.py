"""Select pairs for review."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Int32, Int64

from gemel.config import require_whole
from gemel.duplicates.duplicate_groups import Duplicates, ScoredPairs

_STRATA = 10
"""Strata of probability, of equal width."""
_CENTRES = (np.arange(_STRATA) + 0.5) / _STRATA
_WEIGHTS = _CENTRES * (1 - _CENTRES)
"""Share of each stratum: proportional to the variance of an answer."""
_LOOK = 1024
"""Pairs examined at a time for one whose questions are not in the batch."""


class ReviewPair(NamedTuple):
    """Two different questions to decide about."""

    left_id: str
    """Id of the first of its copies."""
    right_id: str
    left_text: str
    right_text: str
    cosine: float
    """See `ScoredPairs` for the three."""
    similarity: float
    probability: float


class Chosen(NamedTuple):
    """Pairs to decide about."""

    pairs: list[ReviewPair]
    """In order: any beginning has pairs from the whole range."""
    remaining: int
    """Number of undecided scored pairs, including these."""


def choose_for_review(
    duplicates: Duplicates, decided: Collection[tuple[str, str]], count: int, *, seed: int = 0
) -> Chosen:
    """Select the most informative pairs: mostly doubtful ones, some from the whole range.

    The range of probability is divided into ten strata. Each has its share of all decided and
    selected pairs, the largest where the model is least sure; within a stratum pairs are sampled.
    Selection depends on the probability alone, so a fit on the answers is unbiased. A question
    appears once, more often only if no other pairs are left.

    Args:
        duplicates: all scored pairs. Copies are one question.
        decided: ids of decided pairs, in either order.
        count: number of pairs.
        seed: seed of the sample.

    Raises:
        ConfigError: `count` is below 1.
    """
    require_whole("count, the pairs to review,", count, 1)
    require_whole("seed", seed, 0, 2**64 - 1)
    pairs = duplicates.pairs
    is_open = np.ones(len(pairs), bool)
    is_open[_decided_places(duplicates, decided)] = False
    strata = (pairs.probability * _STRATA).astype(np.uint8).clip(max=_STRATA - 1)
    places = np.random.default_rng(seed).permutation(len(pairs))
    places = places[is_open[places]]
    places = places[np.argsort(strata[places], kind="stable")]
    parts = np.split(places, np.searchsorted(strata[places], np.arange(1, _STRATA)))
    taken = np.bincount(strata[~is_open], minlength=_STRATA)
    different = int(duplicates.copies.max(initial=-1)) + 1
    chosen = list(_pick(pairs, parts, taken, min(count, len(places)), different))
    return Chosen(_described(duplicates, np.array(chosen, np.int64)), len(places))


def _decided_places(
    duplicates: Duplicates, decided: Collection[tuple[str, str]]
) -> Int64[np.ndarray, "found"]:
    """Return the pairs of which any copies were decided."""
    wanted = {each for pair in decided for each in pair}
    numbers = {
        name: number
        for name, number in zip(duplicates.ids, duplicates.copies.tolist(), strict=True)
        if name in wanted
    }
    known = [
        sorted((numbers[one], numbers[other]))
        for one, other in decided
        if one in numbers and other in numbers
    ]
    lower, higher = np.array(known, np.int64).reshape(-1, 2).T
    pairs = duplicates.pairs
    judged = (pairs.left.astype(np.int64) << 32) + pairs.right
    return np.flatnonzero(np.isin(judged, (lower << 32) + higher))


def _pick(
    pairs: ScoredPairs,
    parts: list[Int64[np.ndarray, "_"]],
    taken: Int64[np.ndarray, "strata"],
    count: int,
    different: int,
) -> Iterator[int]:
    """Return the places of pairs, from the part that is most behind with its share each time.

    Source: the shares go by the method of Webster and Sainte-Laguë.
    """
    uses, limit = np.zeros(different, np.int32), 1
    queues = [_Queue(pairs, part, uses) for part in parts]
    behind = (taken + 0.5) / _WEIGHTS
    while count:
        for number in np.argsort(behind, kind="stable").tolist():
            place = queues[number].next(limit)
            if place is not None:
                break
        else:  # all others repeat a question
            limit *= 2
            for queue in queues:
                queue.start_again()
            continue
        uses[[pairs.left[place], pairs.right[place]]] += 1
        behind[number] += 1 / _WEIGHTS[number]
        count -= 1
        yield place


class _Queue:
    """The pairs of one part, in the order in which chance offers them."""

    def __init__(
        self,
        pairs: ScoredPairs,
        places: Int64[np.ndarray, "_"],
        uses: Int32[np.ndarray, "different"],
    ):
        self.pairs, self.places, self.uses = pairs, places, uses
        self.at = 0
        self.given: list[int] = []

    def next(self, limit: int) -> int | None:
        """Take the next pair whose questions were both used less often than `limit`."""
        while self.at < len(self.places):
            lot = self.places[self.at : self.at + _LOOK]
            fresh = self._uses(lot) < limit
            first = int(fresh.argmax())
            if fresh[first]:
                self.given.append(self.at + first)
                self.at += first + 1
                return int(lot[first])
            self.at += len(lot)
        return None

    def start_again(self) -> None:
        """Offer all that were skipped once more."""
        self.places = np.delete(self.places, self.given)
        self.given, self.at = [], 0

    def _uses(self, places: Int64[np.ndarray, "lot"]) -> Int32[np.ndarray, "lot"]:
        left, right = self.pairs.left[places], self.pairs.right[places]
        uses: Int32[np.ndarray, "lot"] = np.maximum(self.uses[left], self.uses[right])
        return uses


def _described(duplicates: Duplicates, places: Int64[np.ndarray, "chosen"]) -> list[ReviewPair]:
    pairs = duplicates.pairs
    _, first = np.unique(duplicates.copies, return_index=True)
    ids, texts = duplicates.ids, duplicates.texts
    return [
        ReviewPair(ids[left], ids[right], texts[left], texts[right], *scores)
        for left, right, *scores in zip(
            first[pairs.left[places]].tolist(),
            first[pairs.right[places]].tolist(),
            pairs.cosine[places].tolist(),
            pairs.similarity[places].tolist(),
            pairs.probability[places].tolist(),
            strict=True,
        )
    ]

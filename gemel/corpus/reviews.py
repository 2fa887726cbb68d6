"""Select pairs for review, and write decided ones to files of labelled pairs."""

import csv
import io
import json
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Int32, Int64

from gemel.config import require_whole
from gemel.duplicates.duplicate_groups import Duplicates, ScoredPairs
from gemel.files import check_writable, new_file, require_new_file
from gemel.store.base import ReviewStore

_COLUMNS = ("question1", "question2", "is_duplicate", "reviewer", "decided_at", "id1", "id2")
_LABELS = {"same": 1, "different": 0, "skipped": None}
_DELIMITERS = {".csv": ",", ".tsv": "\t"}
REVIEW_KINDS = (*_DELIMITERS, ".jsonl")
"""File extensions for decided pairs."""

_STRATA = 10
"""Strata of probability, of equal width."""
_CENTRES = (np.arange(_STRATA) + 0.5) / _STRATA
_WEIGHTS = _CENTRES * (1 - _CENTRES)
"""Share of each stratum: proportional to the variance of an answer."""
_AT_ONCE = 1024
"""Pairs examined at a time for one whose questions are not in the batch."""


class ExportedReviews(NamedTuple):
    """Numbers of exported pairs by decision."""

    same: int
    """Duplicates written."""
    different: int
    """Different questions written."""
    skipped: int
    """Skipped pairs, left out."""


def check_review_file(path: str | Path, *, overwrite: bool = False) -> None:
    """Check that decided pairs can be written to a file.

    Raises:
        DataError: an unknown extension, or it exists.
        OSError: it cannot be written.
    """
    path = Path(path)
    require_new_file(path, REVIEW_KINDS, overwrite=overwrite)
    check_writable(path)


def write_reviews(store: ReviewStore, path: str | Path) -> ExportedReviews:
    """Write all decided pairs of a store to a file, complete or not at all.

    Raises:
        StoreError: they cannot be read.
        OSError: it cannot be written; an existing file is unchanged.
    """
    path = Path(path)
    counted = dict.fromkeys(_LABELS, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    with new_file(path) as stream:
        for line in review_lines(store, path.suffix, counted):
            stream.write(line.encode("utf-8", "replace"))
    return ExportedReviews(**counted)


def review_lines(
    store: ReviewStore, kind: str = ".csv", counted: dict[str, int] | None = None
) -> Iterator[str]:
    """Yield the decided pairs as lines, in order of decision.

    Args:
        store: the decisions.
        kind: one of `REVIEW_KINDS`.
        counted: counts by answer, updated.
    """
    rows = _rows(store, {} if counted is None else counted)
    if kind in _DELIMITERS:
        return _delimited(_DELIMITERS[kind], rows)
    return (json.dumps(dict(zip(_COLUMNS, row, strict=True))) + "\n" for row in rows)


def _rows(store: ReviewStore, counted: dict[str, int]) -> Iterator[tuple[str | int, ...]]:
    for chunk in store.reviews(metadata=0):
        for review in chunk:
            counted[review.answer] = counted.get(review.answer, 0) + 1
            label = _LABELS[review.answer]
            if label is not None:
                left, right = review.left, review.right
                when = datetime.fromtimestamp(review.decided_at, UTC).isoformat(timespec="seconds")
                yield left.text, right.text, label, review.reviewer, when, left.id, right.id


def _delimited(delimiter: str, rows: Iterable[tuple[str | int, ...]]) -> Iterator[str]:
    line = io.StringIO()
    writer = csv.writer(line, delimiter=delimiter)
    writer.writerow(_COLUMNS)
    yield line.getvalue()
    for row in rows:
        line.seek(0)
        line.truncate()
        writer.writerow(row)
        yield line.getvalue()


class ReviewPair(NamedTuple):
    """Two different questions to decide about; see `ScoredPairs` for the three scores."""

    left_id: str
    """Id of the first of its copies."""
    right_id: str
    left_text: str
    right_text: str
    cosine: float
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
    return Chosen(_describe(duplicates, np.array(chosen, np.int64)), len(places))


def _decided_places(
    duplicates: Duplicates, decided: Collection[tuple[str, str]]
) -> Int64[np.ndarray, "found"]:
    """Return the pairs of which any copies were decided."""
    wanted = {each for pair in decided for each in pair}
    ids = zip(duplicates.ids, duplicates.copies.tolist(), strict=True)
    numbers = {name: number for name, number in ids if name in wanted}
    known = [
        sorted((numbers[one], numbers[other]))
        for one, other in decided
        if one in numbers and other in numbers
    ]
    lower, higher = np.array(known, np.int64).reshape(-1, 2).T
    pairs = duplicates.pairs
    scored = (pairs.left.astype(np.int64) << 32) + pairs.right
    return np.flatnonzero(np.isin(scored, (lower << 32) + higher))


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
    """The pairs of one part, in random order."""

    def __init__(
        self,
        pairs: ScoredPairs,
        places: Int64[np.ndarray, "_"],
        uses: Int32[np.ndarray, "different"],
    ):
        self.pairs, self.places, self.uses = pairs, places, uses
        self.start = 0
        self.given: list[int] = []

    def next(self, limit: int) -> int | None:
        """Take the next pair whose questions were both used less often than `limit`."""
        while len(batch := self.places[self.start :][:_AT_ONCE]):
            left, right = self.pairs.left[batch], self.pairs.right[batch]
            is_fresh = np.maximum(self.uses[left], self.uses[right]) < limit
            first = int(is_fresh.argmax())
            if is_fresh[first]:
                self.given.append(self.start + first)
                self.start += first + 1
                return int(batch[first])
            self.start += len(batch)
        return None

    def start_again(self) -> None:
        """Offer all that were skipped once more."""
        self.places = np.delete(self.places, self.given)
        self.start, self.given = 0, []


def _describe(duplicates: Duplicates, places: Int64[np.ndarray, "chosen"]) -> list[ReviewPair]:
    pairs, ids, texts = duplicates.pairs, duplicates.ids, duplicates.texts
    _, first = np.unique(duplicates.copies, return_index=True)
    left, right = first[pairs.left[places]].tolist(), first[pairs.right[places]].tolist()
    scores = (each[places].tolist() for each in (pairs.cosine, pairs.similarity, pairs.probability))
    return [
        ReviewPair(ids[one], ids[other], texts[one], texts[other], *figures)
        for one, other, *figures in zip(left, right, *scores, strict=True)
    ]

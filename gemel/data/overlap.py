"""Overlap of pairs with known ones: the leakage of a split."""

from dataclasses import dataclass

import numpy as np

from gemel.data.duplicate_graph import PairGraph, number_pairs, question_key


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """Overlap of pairs with known ones."""

    questions: int
    """Distinct questions."""
    shared_questions: int
    """Those in the known pairs too."""
    pairs: int
    """Pairs."""
    pairs_with_a_shared_question: int
    """Pairs with at least one known question."""
    shared_pairs: int
    """Known pairs, in either order."""


def measure_overlap(known: PairGraph, other: PairGraph) -> Overlap:
    """Measure how much of `other` is in `known`; copies count as one question."""
    numbers: dict[str, int] = {}
    known_as = np.array(
        [numbers.setdefault(question_key(question), len(numbers)) for question in known.questions],
        np.int32,
    )
    other_as = np.array(
        [numbers.get(question_key(question), -1) for question in other.questions], np.int32
    )
    left, right = other_as[other.left], other_as[other.right]
    known_pairs = number_pairs(known_as[known.left], known_as[known.right], len(numbers))
    same = np.isin(number_pairs(left, right, len(numbers)), known_pairs)
    return Overlap(
        questions=len(other_as),
        shared_questions=int((other_as >= 0).sum()),
        pairs=len(left),
        pairs_with_a_shared_question=int(((left >= 0) | (right >= 0)).sum()),
        shared_pairs=int((same & (left >= 0) & (right >= 0)).sum()),
    )

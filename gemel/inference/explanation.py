"""The effect of each word on a verdict."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gemel.decision import Verdict
from gemel.errors import DataError
from gemel.notebook import shown
from gemel.text import Vocabulary

_MOST_WORDS = 200
"""Maximum words; a question is encoded once for each."""


@dataclass(frozen=True, kw_only=True)
class WordShare:
    """A word or mark, and its effect."""

    word: str
    """The normalised word."""
    share: float
    """Decrease of similarity without this word; negative: increase. A question without words has
    similarity 0."""
    is_known: bool
    """Whether it is in the vocabulary; otherwise it is composed."""


@shown(
    lambda it: {"answer": it.verdict.answer, "probability": it.verdict.probability},
    lambda it: ((word.word, word.share) for word in (*it.left, *it.right)),
)
@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A verdict, with the words of both questions in order."""

    verdict: Verdict
    left: tuple[WordShare, ...]
    right: tuple[WordShare, ...]


def explain_verdict(
    verdict: Verdict,
    left: list[str],
    right: list[str],
    vocabulary: Vocabulary,
    score: Callable[[Sequence[str], Sequence[str]], Any],
) -> Explanation:
    """Explain a verdict: leave out every word of two questions once.

    Args:
        verdict: verdict on the two.
        left, right: words of the questions.
        vocabulary: known words.
        score: similarity of pairs; called once.

    Raises:
        DataError: more than 200 words and marks.
    """
    for which, words in (("first", left), ("second", right)):
        if len(words) > _MOST_WORDS:
            raise DataError(
                f"the {which} question has {len(words):,} words and marks; up to {_MOST_WORDS} "
                "can be explained, since each is left out once"
            )
    shorter = [
        " ".join(words[:place] + words[place + 1 :])
        for words in (left, right)
        for place in range(len(words))
    ]
    other = [" ".join(right)] * len(left) + [" ".join(left)] * len(right)
    shares = tuple(
        WordShare(
            word=word,
            share=verdict.similarity - (float(alike) if rest else 0.0),
            is_known=word in vocabulary,
        )
        for word, rest, alike in zip(left + right, shorter, score(shorter, other), strict=True)
    )
    return Explanation(verdict=verdict, left=shares[: len(left)], right=shares[len(left) :])

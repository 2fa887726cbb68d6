"""Word vectors of others for the words of a training."""

import time

from gemel.data.word_vectors import VectorFile, WordVectors
from gemel.text import Tokenizer
from gemel.training.reporters import Reporter

_EVERY = 15.0
"""Seconds between two lines of news."""


def look_up(vectors: VectorFile, tokenizer: Tokenizer, reporter: Reporter) -> WordVectors:
    """Look up all words that a tokenizer knows.

    Args:
        vectors: where.
        tokenizer: its words; where it drops case, so does the looking up.
        reporter: is told how it goes on, and how many words were found.

    Returns:
        A row for every word, from id 2 on.

    Raises:
        DataError: see `VectorFile.look_up`.
    """
    spoken = time.monotonic()

    def tell(stage: str, done: int, total: int | None) -> None:
        nonlocal spoken
        now = time.monotonic()
        if now - spoken > _EVERY:
            spoken = now
            reporter.say(f"{stage}: {done / (total or done or 1):.0%} read")

    found = vectors.look_up(
        tokenizer.vocabulary.words, lowercase=tokenizer.rules.lowercase, progress=tell
    )
    reporter.say(str(found))
    return found

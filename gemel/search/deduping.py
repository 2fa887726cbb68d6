"""From questions to duplicate groups: exact copies first, then near ones."""

from collections.abc import Sequence

import numpy as np

from gemel.inference import Engine
from gemel.search.candidates import close_pairs
from gemel.search.duplicates import Duplicates, require_cut
from gemel.search.scoring import score_pairs
from gemel.text import Progress

__all__ = ["CUT", "FLOOR", "find_duplicates"]

CUT = 0.7
"""Probability from which a pair joins two questions, if nothing else is said."""
FLOOR = 0.7
"""Cosine from which a pair is judged, if nothing else is said."""


def find_duplicates(
    engine: Engine,
    ids: Sequence[str],
    texts: Sequence[str],
    *,
    probability: float = CUT,
    linkage: str = "average",
    floor: float = FLOOR,
    threads: int = 1,
    progress: Progress | None = None,
) -> Duplicates:
    """Find the groups of questions that ask the same.

    Copies, as cleaning leaves them, are one question; different ones are encoded, all pairs of
    cosine `floor` and more are judged, and what is likely enough makes groups. Questions without
    word or mark are like nothing but each other.

    Args:
        engine: encodes and judges.
        ids: what the questions are called, all different.
        texts: the questions.
        probability: see `Duplicates`; what `rethreshold` can change later.
        linkage: see `Duplicates`; what `rethreshold` can change later.
        floor: lower finds more of the pairs that share little, and takes longer.
        threads: how many compute.
        progress: is told how far the work is.

    Raises:
        ConfigError: no probability, no linkage.
        ValueError: not as many ids as questions.
    """
    if len(ids) != len(texts):
        raise ValueError(f"{len(ids)} ids, but {len(texts)} questions")
    require_cut(probability, linkage)
    numbers: dict[str, int] = {}
    clean = engine.model.tokenizer.clean
    copies = np.array([numbers.setdefault(clean(text), len(numbers)) for text in texts], np.int32)
    del numbers
    _, first = np.unique(copies, return_index=True)
    different = [texts[row] for row in first.tolist()]
    vectors = engine.encode(different, precision="float16", threads=threads, progress=progress)
    pairs = close_pairs(vectors, floor, progress=progress)
    scored = score_pairs(engine, pairs, different, vectors, threads=threads, progress=progress)
    return Duplicates(
        ids=ids,
        texts=texts,
        copies=copies,
        pairs=scored,
        floor=floor,
        probability=probability,
        linkage=linkage,
    )

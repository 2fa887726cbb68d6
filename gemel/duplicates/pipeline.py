"""Find duplicate groups among questions: exact copies first, then similar questions."""

import hashlib
from collections.abc import Hashable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from jaxtyping import Float16, Float32, Int32

from gemel.config import DedupeOptions
from gemel.duplicates.candidates import ClosePairs, close_pairs
from gemel.duplicates.duplicate_groups import Duplicates, ScoredPairs
from gemel.duplicates.question_templates import describe_templates, number_templates
from gemel.inference import Engine
from gemel.text import Progress, copy_key

_BATCH = 1 << 15
"""Pairs scored at a time."""


def find_duplicates(
    engine: Engine,
    ids: Sequence[str],
    texts: Sequence[str],
    options: DedupeOptions | None = None,
    *,
    threads: int = 1,
    progress: Progress | None = None,
    **changes: Any,
) -> Duplicates:
    """Find duplicate groups; docs/search.md has the steps.

    Questions without word or mark are copies of each other only.

    Args:
        engine: model to encode and score with.
        ids: distinct ids.
        texts: the questions.
        options: options of the groups; `rethreshold` can change probability and linkage later.
        threads: number of threads.
        progress: counts questions, then pairs.
        **changes: options by name.

    Raises:
        ConfigError: an option out of range.
        ValueError: not as many ids as questions.
    """
    if len(ids) != len(texts):
        raise ValueError(f"{len(ids)} ids, but {len(texts)} questions")
    options = DedupeOptions.of(options, **changes)
    texts = list(map(engine.model.tokenizer.read, texts))
    copies = _number(map(copy_key, texts))
    first = np.unique(copies, return_index=True)[1]
    exact = len(copies) - len(first)
    different = [texts[row] for row in first.tolist()]
    templates = number_templates(different, engine.model.tokenizer.clean)
    found = describe_templates(templates, different)
    vectors = engine.encode(different, precision="float16", threads=threads, progress=progress)
    if not engine.reads_letters:
        # Questions of a template are distinct, even if the model cannot distinguish them.
        alike = _number(
            row if template >= 0 else hashlib.blake2b(vector, digest_size=16).digest()
            for row, (template, vector) in enumerate(zip(templates.tolist(), vectors, strict=True))
        )
        copies, first = alike[copies], np.unique(alike, return_index=True)[1]
        different, vectors = [different[row] for row in first.tolist()], vectors[first]
        templates = templates[first]
    pairs = close_pairs(vectors, options.floor, templates=templates, progress=progress)
    scored = score_pairs(engine, pairs, different, vectors, threads=threads, progress=progress)
    return Duplicates(
        ids=ids,
        texts=list(map(str, texts)),
        copies=copies,
        exact=exact,
        pairs=scored,
        floor=options.floor,
        probability=options.probability,
        linkage=options.linkage,
        templates=found,
        left_out=pairs.left_out,
    )


def _number(things: Iterable[Hashable]) -> Int32[np.ndarray, "things"]:
    """Return numbers in order of first appearance; equal things have one number."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(thing, len(numbers)) for thing in things], np.int32)


def score_pairs(
    engine: Engine,
    pairs: ClosePairs,
    texts: Sequence[str],
    vectors: Float16[np.ndarray, "questions dim"],
    *,
    threads: int = 1,
    progress: Progress | None = None,
) -> ScoredPairs:
    """Return similarity and probability of pairs of distinct questions by the whole model."""

    def score(start: int) -> Float32[np.ndarray, "batch"]:
        sides = (side[start : start + _BATCH] for side in (pairs.left, pairs.right))
        return engine.score_different(
            *(
                ([texts[row] for row in rows.tolist()], vectors[rows].astype(np.float32))
                for rows in sides
            )
        )

    similarity = np.empty(len(pairs.left), np.float32)
    starts = range(0, len(similarity), _BATCH)
    with ThreadPoolExecutor(threads, "score") as pool:
        for start, scores in zip(starts, pool.map(score, starts), strict=True):
            similarity[start : start + len(scores)] = scores
            if progress is not None:
                progress("judging pairs", start + len(scores), len(similarity))
    probability = engine.model.decision.probability(similarity).astype(np.float32)
    return ScoredPairs(pairs.left, pairs.right, pairs.cosine, similarity, probability)

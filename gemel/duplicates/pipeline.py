"""From questions to duplicate groups: exact copies first, then near ones."""

import hashlib
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Int32, Int64

from gemel.config import DedupeOptions
from gemel.duplicates.candidate_scores import score_pairs
from gemel.duplicates.candidates import close_pairs
from gemel.duplicates.duplicate_groups import Duplicates
from gemel.duplicates.question_templates import describe_templates, number_templates
from gemel.inference import Engine
from gemel.text import Progress, copy_key


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
        progress: `progress(stage, done, total)` callback.
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
    first = _first(copies)
    exact = len(copies) - len(first)
    different = [texts[row] for row in first.tolist()]
    templates = number_templates(different, engine.model.tokenizer.clean)
    found = describe_templates(templates, different)
    vectors = engine.encode(different, precision="float16", threads=threads, progress=progress)
    if not engine.reads_letters:
        # Of a template each is a question of its own, even if the model cannot tell two apart.
        alike = _number(
            row if template >= 0 else hashlib.blake2b(vector, digest_size=16).digest()
            for row, (template, vector) in enumerate(zip(templates.tolist(), vectors, strict=True))
        )
        copies, first = alike[copies], _first(alike)
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
    """Return things numbers by their first appearance, equal ones the same."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(thing, len(numbers)) for thing in things], np.int32)


def _first(numbers: Int32[np.ndarray, "things"]) -> Int64[np.ndarray, "different"]:
    """Find where each number appears first."""
    _, first = np.unique(numbers, return_index=True)
    places: Int64[np.ndarray, "different"] = first
    return places

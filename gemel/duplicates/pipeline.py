"""From questions to duplicate groups: exact copies first, then near ones."""

import hashlib
from collections.abc import Hashable, Iterable, Sequence

import numpy as np
from jaxtyping import Int32, Int64

from gemel.duplicates.candidate_scores import score_pairs
from gemel.duplicates.candidates import close_pairs
from gemel.duplicates.duplicate_groups import Duplicates, require_cut
from gemel.duplicates.question_templates import describe_templates, number_templates
from gemel.inference import Engine
from gemel.text import Progress, copy_key

CUT = 0.7
"""Probability from which a pair joins two questions, if nothing else is given."""
FLOOR = 0.7
"""Cosine from which a pair is judged, if nothing else is given."""


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

    Copies (see `copy_key`) are one question, and so are those that the model cannot tell
    apart. Different ones are encoded, all pairs of cosine `floor` and more are judged, and what is
    likely enough makes groups. Questions without word or mark are like nothing but each other.

    A hundred and more different questions that differ only in their numbers are a template: they
    are not judged with each other, since another number asks something else, and are counted in
    `templates`. Of far more close pairs than usual, as of a template in which names differ, some
    are left out and counted in `left_out`; see `BoundedPairs`.

    Args:
        engine: encodes and judges.
        ids: what the questions are called, all different.
        texts: the questions.
        probability: see `Duplicates`; what `rethreshold` can change later.
        linkage: see `Duplicates`; what `rethreshold` can change later.
        floor: lower finds more of the pairs that share little, and takes longer.
        threads: number of threads.
        progress: `progress(done, total)` callback.

    Raises:
        ConfigError: no probability, no linkage.
        ValueError: not as many ids as questions.
    """
    if len(ids) != len(texts):
        raise ValueError(f"{len(ids)} ids, but {len(texts)} questions")
    require_cut(probability, linkage, floor)
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
    pairs = close_pairs(vectors, floor, templates=templates, progress=progress)
    scored = score_pairs(engine, pairs, different, vectors, threads=threads, progress=progress)
    return Duplicates(
        ids=ids,
        texts=texts,
        copies=copies,
        exact=exact,
        pairs=scored,
        floor=floor,
        probability=probability,
        linkage=linkage,
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

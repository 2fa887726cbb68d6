"""Matches of queries among the stored questions, for many queries at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float16, Float32, Int64

from gemel.data import Value
from gemel.decision import Verdict
from gemel.errors import DataError
from gemel.inference import Engine
from gemel.neighbours.base import Neighbours, exact_cosines, rank, require_k
from gemel.notebook import shown
from gemel.store.base import Metadata, Store, StoredQuestion
from gemel.store.metadata_columns import check_filter
from gemel.text import require_text

_ALL = 2**62
"""Above any number of copies."""


class Query(NamedTuple):
    """A question to find matches of."""

    text: str
    k: int = 10
    """Number of matches."""
    where: Metadata | None = None
    """Metadata that matches must have."""


@shown(
    lambda it: {
        "id": it.question.id,
        "text": it.question.text,
        "answer": it.verdict.answer,
        "probability": it.verdict.probability,
        "cosine": it.cosine,
    }
)
@dataclass(frozen=True, kw_only=True)
class Match:
    """A stored question that matches a query."""

    question: StoredQuestion
    cosine: float
    """Cosine of the two vectors."""
    verdict: Verdict
    """Verdict of the whole model."""


def read_query(engine: Engine, query: Query) -> Query:
    """Return a valid query with a cleaned text.

    Raises:
        DataError: no word or mark, or an invalid filter.
        ConfigError: `k` is below 1.
    """
    text = engine.model.tokenizer.read(require_text("text", query.text))
    if engine.is_blank(text):
        raise DataError(f"the question has no word or mark, only {text!r:.40}")
    require_k(query.k)
    where = None if query.where is None else check_filter(query.where)
    return Query(text, query.k, where)


def find_matches(
    engine: Engine,
    store: Store,
    neighbours: Neighbours,
    queries: Sequence[Query],
    *,
    metadata: int | None = None,
) -> list[list[Match]] | None:
    """Return the matches of each query: copies first, then by cosine, best first.

    All queries are encoded, searched and scored together, which is much faster.

    Args:
        engine: model of the vectors.
        store: the questions.
        neighbours: their vectors.
        queries: results of `read_query`.
        metadata: see `Store.get`.

    Returns:
        None if the store has changed meanwhile: call again.

    Raises:
        DataError: an invalid filter; see `Store.where`.
    """
    vectors = engine.encode([query.text for query in queries])
    hits = _search(store, neighbours, queries, vectors)
    if hits is None:
        return None
    different, places = np.unique(hits.keys, return_inverse=True)
    found = store.get(different.tolist(), metadata=metadata)
    questions = [question for question in found if question is not None]
    known = _vectors(neighbours, different)
    if known is None or len(questions) < len(found):
        return None
    texts = [engine.model.tokenizer.read(question.text) for question in questions]
    rows, others = hits.rows.tolist(), places.tolist()
    scores = engine.score(
        ([queries[row].text for row in rows], vectors[hits.rows]),
        ([texts[place] for place in others], known.astype(np.float32)[places]),
    )
    matches: list[list[Match]] = [[] for _ in queries]
    for row, place, cosine, verdict in zip(
        rows, others, hits.cosines.tolist(), engine.model.decision.verdicts(scores), strict=True
    ):
        matches[row].append(Match(question=questions[place], cosine=cosine, verdict=verdict))
    for each in matches:
        each.sort(key=lambda match: match.verdict.similarity < 1)
    return matches


class _Hits(NamedTuple):
    """Nearest stored questions, one query after the other."""

    rows: Int64[np.ndarray, "found"]
    """Query of each, ascending."""
    keys: Int64[np.ndarray, "found"]
    cosines: Float32[np.ndarray, "found"]


def _search(
    store: Store,
    neighbours: Neighbours,
    queries: Sequence[Query],
    vectors: Float32[np.ndarray, "queries dim"],
) -> _Hits | None:
    parts = []
    for where, rows in _by_filter(queries):
        among = None if where is None else store.where(where)
        # More than there are would only take memory.
        most = min(max(queries[row].k for row in rows), max(1, len(neighbours)))
        hits = neighbours.search(vectors[rows], most, among=among)
        copies = store.copies([queries[row].text for row in rows], most if among is None else _ALL)
        if among is not None:
            copies = [np.intersect1d(keys, among) for keys in copies]
        owners = np.repeat(np.arange(len(rows)), [len(keys) for keys in copies])
        copied = np.concatenate(copies)
        known = _vectors(neighbours, copied)
        if known is None:
            return None
        first = rank(len(rows), most, owners, copied, exact_cosines(vectors[rows], owners, known))
        for place, row in enumerate(rows):
            keys = np.append(first.keys[place], hits.keys[place])
            once = np.sort(np.unique(keys, return_index=True)[1])
            once = once[keys[once] >= 0][: queries[row].k]
            cosines = np.append(first.cosines[place], hits.cosines[place])
            parts.append(_Hits(np.full(len(once), row), keys[once], cosines[once]))
    parts.sort(key=lambda part: part.rows[:1].tolist())
    return _Hits(*map(np.concatenate, zip(*parts, strict=True)))


def _vectors(
    neighbours: Neighbours, keys: Int64[np.ndarray, "some"]
) -> Float16[np.ndarray, "some dim"] | None:
    """Return the vectors of keys; None if one was removed, or is not known yet."""
    try:
        return neighbours.vectors(keys)
    except DataError:
        return None


def _by_filter(queries: Sequence[Query]) -> list[tuple[Metadata | None, list[int]]]:
    """Group queries by their filter."""
    groups: dict[frozenset[tuple[str, type, Value]] | None, list[int]] = {}
    for row, (_, _, where) in enumerate(queries):
        # The types too: 1 and True are equal, and not the same value.
        known = where and frozenset((name, type(value), value) for name, value in where.items())
        groups.setdefault(None if where is None else known or frozenset(), []).append(row)
    return [(queries[rows[0]].where, rows) for rows in groups.values()]

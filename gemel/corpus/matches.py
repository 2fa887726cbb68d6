"""Matches of questions among the stored ones, for many questions at once."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int64

from gemel.data import Value
from gemel.decision import Verdict
from gemel.errors import DataError
from gemel.inference import Engine
from gemel.neighbours.base import Hits, Neighbours, require_k
from gemel.notebook import shown
from gemel.store.base import Metadata, Store, StoredQuestion
from gemel.store.metadata_columns import check_filter
from gemel.text import require_text

_ALL = 2**62
"""Above any number of copies."""


class Asked(NamedTuple):
    """A query."""

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


class _Nearest(NamedTuple):
    """Nearest stored questions of all queries, one query after the other."""

    rows: Int64[np.ndarray, "found"]
    """Query of each, ascending."""
    questions: list[StoredQuestion]
    cosines: Float32[np.ndarray, "found"]
    vectors: Float32[np.ndarray, "found dim"]


def require_askable(engine: Engine, asked: Asked) -> None:
    """Check a query.

    Raises:
        DataError: no word or mark, or an invalid filter.
        ConfigError: `k` is below 1.
    """
    require_text("text", asked.text)
    if engine.is_blank(asked.text):
        raise DataError(f"the question has no word or mark, only {asked.text!r:.40}")
    require_k(asked.k)
    if asked.where is not None:
        check_filter(asked.where)


def find_matches(
    engine: Engine,
    store: Store,
    neighbours: Neighbours,
    asked: Sequence[Asked],
    *,
    metadata: int | None = None,
) -> list[list[Match]] | None:
    """Return the matches of each query: copies first, then by cosine, best first.

    All queries are encoded, searched and scored together, which is much faster.

    Args:
        engine: model of the vectors.
        store: the questions.
        neighbours: their vectors.
        asked: valid queries, see `require_askable`.
        metadata: see `Store.get`.

    Returns:
        None if a question was removed meanwhile: call again.

    Raises:
        DataError: an invalid filter; see `Store.where`.
    """
    queries = engine.encode([each.text for each in asked])
    nearest = _find_nearest(store, neighbours, asked, queries, metadata)
    if nearest is None:
        return None
    texts = [asked[row].text for row in nearest.rows.tolist()]
    scores = engine.score(
        (texts, queries[nearest.rows]),
        ([question.text for question in nearest.questions], nearest.vectors),
    )
    found: list[list[Match]] = [[] for _ in asked]
    for row, question, cosine, verdict in zip(
        nearest.rows.tolist(),
        nearest.questions,
        nearest.cosines.tolist(),
        engine.model.decision.verdicts(scores),
        strict=True,
    ):
        found[row].append(Match(question=question, cosine=cosine, verdict=verdict))
    for matches in found:
        matches.sort(key=lambda match: match.verdict.similarity < 1)
    return found


def _find_nearest(
    store: Store,
    neighbours: Neighbours,
    asked: Sequence[Asked],
    queries: Float32[np.ndarray, "asked dim"],
    metadata: int | None,
) -> _Nearest | None:
    keys: list[Int64[np.ndarray, "found"]] = [np.zeros(0, np.int64)] * len(asked)
    cosines: list[Float32[np.ndarray, "found"]] = [np.zeros(0, np.float32)] * len(asked)
    for where, rows in _by_filter(asked):
        among = None if where is None else store.where(where)
        # More than there are would only take memory.
        most = min(max(asked[row].k for row in rows), max(1, len(neighbours)))
        found = neighbours.search(queries[rows], most, among=among)
        copies = store.copies([asked[row].text for row in rows], most if among is None else _ALL)
        for place, row in enumerate(rows):
            k = asked[row].k
            keys[row], cosines[row] = _first(found, place, k)
            own = copies[place] if among is None else np.intersect1d(copies[place], among)
            if len(own):
                first = _first(neighbours.search(queries[[row]], min(k, len(own)), among=own), 0, k)
                others = ~np.isin(keys[row], first[0])
                keys[row] = np.append(first[0], keys[row][others])[:k]
                cosines[row] = np.append(first[1], cosines[row][others])[:k]
    every = np.concatenate(keys)
    different, places = np.unique(every, return_inverse=True)
    kept = store.get(different.tolist(), metadata=metadata)
    questions = [question for question in kept if question is not None]
    if len(questions) < len(kept):
        return None
    with suppress(DataError):
        vectors = neighbours.vectors(different).astype(np.float32)
        return _Nearest(
            np.repeat(np.arange(len(asked)), [len(each) for each in keys]),
            [questions[place] for place in places.tolist()],
            np.concatenate(cosines),
            vectors[places],
        )
    return None


def _first(
    found: Hits, place: int, k: int
) -> tuple[Int64[np.ndarray, "found"], Float32[np.ndarray, "found"]]:
    """Return up to `k` keys and cosines found for one query."""
    keys = found.keys[place][:k]
    keys = keys[keys >= 0]
    return keys, found.cosines[place][: len(keys)]


def _by_filter(asked: Sequence[Asked]) -> list[tuple[Mapping[str, Value] | None, list[int]]]:
    """Group queries by their filter."""
    groups: dict[frozenset[tuple[str, type, Value]] | None, list[int]] = {}
    for row, each in enumerate(asked):
        where = None if each.where is None else check_filter(each.where)
        # The types too: 1 and True are equal, and not the same value.
        known = where and frozenset((name, type(value), value) for name, value in where.items())
        groups.setdefault(None if where is None else known or frozenset(), []).append(row)
    return [(asked[rows[0]].where, rows) for rows in groups.values()]

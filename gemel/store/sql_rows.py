"""Rows of a store's tables: read, checked, written and removed, in SQL that both databases share.

A backup may come from anyone, so every row read is checked; a damaged one raises `StoreError`.
"""

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence

import numpy as np
from jaxtyping import Int64

from gemel.data import Value
from gemel.errors import StoreError
from gemel.store.base import KEY_SCOPES, REVIEW_ANSWERS, NewQuestion, StoredQuestion
from gemel.store.input_checks import check_metadata, copy_facet, facet, is_plain
from gemel.store.metadata_columns import add_counts, count_values
from gemel.store.sessions import Ledger, Row, Session

_PREFIX = re.compile("[0-9a-f]{8}")
_LATEST = 4e9
"""Maximum seconds since 1970: the year 2096."""
_EMPTY = len("{}")


def _require(good: bool, what: str, row: object) -> None:
    if not good:
        raise StoreError(f"{what} {row!r:.80} is damaged; restore the corpus from a backup")


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and 0 <= value <= _LATEST


def _is_score(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and math.isfinite(value))


def integers(values: Sequence[object]) -> Int64[np.ndarray, "values"]:
    """Return an array of a store's integers."""
    for value in values:
        _require(type(value) is int and abs(value) < 2**62, "the number", value)
    return np.array(values, np.int64).reshape(len(values))


def require_review(row: Row) -> None:
    """Check a row of the table `reviews`, without its number."""
    left, right, answer, reviewer, decided_at, similarity, probability, said_same, model = row
    _require(
        type(left) is type(right) is int
        and left < right
        and answer in REVIEW_ANSWERS
        and isinstance(reviewer, str)
        and is_plain(reviewer)
        and _is_time(decided_at)
        and _is_score(similarity)
        and _is_score(probability)
        and said_same in (None, 0, 1)
        and isinstance(model, str),
        "the decision",
        row,
    )


def require_key(row: Row) -> None:
    """Check a row of the table `api_keys`."""
    prefix, name, scope, digest, created_at, revoked_at = row
    _require(
        isinstance(prefix, str)
        and _PREFIX.fullmatch(prefix) is not None
        and isinstance(name, str)
        and name.isprintable()
        and scope in KEY_SCOPES
        and isinstance(digest, bytes)
        and len(digest) == 32
        and _is_time(created_at)
        and (revoked_at is None or _is_time(revoked_at)),
        "the key",
        (prefix, name, scope),
    )


def insert_questions(
    session: Session, keys: Int64[np.ndarray, "questions"], questions: Sequence[NewQuestion]
) -> None:
    """Insert questions and their facets."""
    written: list[Row] = []
    facets: list[Row] = []
    for key, question in zip(keys.tolist(), questions, strict=True):
        written.append((key, question.id, question.text, json.dumps(dict(question.metadata))))
        facets += ((facet(name, value), key) for name, value in question.metadata.items())
        facets.append((copy_facet(question.text), key))
    session.insert("questions", written)
    session.insert("facets", facets)
    add_counts(session.run, count_values(question.metadata for question in questions))


def index_copies(session: Session, keys: Sequence[int]) -> list[int]:
    """Insert the missing facets of copies for questions; return the keys that exist."""
    rows = session.run_in_chunks("SELECT key, text FROM questions WHERE key IN (?)", keys)
    there = [key for key, _ in rows]
    wanted = {(copy_facet(text), key) for key, text in rows}
    known = session.run_in_chunks(
        "SELECT facet, key FROM facets WHERE key BETWEEN ? AND ? AND facet IN (?)",
        [found for found, _ in wanted],
        (min(there, default=0), max(there, default=0)),
    )
    session.insert("facets", sorted(wanted.difference(known)))
    return there


def _read_metadata(key: int, written: str) -> dict[str, Value]:
    try:
        metadata = dict(json.loads(written))
        check_metadata(str(key), metadata)
    except (TypeError, ValueError, RecursionError) as error:
        raise StoreError(
            f"the metadata of question {key} is damaged ({error!s:.200}); restore the store from a "
            "backup"
        ) from error
    return metadata


def question_columns(most: int | None = None, table: str = "questions") -> str:
    """Return the columns that `read_question` takes; metadata longer than `most` are omitted."""
    metadata = f"{table}.metadata"
    if most is not None:
        metadata = f"CASE WHEN length({metadata}) <= {max(most, _EMPTY)} THEN {metadata} END"
    return f"{table}.key, {table}.id, {table}.text, {metadata}"


def read_question(row: Row) -> StoredQuestion:
    """Return the question of a row."""
    key, name, text, metadata = row
    if (type(key), type(name), type(text)) != (int, str, str):
        raise StoreError(
            f"question {key!r:.20} is damaged: its id is {name!r:.40}, its text {text!r:.40}; "
            "restore the store from a backup"
        )
    if metadata is None:
        return StoredQuestion(key=key, id=name, text=text, metadata_omitted=True)
    return StoredQuestion(key=key, id=name, text=text, metadata=_read_metadata(key, metadata))


def delete_questions(session: Session, ledger: Ledger, ids: Sequence[str]) -> Collection[str]:
    """Delete questions and decisions about them; return the ids that existed.

    Their keys stay in `removed`, with a sequence number.
    """
    rows = session.run_in_chunks(
        "SELECT key, id, text, metadata FROM questions WHERE id IN (?)", ids
    )
    keys = [key for key, *_ in rows]
    facets = defaultdict(list)
    metadata = []
    for key, _, text, written in rows:
        values = _read_metadata(key, written)
        metadata.append(values)
        for digest in (copy_facet(text), *(facet(*each) for each in values.items())):
            facets[digest].append(key)
    counts = count_values(metadata)
    add_counts(session.run, Counter({each: -count for each, count in counts.items()}))
    for digest, having in facets.items():
        session.run_in_chunks(
            "DELETE FROM facets WHERE facet = ? AND key IN (?)", having, (digest,)
        )
    vectors = session.run_in_chunks(
        "DELETE FROM vectors WHERE key IN (?) RETURNING generation", keys
    )
    session.run_in_chunks("DELETE FROM questions WHERE key IN (?)", keys)
    for side in ("left_key", "right_key"):
        session.run_in_chunks(f"DELETE FROM reviews WHERE {side} IN (?)", keys)  # noqa: S608
    session.insert("removed", list(zip(ledger.draw(len(keys)).tolist(), keys, strict=True)))
    ledger.questions -= len(keys)
    ledger.reindexed -= sum(generation > ledger.generation for (generation,) in vectors)
    return {name for _, name, *_ in rows}

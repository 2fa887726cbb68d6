"""Rows of a store's tables: read, checked, written and removed, in SQL that both databases share.

A backup may come from anyone, so every row read is checked.
"""

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from jaxtyping import Int64

from gemel.data import Value
from gemel.errors import StoreError
from gemel.store.input_checks import check_metadata, copy_facet, facet, is_plain
from gemel.store.metadata_columns import add_counts, count_values
from gemel.store.question_records import KEY_SCOPES, REVIEW_ANSWERS, NewQuestion, StoredQuestion
from gemel.store.sessions import Ledger, Row, Session

_PREFIX = re.compile("[0-9a-f]{8}")
_LATEST = 4e9
"""Maximum seconds since 1970: the year 2096."""


def _require(good: bool, what: str, row: object) -> None:
    if not good:
        raise StoreError(f"{what} {row!r:.80} is damaged; restore the corpus from a backup")


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and 0 <= value <= _LATEST


def _is_score(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and math.isfinite(value))


def integers(values: Sequence[object]) -> Int64[np.ndarray, "values"]:
    """Return an array of a store's integers.

    Raises:
        StoreError: a value is not an integer.
    """
    for value in values:
        _require(type(value) is int and abs(value) < 2**62, "the number", value)
    return np.array(values, np.int64).reshape(len(values))


def require_review(row: Row) -> None:
    """Check a row of the table `reviews`, without its number.

    Raises:
        StoreError: it is damaged.
    """
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
    """Check a row of the table `api_keys`.

    Raises:
        StoreError: it is damaged.
    """
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


_CHUNK = 500
"""Values in one statement."""


def run_in_chunks(
    session: Session, statement: str, values: Sequence[Any], before: Sequence[Any] = ()
) -> list[Row]:
    """Run a statement with an `IN (?)` on chunks of its values; `before`: values of earlier `?`."""
    rows: list[Row] = []
    for start in range(0, len(values), _CHUNK):
        chunk = values[start : start + _CHUNK]
        marks = ", ".join("?" * len(chunk))
        rows += session.run(statement.replace("IN (?)", f"IN ({marks})"), [*before, *chunk])
    return rows


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


def index_copies(session: Session, rows: Sequence[tuple[int, str]]) -> None:
    """Insert the missing facets of copies for questions given by key and text."""
    wanted = {(copy_facet(text), key) for key, text in rows}
    keys = [key for key, _ in rows]
    known = run_in_chunks(
        session,
        "SELECT facet, key FROM facets WHERE key BETWEEN ? AND ? AND facet IN (?)",
        [found for found, _ in wanted],
        (min(keys, default=0), max(keys, default=0)),
    )
    session.insert("facets", sorted(wanted.difference(known)))


def read_metadata(key: int, written: str) -> dict[str, Value]:
    """Parse the stored metadata of a question.

    Raises:
        StoreError: they are damaged.
    """
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


_EMPTY = len("{}")


def read_question(row: Row) -> StoredQuestion:
    """Return the question of a row.

    Raises:
        StoreError: it is damaged.
    """
    key, name, text, metadata = row
    if (type(key), type(name), type(text)) != (int, str, str):
        raise StoreError(
            f"question {key!r:.20} is damaged: its id is {name!r:.40}, its text {text!r:.40}; "
            "restore the store from a backup"
        )
    if metadata is None:
        return StoredQuestion(key=key, id=name, text=text, metadata_omitted=True)
    return StoredQuestion(key=key, id=name, text=text, metadata=read_metadata(key, metadata))


def delete_questions(session: Session, ledger: Ledger, ids: Sequence[str]) -> Collection[str]:
    """Delete questions and decisions about them; return the ids that existed.

    Their keys stay in `removed`, with a sequence number.
    """
    rows = run_in_chunks(session, "SELECT key, id, metadata FROM questions WHERE id IN (?)", ids)
    texts = run_in_chunks(session, "SELECT text, key FROM questions WHERE id IN (?)", ids)
    keys = [key for key, *_ in rows]
    facets = defaultdict(list)
    known = [(key, read_metadata(key, metadata)) for key, _, metadata in rows]
    for text, key in texts:
        facets[copy_facet(text)].append(key)
    for key, values in known:
        for name, value in values.items():
            facets[facet(name, value)].append(key)
    counts = count_values(values for _, values in known)
    add_counts(session.run, Counter({each: -count for each, count in counts.items()}))
    for found, having in facets.items():
        run_in_chunks(
            session, "DELETE FROM facets WHERE facet = ? AND key IN (?)", having, (found,)
        )
    vectors = run_in_chunks(
        session, "DELETE FROM vectors WHERE key IN (?) RETURNING generation", keys
    )
    run_in_chunks(session, "DELETE FROM questions WHERE key IN (?)", keys)
    for side in ("left_key", "right_key"):
        run_in_chunks(session, f"DELETE FROM reviews WHERE {side} IN (?)", keys)  # noqa: S608
    session.insert("removed", list(zip(ledger.draw(len(keys)).tolist(), keys, strict=True)))
    ledger.questions -= len(keys)
    ledger.reindexed -= sum(generation > ledger.generation for (generation,) in vectors)
    return {name for _, name, _ in rows}

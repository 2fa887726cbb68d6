"""Rows of a store's tables, in SQL that SQLite and PostgreSQL share."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from jaxtyping import Int64

from gemel.data import Value
from gemel.errors import StoreError
from gemel.store.input_checks import check_metadata, copy_facet, facet
from gemel.store.metadata_columns import add_counts, count_values
from gemel.store.records import NewQuestion, StoredQuestion
from gemel.store.sessions import Ledger, Row, Session

_LOT = 500
"""Values in one statement."""


def run_by_lots(
    session: Session, statement: str, values: Sequence[Any], before: Sequence[Any] = ()
) -> list[Row]:
    """Run a statement with `IN (?)` for some of the values at a time.

    Args:
        session: an open session.
        statement: the statement.
        values: values in the brackets.
        before: values of earlier parameters.
    """
    rows: list[Row] = []
    for start in range(0, len(values), _LOT):
        lot = values[start : start + _LOT]
        marks = ", ".join("?" * len(lot))
        rows += session.run(statement.replace("IN (?)", f"IN ({marks})"), [*before, *lot])
    return rows


def keep(
    session: Session, keys: Int64[np.ndarray, "questions"], questions: Sequence[NewQuestion]
) -> None:
    """Insert questions with their lookup values."""
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
    """Index questions, by key and text, as copies."""
    wanted = {(copy_facet(text), key) for key, text in rows}
    keys = [key for key, _ in rows]
    known = run_by_lots(
        session,
        "SELECT facet, key FROM facets WHERE key BETWEEN ? AND ? AND facet IN (?)",
        [found for found, _ in wanted],
        (min(keys, default=0), max(keys, default=0)),
    )
    session.insert("facets", sorted(wanted.difference(known)))


def read_metadata(key: int, written: str) -> dict[str, Value]:
    """Parse a question's stored metadata.

    Raises:
        StoreError: damaged JSON.
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
    """Return the columns for `read_question`.

    Args:
        most: maximum length of metadata in characters; longer ones are omitted. None: no limit.
        table: table name or alias.
    """
    metadata = f"{table}.metadata"
    if most is not None:
        metadata = f"CASE WHEN length({metadata}) <= {max(most, _EMPTY)} THEN {metadata} END"
    return f"{table}.key, {table}.id, {table}.text, {metadata}"


_EMPTY = len("{}")


def read_question(row: Row) -> StoredQuestion:
    """Return a question from its row.

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


def forget(session: Session, ledger: Ledger, ids: Sequence[str]) -> Collection[str]:
    """Remove questions and their decisions from all tables, and return the ids that existed.

    Their keys stay, with a sequence number.
    """
    rows = run_by_lots(session, "SELECT key, id, metadata FROM questions WHERE id IN (?)", ids)
    texts = run_by_lots(session, "SELECT text, key FROM questions WHERE id IN (?)", ids)
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
        run_by_lots(session, "DELETE FROM facets WHERE facet = ? AND key IN (?)", having, (found,))
    vectors = run_by_lots(
        session, "DELETE FROM vectors WHERE key IN (?) RETURNING generation", keys
    )
    run_by_lots(session, "DELETE FROM questions WHERE key IN (?)", keys)
    for side in ("left_key", "right_key"):
        run_by_lots(session, f"DELETE FROM reviews WHERE {side} IN (?)", keys)  # noqa: S608
    session.insert("removed", list(zip(ledger.draw(len(keys)).tolist(), keys, strict=True)))
    ledger.questions -= len(keys)
    ledger.reindexed -= sum(generation > ledger.generation for (generation,) in vectors)
    return {name for _, name, _ in rows}

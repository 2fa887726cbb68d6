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
"""Values that one statement names."""


def run_by_lots(
    session: Session, statement: str, values: Sequence[Any], before: Sequence[Any] = ()
) -> list[Row]:
    """Run a statement that has an `IN (?)`, for some of the values at a time.

    Args:
        session: in whose transaction.
        statement: what to run.
        values: what stands in its brackets.
        before: values of the `?` before it.
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
    """Put questions, and what they are found by, into their tables."""
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
    """Make questions, by key and text, known as copies, where an older gemel did not."""
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
    """Give a question's metadata of the JSON that is kept.

    Raises:
        StoreError: it is damaged.
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
    """Return the columns that `read_question` takes.

    Args:
        most: characters of metadata that are read, none of a question that has more; None: all.
        table: or what it is called in the statement.
    """
    metadata = f"{table}.metadata"
    if most is not None:
        metadata = f"CASE WHEN length({metadata}) <= {max(most, _EMPTY)} THEN {metadata} END"
    return f"{table}.key, {table}.id, {table}.text, {metadata}"


_EMPTY = len("{}")


def read_question(row: Row) -> StoredQuestion:
    """Give a question of its key, id, text and metadata, as they are kept.

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
    """Remove questions, and what was decided about them, from all tables.

    Their key stays, and a sequence number.

    Returns:
        The ids that were there.
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

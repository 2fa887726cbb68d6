"""Write backups, and copy a whole store into another."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import numpy as np

from gemel.errors import DataError, StoreError
from gemel.files import place_file, temporary_folder
from gemel.store.row_checks import StoreCheck, integers
from gemel.store.sessions import Ledger, Row, Session, Sessions
from gemel.store.sql_tables import keep, read_question

_LOT = 4096
"""Rows copied at a time."""


@contextmanager
def new_backup(path: str | Path) -> Iterator[Path]:
    """Yield the name of a temporary file that becomes `path` when complete.

    Raises:
        DataError: `path` exists.
        StoreError: it cannot be written.
    """
    path = Path(path)
    taken = DataError("exists already; name a new file for the backup", path=path)
    if path.exists():
        raise taken
    try:
        with temporary_folder(path) as folder:
            fresh = folder / "backup"
            yield fresh
            place_file(fresh, path)
    except StoreError:
        raise
    except FileExistsError:
        raise taken from None
    except OSError as error:
        raise StoreError(
            f"{path}: the backup cannot be written: {error.strerror}; name a place with space"
        ) from error


def copy_all(source: Sessions, target: Sessions) -> None:
    """Copy all of a store, at one moment, into a new one; all or nothing.

    Raises:
        DataError: the target is not empty.
        StoreError: the source is damaged; nothing is copied.
    """
    with source.reading() as (before, ledger), target.changing() as (after, fresh):
        if fresh.sequence:
            raise DataError(
                f"{target.name}: holds {fresh.questions} questions (sequence {fresh.sequence}); "
                "expected a new store: name another"
            )
        check = StoreCheck(source.name, ledger)
        _copy_questions(before, after, check)
        for generation, dim in (
            (ledger.generation, ledger.dim),
            (ledger.generation + 1, ledger.reindexing_dim),
        ):
            _copy_vectors(source, (before, after), generation, dim, check)
        for table, by, least, look in (
            ("removed", "sequence", 0, check.removed),
            ("reviews", "number", 0, check.reviews),
            ("api_keys", "prefix", "", check.keys),
        ):
            _copy_table(before, after, table, by, least, look)
        check.end(before)
        for name in {field.name for field in fields(Ledger)} - {"identity"}:
            setattr(fresh, name, getattr(ledger, name))


def _copy_questions(before: Session, after: Session, check: StoreCheck) -> None:
    statement = "SELECT key, id, text, metadata FROM questions WHERE key > ? ORDER BY key LIMIT ?"
    last = 0
    while rows := before.run(statement, (last, _LOT)):
        questions = list(map(read_question, rows))
        check.questions(questions)
        keep(after, np.array([question.key for question in questions]), questions)
        last = rows[-1][0]


def _copy_vectors(
    source: Sessions,
    sessions: tuple[Session, Session],
    generation: int,
    dim: int,
    check: StoreCheck,
) -> None:
    before, after = sessions
    statement = (
        f"SELECT sequence, key, {source.vector} FROM vectors WHERE generation = ? AND "  # noqa: S608
        "sequence > ? ORDER BY sequence LIMIT ?"
    )
    last = 0
    while rows := before.run(statement, (generation, last, _LOT)):
        numbers, keys, packed = zip(*rows, strict=True)
        sequences, of = integers(numbers), integers(keys)
        vectors = source.unpack(packed, dim)
        check.vectors(generation, of.tolist(), vectors)
        after.insert_vectors(sequences, generation, of, vectors)
        last = numbers[-1]


def _copy_table(
    before: Session,
    after: Session,
    table: str,
    by: str,
    least: int | str,
    look: Callable[[Sequence[Row]], None],
) -> None:
    statement = f"SELECT * FROM {table} WHERE {by} > ? ORDER BY {by} LIMIT ?"  # noqa: S608
    last = least
    while rows := before.run(statement, (last, _LOT)):
        look(rows)
        after.insert(table, rows)
        last = rows[-1][0]

"""Backups: files that appear whole, and the checked copy of one store into another."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import numpy as np
from jaxtyping import Float16

from gemel.errors import DataError, StoreError
from gemel.files import place_file, temporary_folder
from gemel.store.base import StoredQuestion
from gemel.store.input_checks import check_questions, wrong_vectors
from gemel.store.sessions import Ledger, Row, Session, Sessions
from gemel.store.sql_rows import (
    insert_questions,
    integers,
    read_question,
    require_key,
    require_review,
)

_CHUNK = 4096
"""Rows copied at a time."""


@contextmanager
def new_backup(path: str | Path) -> Iterator[Path]:
    """Yield a temporary file to write, and move it to `path` when it is complete.

    Raises:
        DataError: `path` exists.
        StoreError: `path` cannot be written.
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
            f"{path}: the backup cannot be written: {error.strerror}; choose another folder"
        ) from error


def copy_all(source: Sessions, target: Sessions) -> None:
    """Copy a consistent snapshot of one store into a new one, all or nothing.

    Raises:
        DataError: the target is not new.
        StoreError: the source is damaged or inconsistent.
    """
    with source.reading() as (before, ledger), target.changing() as (after, fresh):
        if fresh.sequence:
            raise DataError(
                f"{target.name}: holds {fresh.questions} questions (sequence {fresh.sequence}); "
                "expected a new store: name another"
            )
        check = _Check(source.name, ledger)
        for rows in _chunks(before, "SELECT key, id, text, metadata FROM questions", "key"):
            questions = list(map(read_question, rows))
            check.questions(questions)
            insert_questions(after, np.array([question.key for question in questions]), questions)
        for generation, dim in (
            (ledger.generation, ledger.dim),
            (ledger.generation + 1, ledger.reindexing_dim),
        ):
            statement = f"SELECT sequence, key, {source.vector} FROM vectors"  # noqa: S608
            for rows in _chunks(before, statement, "sequence", where=f"generation = {generation}"):
                numbers, keys, packed = zip(*rows, strict=True)
                sequences, of = integers(numbers), integers(keys)
                vectors = source.unpack(packed, dim)
                check.vectors(generation, of.tolist(), vectors)
                after.insert_vectors(sequences, generation, of, vectors)
        for table, by, least, check_rows in (
            ("removed", "sequence", 0, check.removed),
            ("reviews", "number", 0, check.reviews),
            ("api_keys", "prefix", "", check.keys),
        ):
            for rows in _chunks(before, f"SELECT * FROM {table}", by, least):  # noqa: S608
                check_rows(rows)
                after.insert(table, rows)
        check.end(before)
        for name in {field.name for field in fields(Ledger)} - {"identity"}:
            setattr(fresh, name, getattr(ledger, name))


def _chunks(
    session: Session, select: str, by: str, last: int | str = 0, *, where: str = "true"
) -> Iterator[list[Row]]:
    """Yield rows in the order of their first column, named `by`, from above `last` on."""
    statement = f"{select} WHERE {where} AND {by} > ? ORDER BY {by} LIMIT ?"
    while rows := session.run(statement, (last, _CHUNK)):
        yield rows
        last = rows[-1][0]


class _Check:
    """Consistency check of all rows of a store, as they are copied, questions first."""

    def __init__(self, name: str, ledger: Ledger):
        self._name, self._ledger = name, ledger
        self._keys: set[int] = set()
        self._vectors = {ledger.generation: 0, ledger.generation + 1: 0}

    def questions(self, questions: Sequence[StoredQuestion]) -> None:
        try:
            check_questions(questions)
        except DataError as error:
            raise self._damaged(str(error)) from error
        self._keys.update(question.key for question in questions)

    def vectors(
        self, generation: int, keys: Sequence[int], vectors: Float16[np.ndarray, "rows dim"]
    ) -> None:
        wrong, lengths = wrong_vectors(vectors)
        for row in wrong[:1]:
            raise self._damaged(f"the vector of question {keys[row]} has length {lengths[row]:.4g}")
        self._expect(self._keys.issuperset(keys), "a vector belongs to no question")
        self._vectors[generation] += len(keys)

    def removed(self, rows: Sequence[Row]) -> None:
        keys = integers([key for _, key in rows]).tolist()
        self._expect(self._keys.isdisjoint(keys), "a question is there and removed")

    def reviews(self, rows: Sequence[Row]) -> None:
        for row in rows:
            require_review(row[1:])
            self._expect(self._keys.issuperset(row[1:3]), "a decision is about no question")

    def keys(self, rows: Sequence[Row]) -> None:
        for row in rows:
            require_key(row)

    def end(self, session: Session) -> None:
        ledger = self._ledger
        ((last,),) = session.run(
            "SELECT max(last) FROM (SELECT max(key) AS last FROM questions UNION ALL "
            "SELECT max(sequence) FROM vectors UNION ALL SELECT max(sequence) FROM removed) AS ends"
        )
        self._expect((last or 0) <= ledger.sequence, f"change {last} is later than the last")
        ((vectors,),) = session.run("SELECT count(*) FROM vectors")
        ((questions,),) = session.run("SELECT count(*) FROM questions")
        for what, counted, found in (
            ("questions", ledger.questions, len(self._keys)),
            ("questions", questions, len(self._keys)),
            ("vectors", ledger.questions, self._vectors[ledger.generation]),
            ("vectors of another model", ledger.reindexed, self._vectors[ledger.generation + 1]),
            ("vectors of both", vectors, sum(self._vectors.values())),
        ):
            self._expect(counted == found, f"it counts {counted} {what}, and {found} are there")

    def _expect(self, good: bool, what: str) -> None:
        if not good:
            raise self._damaged(what)

    def _damaged(self, what: str) -> StoreError:
        return StoreError(f"{self._name}: is damaged: {what}; restore another backup")

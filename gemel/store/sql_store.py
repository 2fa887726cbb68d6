"""`Corpus` in SQL that both databases share: all but connecting, erasing and backing up."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from dataclasses import replace as replace_fields

import numpy as np
from jaxtyping import Float, Int64

from gemel.data import Value
from gemel.errors import DataError, ModelMismatchError
from gemel.store.base import Changes, Corpus, Metadata, NewQuestion, StoredQuestion, StoreState
from gemel.store.input_checks import (
    check_dim,
    check_questions,
    check_vectors,
    copy_facet,
    facet,
    is_plain,
    is_unit_like,
    read_plain,
)
from gemel.store.metadata_columns import check_filter, column_types, filter_values, resolve_metadata
from gemel.store.review_table import ReviewTable
from gemel.store.service_keys import KeyTable
from gemel.store.sessions import Ledger, Session, marks
from gemel.store.sql_rows import (
    delete_questions,
    index_copies,
    insert_questions,
    integers,
    question_columns,
    read_question,
)

_WITHOUT_VECTOR = (
    "WHERE NOT EXISTS (SELECT 1 FROM vectors WHERE vectors.key = questions.key AND generation = ?) "
    "ORDER BY key LIMIT ?"
)
_PUT = (
    "SELECT sequence, key, {vector} FROM vectors WHERE generation = ? AND sequence > ? "
    "ORDER BY sequence LIMIT ?"
)
_REMOVED = "SELECT sequence, key FROM removed WHERE sequence > ? ORDER BY sequence LIMIT ?"


def _select(metadata: int | None) -> str:
    return f"SELECT {question_columns(metadata)} FROM questions"  # noqa: S608


class RelationalStore(ReviewTable, KeyTable, Corpus):
    """A `Corpus` in tables of an SQL database.

    Every change of a question draws a sequence number while the ledger is locked, so numbers are
    committed in order. The number of its addition is the question's key.
    """

    def discard(self) -> None:
        """Drop the tables if this object created them and nothing was ever stored."""

    def finish_erasing(self, *, now: bool = False) -> bool:
        return False

    def state(self) -> StoreState:
        with self.reading() as (_, ledger):
            return StoreState(*astuple(ledger)[: len(StoreState._fields)])

    def get(
        self, keys: Sequence[int], *, metadata: int | None = None
    ) -> list[StoredQuestion | None]:
        plain = [int(key) for key in keys]
        with self.reading() as (session, _):
            rows = session.run_in_chunks(f"{_select(metadata)} WHERE key IN (?)", plain)
        found = {row[0]: read_question(row) for row in rows}
        return [found.get(key) for key in plain]

    def find(
        self, ids: Sequence[str], *, metadata: int | None = None
    ) -> list[StoredQuestion | None]:
        plain = list(filter(is_plain, ids))
        with self.reading() as (session, _):
            rows = session.run_in_chunks(f"{_select(metadata)} WHERE id IN (?)", plain)
        found = {row[1]: read_question(row) for row in rows}
        return [found.get(name) for name in ids]

    def scan(
        self, after: int = 0, *, chunk: int = 4096, metadata: int | None = None
    ) -> Iterator[list[StoredQuestion]]:
        statement = f"{_select(metadata)} WHERE key > ? ORDER BY key LIMIT ?"
        while True:
            with self.reading() as (session, _):
                rows = session.run(statement, (after, chunk))
            if not rows:
                return
            yield [read_question(row) for row in rows]
            after = rows[-1][0]

    def where(self, metadata: Metadata) -> Int64[np.ndarray, "found"]:
        wanted = check_filter(metadata)
        with self.reading() as (session, ledger):
            values = self._filter_values(session, ledger, wanted)
            if values is None:
                return np.zeros(0, np.int64)
            each = (
                f"SELECT key FROM facets WHERE facet IN ({marks(fit)})"  # noqa: S608
                for _, fit in values
            )
            found = " INTERSECT ".join(each) or "SELECT key FROM questions"
            facets = [facet(name, value) for name, fit in values for value in fit]
            rows = session.run(f"{found} ORDER BY key", facets)
        return integers([key for (key,) in rows])

    def require_filter(self, metadata: Metadata) -> None:
        wanted = check_filter(metadata)
        with self.reading() as (session, ledger):
            self._filter_values(session, ledger, wanted)

    def column_types(self, names: Sequence[str]) -> dict[str, set[str]]:
        with self.reading() as (session, _):
            return column_types(session, names)

    def _filter_values(
        self, session: Session, ledger: Ledger, wanted: Mapping[str, Value]
    ) -> list[tuple[str, list[Value]]] | None:
        """Return the values that fit a filter, by column; None in an empty store."""
        with self._named():
            return filter_values(session, wanted) if ledger.questions else None

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Prefix a `DataError` with the store's name."""
        try:
            yield
        except DataError as error:
            raise DataError(f"{self.name}: {error}") from error

    def copies(self, texts: Sequence[str], most: int) -> list[Int64[np.ndarray, "found"]]:
        statement = "SELECT key FROM facets WHERE facet = ? ORDER BY key LIMIT ?"
        with self.reading() as (session, _):
            found = [session.run(statement, (copy_facet(text), most)) for text in texts]
        return [np.array([key for (key,) in rows], np.int64) for rows in found]

    def index_copies(self, keys: Sequence[int]) -> None:
        with self.changing() as (session, _):
            index_copies(session, keys)

    def changes(self, since: int, *, most: int = 65_536) -> Changes:
        with self.reading() as (session, ledger):
            statement = _PUT.format(vector=self.vector)
            put = session.run(statement, (ledger.generation, since, most))
            removed = session.run(_REMOVED, (since, most))
        numbers = sorted(row[0] for row in (*put, *removed))
        until = numbers[most - 1] if len(numbers) >= most else ledger.sequence
        put = [row for row in put if row[0] <= until]
        keys = integers([key for _, key, _ in put])
        vectors = self.unpack([vector for *_, vector in put], ledger.dim)
        for key in keys[~is_unit_like(vectors)][:1].tolist():
            raise self.damaged(f"the vector of question {key} is not of length 1")
        return Changes(
            until=until,
            generation=ledger.generation,
            keys=keys,
            vectors=vectors,
            removed=integers([key for number, key in removed if number <= until]),
        )

    def add(
        self,
        questions: Sequence[NewQuestion],
        vectors: Float[np.ndarray, "questions dim"],
        model: str,
        *,
        replace: bool = False,
    ) -> Int64[np.ndarray, "questions"]:
        check_questions(questions)
        metadata = [read_plain(question) for question in questions]
        stored = check_vectors(vectors, len(questions))
        if not questions:
            return np.zeros(0, np.int64)
        ids = [question.id for question in questions]
        with self.changing() as (session, ledger):
            self._agree(ledger, model, stored.shape[1])
            there = session.run_in_chunks("SELECT id FROM questions WHERE id IN (?)", ids)
            if there and not replace:
                raise DataError(
                    f"{self.name}: {len(there)} of {len(ids)} ids exist already, one is "
                    f"{there[0][0]!r:.60}; replace them, or leave them out"
                )
            with self._named():
                resolved = resolve_metadata(session, metadata)
            plain = [
                replace_fields(question, metadata=values)
                for question, values in zip(questions, resolved, strict=True)
            ]
            delete_questions(session, ledger, [name for (name,) in there])
            keys = ledger.draw(len(questions))
            insert_questions(session, keys, plain)
            session.insert_vectors(keys, ledger.generation, keys, stored)
            ledger.questions += len(questions)
        return keys

    def _agree(self, ledger: Ledger, model: str, dim: int) -> None:
        if not model:
            raise DataError("the fingerprint of the model is empty; give the model's")
        if not ledger.model:
            ledger.model, ledger.dim = model, dim
        if (ledger.model, ledger.dim) != (model, dim):
            raise ModelMismatchError(
                f"{self.name}: holds vectors of {ledger.dim} numbers of the model "
                f"{ledger.model:.12}; these are {dim} numbers of {model:.12}: encode them with "
                "the store's model, or index it again with this one"
            )

    def remove(self, ids: Sequence[str]) -> list[str]:
        plain = [name for name in dict.fromkeys(ids) if is_plain(name)]
        with self.changing() as (session, ledger):
            there = delete_questions(session, ledger, plain)
        return [name for name in plain if name in there]

    def begin_reindex(self, model: str, dim: int) -> None:
        check_dim(dim)
        with self.changing() as (session, ledger):
            if not model or model == ledger.model:
                raise DataError(
                    f"{self.name}: the model {model!r:.14} made the vectors that are served; "
                    "expected another"
                )
            if (model, dim) == (ledger.reindexing, ledger.reindexing_dim):
                return
            session.run("DELETE FROM vectors WHERE generation = ?", (ledger.generation + 1,))
            ledger.reindexing, ledger.reindexing_dim, ledger.reindexed = model, dim, 0
            ledger.draw(1)

    def without_vector(self, *, most: int = 65_536) -> list[StoredQuestion]:
        with self.reading() as (session, ledger):
            if not ledger.reindexing:
                return []
            rows = session.run(f"{_select(0)} {_WITHOUT_VECTOR}", (ledger.generation + 1, most))
        return [read_question(row) for row in rows]

    def put_vectors(
        self, keys: Int64[np.ndarray, "questions"], vectors: Float[np.ndarray, "questions dim"]
    ) -> None:
        stored = check_vectors(vectors, len(keys))
        if len(np.unique(keys)) < len(keys):
            raise DataError("a key occurs twice; expected one vector per question")
        with self.changing() as (session, ledger):
            if not ledger.reindexing or stored.shape[1] != ledger.reindexing_dim:
                raise DataError(
                    f"{self.name}: vectors of {stored.shape[1]} numbers, where "
                    f"{ledger.reindexing_dim or 'no'} are expected; begin_reindex sets how many"
                )
            generation = ledger.generation + 1
            there = index_copies(session, keys.tolist())
            again = session.run_in_chunks(
                "DELETE FROM vectors WHERE generation = ? AND key IN (?) RETURNING key",
                keys.tolist(),
                (generation,),
            )
            stays = np.isin(keys, np.array(there, np.int64))
            sequences = ledger.draw(len(there))
            session.insert_vectors(sequences, generation, keys[stays], stored[stays])
            ledger.reindexed += len(there) - len(again)

    def finish_reindex(self) -> None:
        with self.changing() as (session, ledger):
            if not ledger.reindexing:
                raise DataError(f"{self.name}: no reindexing was begun; begin_reindex does")
            if ledger.reindexed != ledger.questions:
                raise DataError(
                    f"{self.name}: {ledger.reindexed} of {ledger.questions} questions have a "
                    f"vector of the model {ledger.reindexing:.12}; put those of without_vector"
                )
            session.run("DELETE FROM vectors WHERE generation = ?", (ledger.generation,))
            ledger.generation += 1
            ledger.model, ledger.dim = ledger.reindexing, ledger.reindexing_dim
            ledger.reindexing, ledger.reindexing_dim, ledger.reindexed = "", 0, 0
            ledger.draw(1)

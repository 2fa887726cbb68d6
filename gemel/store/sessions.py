"""Sessions with a database: many readers, one writer, none left open after an error."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass, fields, replace
from threading import Lock
from typing import Any, ClassVar, TypeAlias, TypeVar

import numpy as np
from jaxtyping import Float16, Int64

from gemel.errors import StoreError
from gemel.store.input_checks import MOST_DIM

Row: TypeAlias = tuple[Any, ...]
# typing.Self, which beartype cannot check on a method.
_Itself = TypeVar("_Itself", bound="Sessions")
_MOST = 2**62
"""Upper bound of all counts."""
_CHUNK = 500
"""Values in one statement."""


def marks(values: Sequence[Any]) -> str:
    """Return a `?` for each value."""
    return ", ".join("?" * len(values))


class Session(ABC):
    """A connection, used by one thread at a time."""

    deleted: bool = False
    """Whether rows were deleted since the last reset; set by SQLite only."""

    @abstractmethod
    def run(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        """Run a statement with values for its `?`, and return its rows."""

    def run_in_chunks(
        self, statement: str, values: Sequence[Any], before: Sequence[Any] = ()
    ) -> list[Row]:
        """Run a statement with an `IN (?)` on chunks of values; `before`: those of earlier `?`."""
        rows: list[Row] = []
        for start in range(0, len(values), _CHUNK):
            chunk = values[start : start + _CHUNK]
            rows += self.run(statement.replace("IN (?)", f"IN ({marks(chunk)})"), [*before, *chunk])
        return rows

    @abstractmethod
    def insert(self, table: str, rows: Sequence[Row]) -> None:
        """Insert complete rows."""

    @abstractmethod
    def insert_vectors(
        self,
        sequences: Int64[np.ndarray, "rows"],
        generation: int,
        keys: Int64[np.ndarray, "rows"],
        vectors: Float16[np.ndarray, "rows dim"],
    ) -> None:
        """Insert rows into the table of vectors."""

    @abstractmethod
    def close(self) -> None:
        """Close it; uncommitted changes are rolled back."""


@dataclass
class Ledger:
    """The one row of the table `store`, locked by a writer until it commits; see `StoreState`."""

    sequence: int
    generation: int
    model: str
    dim: int
    questions: int
    reindexing: str
    reindexed: int
    identity: str
    reindexing_dim: int

    @classmethod
    def read(cls, row: Row) -> "Ledger":
        """Return a checked row; raise `ValueError` if a value is out of range."""
        for field, value in zip(fields(cls), row, strict=True):
            is_count = isinstance(value, int) and 0 <= value <= _MOST
            if not (isinstance(value, str) if field.type is str else is_count):
                raise ValueError(f"its {field.name} is {value!r:.40}")
        ledger = cls(*row)
        if max(ledger.dim, ledger.reindexing_dim) > MOST_DIM:
            raise ValueError(f"its vectors have {max(ledger.dim, ledger.reindexing_dim)} numbers")
        if ledger.questions > ledger.sequence or ledger.reindexed > ledger.questions:
            raise ValueError(f"it counts {ledger.questions} questions, {ledger.sequence} changes")
        return ledger

    def draw(self, count: int) -> Int64[np.ndarray, "count"]:
        """Allocate sequence numbers."""
        first = self.sequence + 1
        self.sequence += count
        return np.arange(first, first + count, dtype=np.int64)


_COLUMNS = [field.name for field in fields(Ledger)]
_READ_LEDGER = f"SELECT {', '.join(_COLUMNS)} FROM store"  # noqa: S608
_WRITE_LEDGER = f"UPDATE store SET {' = ?, '.join(_COLUMNS)} = ?"  # noqa: S608


class Sessions(ABC):
    """A pool of sessions."""

    read: ClassVar[str]
    """SQL that begins a snapshot."""
    write: ClassVar[str]
    """SQL that begins a change."""
    hold: ClassVar[str] = ""
    """SQL suffix that locks the ledger for a writer."""
    vector: ClassVar[str] = "vector"
    """SQL expression of a vector as bytes, for `unpack`."""
    faults: ClassVar[tuple[type[Exception], ...]]
    """Errors of the database, for `explain`."""

    def __init__(self) -> None:
        self._idle: list[Session] = []
        self._closed = False
        self._turn = Lock()  # writers of this process wait here, without polling

    @property
    @abstractmethod
    def name(self) -> str:
        """Name in errors, without a password."""

    @abstractmethod
    def connect(self) -> Session:
        """Open a session."""

    @abstractmethod
    def explain(self, error: Exception) -> str:
        """Return what is wrong and a remedy, for an error of the database."""

    @abstractmethod
    def unpack(self, vectors: Sequence[Any], dim: int) -> Float16[np.ndarray, "rows dim"]:
        """Decode vectors read with `vector`."""

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn the database's errors into a `StoreError` with a remedy."""
        try:
            yield
        except self.faults as error:
            raise StoreError(f"{self.name}: {self.explain(error)}") from error

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Lend a session of the pool."""
        if self._closed:
            raise StoreError(f"{self.name}: the store is closed; open it again")
        with self.explained():
            try:
                session = self._idle.pop()
            except IndexError:
                session = self.connect()
            try:
                yield session
            except BaseException:
                # The next call opens a new connection, as the server may have restarted.
                for each in (session, *self._drain()):
                    with suppress(Exception):
                        each.close()
                raise
            self._idle.append(session)
        if self._closed:
            self.close()

    def _drain(self) -> Iterator[Session]:
        with suppress(IndexError):
            while True:
                yield self._idle.pop()

    @contextmanager
    def reading(self) -> Iterator[tuple[Session, Ledger]]:
        """Lend a session that sees a snapshot."""
        with self.session() as session:
            session.run(self.read)
            yield session, self._ledger(session, _READ_LEDGER)
            session.run("COMMIT")

    @contextmanager
    def changing(self) -> Iterator[tuple[Session, Ledger]]:
        """Lend the one writing session; commit at the end, ledger included, roll back on error."""
        with self._turn, self.session() as session:
            session.run(self.write)
            ledger = self._ledger(session, _READ_LEDGER + self.hold)
            before = replace(ledger)
            yield session, ledger
            if ledger != before:
                session.run(_WRITE_LEDGER, astuple(ledger))
            session.run("COMMIT")

    def _ledger(self, session: Session, statement: str) -> Ledger:
        rows = session.run(statement)
        if len(rows) != 1:
            raise self.damaged(f"its table store has {len(rows)} rows")
        try:
            return Ledger.read(rows[0])
        except ValueError as error:
            raise self.damaged(str(error)) from error

    def damaged(self, what: str) -> StoreError:
        """Return the error of an inconsistent store."""
        return StoreError(f"{self.name}: is damaged: {what}; restore it from a backup")

    def close(self) -> None:
        """Close all sessions."""
        self._closed = True
        for session in self._drain():
            session.close()

    def __enter__(self: _Itself) -> _Itself:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

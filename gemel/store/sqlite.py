"""Store in an SQLite file: any number of readers, one writer at a time."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
from jaxtyping import Float16, Int64

from gemel.errors import StoreError
from gemel.files import remove_leftovers
from gemel.store.backups import new_backup
from gemel.store.sessions import Ledger, Row, Session, marks
from gemel.store.sql_store import RelationalStore
from gemel.store.sqlite_pages import OPENING, clear_unused, open_raw, release_raw
from gemel.store.sqlite_schema import NEW_IDENTITY, check_schema, make_schema

_LOCK_TIMEOUT = 30.0
"""Seconds to wait for another writer."""
_ERASE_TIMEOUT = 1.0
"""Seconds that erasing after a removal waits for readers."""
_SHARE = 5
"""Erasing takes at most 1 / _SHARE of the time."""
_BURST = 1.0
"""Seconds of erasing allowed beyond that share."""
_TRIES = 3
"""Attempts at erasing while other processes write."""
_PRAGMAS = (
    "synchronous = FULL",  # acknowledged changes survive a power failure
    "secure_delete = ON",
    "trusted_schema = OFF",
    "temp_store = MEMORY",  # no text in an unknown file
)
_REMEDIES = {
    sqlite3.SQLITE_BUSY: f"another process has been writing for {_LOCK_TIMEOUT:.0f} seconds; wait "
    "for its end and try again",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; check that its folder exists and is "
    "writable, as SQLite creates files next to it",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; restore it from a backup",
    sqlite3.SQLITE_FULL: "the disk is full; nothing of this was stored: free some space and try "
    "again",
    sqlite3.SQLITE_IOERR: "the disk fails, or is full; nothing of this was stored: check it "
    "and try again",
    sqlite3.SQLITE_NOTADB: "is no SQLite file, or damaged; expected a store of gemel, which "
    "`gemel index QUESTIONS --db FILE` makes",
    sqlite3.SQLITE_READONLY: "it is read-only; make it and its folder writable",
}


class _SQLiteSession(Session):
    def __init__(self, connection: sqlite3.Connection):
        self.connection = connection

    def run(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        before = self.connection.total_changes
        rows = self.connection.execute(statement, values).fetchall()
        if statement.startswith("DELETE") and self.connection.total_changes > before:
            self.deleted = True
        return rows

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        if rows:
            statement = f"INSERT INTO {table} VALUES ({marks(rows[0])})"  # noqa: S608
            self.connection.executemany(statement, rows)

    def insert_vectors(
        self,
        sequences: Int64[np.ndarray, "rows"],
        generation: int,
        keys: Int64[np.ndarray, "rows"],
        vectors: Float16[np.ndarray, "rows dim"],
    ) -> None:
        numbers = zip(sequences.tolist(), keys.tolist(), vectors.astype("<f2"), strict=True)
        self.insert("vectors", [(n, generation, key, row.tobytes()) for n, key, row in numbers])

    def close(self) -> None:
        self.connection.close()


class SQLiteStore(RelationalStore):
    """A `Corpus` in an SQLite file.

    The write-ahead log (`-wal`) and shared memory (`-shm`) are next to the file: copy it with
    `backup`, not with `cp`. A change is durable when the log is synced. Every deletion erases its
    traces, up to a fifth of the time; the rest is erased by the next change, by `close`, by the
    next opening or by a running service.

    Args:
        path: the file.
        create: whether to create a missing file.
        read_only: whether to refuse changes.

    Raises:
        StoreError: the file is missing, not a store, or a newer gemel's.
    """

    read = "BEGIN"
    write = "BEGIN IMMEDIATE"
    faults = (sqlite3.Error, UnicodeEncodeError, UnicodeDecodeError)

    def __init__(self, path: str | Path, *, create: bool = True, read_only: bool = False):
        super().__init__()
        self.path = Path(path)
        create = create and not read_only
        there = self._identity() is not None
        if not (self.path.is_file() if there else create):
            what = "is no file" if there else "no such store"
            raise StoreError(f"{path}: {what}; `gemel index QUESTIONS --db FILE` makes one")
        self._mode = "ro" if read_only else "rw"
        if not read_only:
            remove_leftovers(self.path.parent)
        with self.explained():
            session = self.connect("rwc" if create else self._mode)
            try:
                if check_schema(session.connection, self.name, create=create, read_only=read_only):
                    make_schema(session.connection, self.name)
            except BaseException:
                session.close()
                raise
        self._idle.append(session)
        self._file = self._identity()
        self._pending = False
        """Whether traces of removed data are known to be left."""
        self._due = 0.0
        """Earliest start of the next erasure, by the monotonic clock."""
        self._finish()

    def __reduce__(self) -> tuple[Any, ...]:
        reopen = partial(SQLiteStore, create=False, read_only=self._mode == "ro")
        return reopen, (self.path.absolute(),)

    @property
    def name(self) -> str:
        return str(self.path)

    def connect(self, mode: str = "") -> _SQLiteSession:
        with OPENING:
            connection = sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode={mode or self._mode}",
                uri=True,
                timeout=_LOCK_TIMEOUT,
                isolation_level=None,
                check_same_thread=False,
            )
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        return _SQLiteSession(connection)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Lend a session, unless the opened file was replaced or deleted."""
        if self._identity() != self._file:  # SQLite would write to the unlinked file
            raise StoreError(f"{self.name}: the file was deleted or replaced; open it again")
        with super().session() as session:
            yield session

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def explain(self, error: Exception) -> str:
        if isinstance(error, UnicodeEncodeError):
            return "SQLite requires texts and file names in UTF-8; choose another name"
        if isinstance(
            error, UnicodeDecodeError
        ):  # a text of the file, perhaps in SQLite's own message
            return _REMEDIES[sqlite3.SQLITE_CORRUPT]
        remedy = _REMEDIES.get(_code(error), "restore it from a backup if this persists")
        return f"{remedy} ({error})"

    def unpack(self, vectors: Sequence[Any], dim: int) -> Float16[np.ndarray, "rows dim"]:
        if any(type(vector) is not bytes or len(vector) != 2 * dim for vector in vectors):
            raise StoreError(f"{self.name}: {_REMEDIES[sqlite3.SQLITE_CORRUPT]}")
        return np.frombuffer(b"".join(vectors), "<f2").reshape(len(vectors), dim).astype(np.float16)

    @contextmanager
    def changing(self) -> Iterator[tuple[Session, Ledger]]:
        """Lend the one writing session, as `Sessions` does, then erase what it deleted."""
        with super().changing() as (session, ledger):
            session.deleted = False
            yield session, ledger
            if deleted := session.deleted:
                session.run("UPDATE erasure SET pending = 1")
        self._pending = self._pending or deleted
        if self._pending and monotonic() >= self._due:
            with suppress(StoreError):  # the change itself is stored
                self._erase(_ERASE_TIMEOUT if deleted else 0.0)

    def erase(self) -> bool:
        return self._erase(_ERASE_TIMEOUT)

    def finish_erasing(self, *, now: bool = False) -> bool:
        with self.session() as session:
            ((pending,),) = session.run("SELECT pending FROM erasure")
        self._pending = bool(pending)
        if self._pending and (now or monotonic() >= self._due):
            return self._erase(_ERASE_TIMEOUT if now else 0.0)
        return not self._pending

    def _finish(self) -> None:
        """Erase at once, if this store is writable."""
        self._due = 0.0
        if self._mode == "rw":
            with suppress(StoreError):
                self.finish_erasing()

    def _erase(self, wait: float) -> bool:
        """Empty the log, then clear the pages: without a log no page is replaced meanwhile.

        The commit makes all other connections drop their cached pages; a fresh connection does it,
        as it has none itself.

        Args:
            wait: seconds to wait for readers and writers.
        """
        began = monotonic()
        try:
            with self._turn, self.session(), closing(self.connect()) as fresh:
                fresh.run(f"PRAGMA busy_timeout = {int(wait * 1000)}")
                erased = any(self._clear(fresh) for _ in range(_TRIES))
        except StoreError as error:
            if _code(error.__cause__) != sqlite3.SQLITE_BUSY:
                raise
            erased = False
        finally:
            took = monotonic() - began
            self._due = max(self._due, began - _SHARE * _BURST) + _SHARE * took
        self._pending = not erased
        return erased

    def _clear(self, fresh: Session) -> bool:
        fresh.run("PRAGMA wal_checkpoint(TRUNCATE)")
        fresh.run(self.write)
        with suppress(FileNotFoundError):  # next to the target of a link
            if self.path.resolve().with_name(f"{self.path.resolve().name}-wal").stat().st_size:
                fresh.run("ROLLBACK")
                return False
        roots = fresh.run("SELECT rootpage FROM sqlite_master WHERE rootpage > 0")
        try:
            clear_unused(open_raw(self.path), [1, *(root for (root,) in roots)])
        except ValueError as error:
            raise StoreError(f"{self.name}: {_REMEDIES[sqlite3.SQLITE_CORRUPT]}") from error
        except OSError as error:
            raise StoreError(f"{self.name}: {_REMEDIES[sqlite3.SQLITE_IOERR]} ({error})") from error
        fresh.run("UPDATE erasure SET pending = 0")
        fresh.run("COMMIT")
        return True

    def close(self) -> None:
        """Erase what is pending, then close all connections."""
        if not self._closed:
            self._finish()
        super().close()
        release_raw(self._file)

    def verify(self) -> None:
        """Check pages, indexes and types of the whole file; raise `StoreError` if damaged."""
        with self.session() as session:
            found = session.run("PRAGMA integrity_check(1)")
        if found != [("ok",)]:
            raise self.damaged(f"{found[0][0]:.200}")

    def backup(self, path: str | Path) -> None:
        with new_backup(path) as fresh, self.session() as session:
            session.run("VACUUM INTO ?", (str(fresh),))
            with closing(sqlite3.connect(fresh)) as copy, copy:  # another store from here on
                copy.execute(f"UPDATE store SET identity = {NEW_IDENTITY}")  # noqa: S608
                copy.execute("UPDATE erasure SET pending = 0")


def _code(error: BaseException | None) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF

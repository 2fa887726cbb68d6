"""A store in one SQLite file."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
from jaxtyping import Float16, Int64

from gemel.errors import StoreError
from gemel.files import remove_leftovers
from gemel.store.backups import new_backup
from gemel.store.sessions import Ledger, Row, Session
from gemel.store.sql_store import RelationalStore
from gemel.store.sqlite_pages import OPENING, clear_unused, open_raw, release_raw
from gemel.store.sqlite_schema import NEW_IDENTITY, check_schema, make_schema

_PATIENCE = 30.0
"""Timeout for other writers, in seconds."""
_WIPING = 1.0
"""Seconds that a removal waits for readers."""
_SHARE = 5
"""Erasing takes at most one of this many parts of the time."""
_BURST = 1.0
"""Seconds of erasing without that limit."""
_TRIES = 3
"""Attempts at erasing when another process writes in between."""
_PRAGMAS = (
    "synchronous = FULL",  # what was acknowledged outlives a power cut
    "secure_delete = ON",
    "trusted_schema = OFF",
    "temp_store = MEMORY",  # no text in a file that no one knows of
)
_REMEDIES = {
    sqlite3.SQLITE_BUSY: f"another process has been writing for {_PATIENCE:.0f} seconds; wait for "
    "its end and try again",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; look whether its folder is there and may be "
    "written to, for SQLite keeps files next to it",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; restore it from a backup",
    sqlite3.SQLITE_FULL: "the disk is full; nothing of this was stored: free space and try again",
    sqlite3.SQLITE_IOERR: "the disk fails, or is full; nothing of this was stored: look after it "
    "and try again",
    sqlite3.SQLITE_NOTADB: "is no SQLite file, or damaged; expected a store of gemel, which "
    "`gemel index QUESTIONS --db FILE` makes",
    sqlite3.SQLITE_READONLY: "it may only be read; let it and its folder be written to",
}


class _Session(Session):
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
            marks = ", ".join("?" * len(rows[0]))
            self.connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608

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
    """A `Store` in an SQLite file.

    The write-ahead log (`-wal`) and its index (`-shm`) are next to the file: copy it with `backup`,
    not with `cp`. A change is stored when the log is on disk.

    Args:
        path: the file.
        create: create a missing file.
        read_only: refuse changes.

    Raises:
        StoreError: missing, not a store of gemel, or of a newer gemel.
    """

    read = "BEGIN"
    write = "BEGIN IMMEDIATE"
    hold = ""
    vector = "vector"

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
            session = self._connect("rwc" if create else self._mode)
            try:
                if check_schema(session.connection, self.name, create=create, read_only=read_only):
                    make_schema(session.connection, self.name)
            except BaseException:
                session.close()
                raise
        self._idle.append(session)
        self._file = self._identity()
        self._pending = False
        """Whether traces of removed data may be left."""
        self._due = 0.0
        """Time of the next erasure, on the monotonic clock."""
        self._finish()

    def __reduce__(self) -> tuple[Callable[..., "SQLiteStore"], tuple[Path, bool]]:
        return _reopen, (self.path.absolute(), self._mode == "ro")

    @property
    def name(self) -> str:
        """The file, as given."""
        return str(self.path)

    def connect(self) -> _Session:
        """Open a connection."""
        return self._connect(self._mode)

    def _connect(self, mode: str) -> _Session:
        with OPENING:
            connection = sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode={mode}",
                uri=True,
                timeout=_PATIENCE,
                isolation_level=None,
                check_same_thread=False,
            )
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        return _Session(connection)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Lend a session, if the file still exists."""
        if self._identity() != self._file:  # SQLite would continue in a file without a name
            raise StoreError(f"{self.name}: the file is gone, or another; open it again")
        with super().session() as session:
            yield session

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn SQLite's errors into `StoreError`."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            remedy = _REMEDIES.get(code, "restore it from a backup if this stays")
            raise StoreError(f"{self.name}: {remedy} ({error})") from error
        except UnicodeEncodeError as error:
            raise StoreError(
                f"{self.name}: SQLite takes no text and no file name that is not UTF-8; choose "
                "another name"
            ) from error
        except UnicodeDecodeError as error:  # a text of the file, perhaps in SQLite's own message
            raise StoreError(f"{self.name}: {_REMEDIES[sqlite3.SQLITE_CORRUPT]}") from error

    def unpack(self, vectors: Sequence[Any], dim: int) -> Float16[np.ndarray, "rows dim"]:
        """Return vectors from their bytes.

        Raises:
            StoreError: one has another length.
        """
        if any(type(vector) is not bytes or len(vector) != 2 * dim for vector in vectors):
            raise StoreError(f"{self.name}: {_REMEDIES[sqlite3.SQLITE_CORRUPT]}")
        return np.frombuffer(b"".join(vectors), "<f2").reshape(len(vectors), dim).astype(np.float16)

    @contextmanager
    def changing(self) -> Iterator[tuple[Session, Ledger]]:
        """Lend the writer's session; afterwards erase what it deleted."""
        with super().changing() as (session, ledger):
            session.deleted = False
            yield session, ledger
            if deleted := session.deleted:
                session.run("UPDATE erasure SET pending = 1")
        self._pending = self._pending or deleted
        if self._pending and monotonic() >= self._due:
            with suppress(StoreError):  # the change itself is stored
                self._erase(_WIPING if deleted else 0.0)

    def erase(self) -> bool:
        """Erase all traces of removed data from the file and its write-ahead log.

        Removals do so themselves within a fifth of the time. The rest is erased by the next change,
        `close`, the next opening or a running service.

        Returns:
            False: a reader or another writer blocks it; call again later.
        """
        return self._erase(_WIPING)

    def finish_erasing(self, *, now: bool = False) -> bool:
        """Erase if it is due; see `Store`."""
        with self.session() as session:
            ((pending,),) = session.run("SELECT pending FROM erasure")
        self._pending = bool(pending)
        if self._pending and (now or monotonic() >= self._due):
            return self._erase(_WIPING if now else 0.0)
        return not self._pending

    def _finish(self) -> None:
        """Erase at once what is due, if this store is writable."""
        self._due = 0.0
        if self._mode == "rw":
            with suppress(StoreError):
                self.finish_erasing()

    def _erase(self, wait: float) -> bool:
        """Empty the log, then clear the pages; without the log no page can be replaced meanwhile.

        Committing a transaction makes other connections drop cached pages; the committing one must
        not have cached any before.

        Args:
            wait: seconds to wait for readers and writers.
        """
        began = monotonic()
        try:
            with self._turn, self.session(), closing(self.connect()) as fresh:
                fresh.run(f"PRAGMA busy_timeout = {int(wait * 1000)}")
                erased = any(self._clear(fresh) for _ in range(_TRIES))
        except StoreError as error:
            if not _is_busy(error.__cause__):
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
        with suppress(FileNotFoundError):  # it is compared with what a link leads to
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
        """Erase what is due, and close."""
        if not self._closed:
            self._finish()
        super().close()
        release_raw(self._file)

    def verify(self) -> None:
        """Check the whole file: pages, indexes, types.

        Raises:
            StoreError: it is damaged.
        """
        with self.session() as session:
            found = session.run("PRAGMA integrity_check(1)")
        if found != [("ok",)]:
            raise self.damaged(f"{found[0][0]:.200}")

    def backup(self, path: str | Path) -> None:
        """Write a consistent copy into a new file, while others work.

        Raises:
            DataError: `path` exists.
            StoreError: it cannot be written.
        """
        with new_backup(path) as fresh, self.session() as session:
            session.run("VACUUM INTO ?", (str(fresh),))
            with closing(sqlite3.connect(fresh)) as copy, copy:  # it goes ways of its own from here
                copy.execute(f"UPDATE store SET identity = {NEW_IDENTITY}")  # noqa: S608
                copy.execute("UPDATE erasure SET pending = 0")


def _is_busy(error: BaseException | None) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def _reopen(path: Path, read_only: bool) -> SQLiteStore:
    """Open the store of a pickle."""
    return SQLiteStore(path, create=False, read_only=read_only)

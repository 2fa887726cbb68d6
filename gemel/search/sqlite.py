"""A store in one SQLite file: nothing to install, any number of readers, one writer at a time."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float16, Int64

from gemel.errors import StoreError
from gemel.search.backups import new_backup
from gemel.search.relational import RelationalStore
from gemel.search.sessions import Row, Session
from gemel.search.sqlite_schema import NEW_IDENTITY, check_schema, make_schema

__all__ = ["SQLiteStore"]

_PATIENCE = 30.0
"""Seconds to wait for another writer."""
_WIPING = 1.0
"""Seconds that a removal waits for readers to let go of the texts."""
_PRAGMAS = (
    "synchronous = FULL",  # what was acknowledged outlives a power cut
    "secure_delete = ON",
    "temp_store = MEMORY",  # no text in a file that nobody knows of
)
_REMEDIES = {
    sqlite3.SQLITE_BUSY: f"another process has been writing for {_PATIENCE:.0f} seconds; wait for "
    "its end and try again",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; look whether its folder is there and may be "
    "written to, for SQLite keeps files beside it",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; restore it from a backup",
    sqlite3.SQLITE_FULL: "the disk is full; nothing of this was kept: make room and try again",
    sqlite3.SQLITE_IOERR: "the disk fails, or is full; nothing of this was kept: look after it "
    "and try again",
    sqlite3.SQLITE_NOTADB: "is no SQLite file, or damaged; expected a store of gemel, which "
    "`gemel index QUESTIONS --db FILE` makes",
    sqlite3.SQLITE_READONLY: "it may only be read; let it and its folder be written to",
}


class _Session(Session):
    def __init__(self, connection: sqlite3.Connection):
        self.connection = connection

    def run(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        return self.connection.execute(statement, values).fetchall()

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

    Beside the file lie its write-ahead log (`-wal`) and the readers' marks (`-shm`): copy it with
    `backup`, not with `cp`. A change is kept when it is in the log and the log on the disk.

    Args:
        path: the file.
        create: whether to make it if it is not there.
        read_only: whether to refuse every change.

    Raises:
        StoreError: there is no such file, or it is no store of gemel, or a newer gemel's.
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

    @property
    def name(self) -> str:
        """The file, as it was given."""
        return str(self.path)

    def connect(self) -> _Session:
        """Open the file once more."""
        return self._connect(self._mode)

    def _connect(self, mode: str) -> _Session:
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
        """Lend a session, if the file that was opened is still there."""
        if self._identity() != self._file:  # SQLite would go on in a file without a name
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
        """Turn SQLite's errors into a `StoreError` that says what to do."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            remedy = _REMEDIES.get(code, "restore it from a backup if this stays")
            raise StoreError(f"{self.name}: {remedy} ({error})") from error
        except UnicodeDecodeError as error:  # a text of the file, perhaps in SQLite's own message
            raise StoreError(f"{self.name}: {_REMEDIES[sqlite3.SQLITE_CORRUPT]}") from error

    def unpack(self, vectors: Sequence[bytes], dim: int) -> Float16[np.ndarray, "rows dim"]:
        """Give vectors of their bytes.

        Raises:
            StoreError: one has another length.
        """
        if any(len(vector) != 2 * dim for vector in vectors):
            raise StoreError(f"{self.name}: {_REMEDIES[sqlite3.SQLITE_CORRUPT]}")
        return np.frombuffer(b"".join(vectors), "<f2").reshape(len(vectors), dim).astype(np.float16)

    def erase(self) -> bool:
        """Wipe what is left of removed texts.

        The file itself holds no text that was removed; the write-ahead log does, until no reader
        needs it and it is emptied.
        """
        with self._turn, self.session() as session:
            session.run(f"PRAGMA busy_timeout = {int(_WIPING * 1000)}")
            ((busy, *_),) = session.run("PRAGMA wal_checkpoint(TRUNCATE)")
            session.run(f"PRAGMA busy_timeout = {int(_PATIENCE * 1000)}")
        return not busy

    def _after_removal(self) -> None:
        with suppress(StoreError):  # the removal itself is kept; a full disk does not undo it
            self.erase()

    def backup(self, path: str | Path) -> None:
        """Write all of it, as it stands at one moment, into a new file, while others go on.

        Raises:
            DataError: something stands at `path`.
            StoreError: it cannot be written.
        """
        with new_backup(path) as fresh, self.session() as session:
            session.run("VACUUM INTO ?", (str(fresh),))
            with closing(sqlite3.connect(fresh)) as copy, copy:  # it goes ways of its own from here
                copy.execute(f"UPDATE store SET identity = {NEW_IDENTITY}")  # noqa: S608

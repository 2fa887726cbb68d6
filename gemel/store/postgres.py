"""A store in a PostgreSQL database with pgvector."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float16, Int64

from gemel.errors import MissingExtraError, StoreError
from gemel.store.backups import copy_all, new_backup
from gemel.store.sessions import Row, Session
from gemel.store.sql_store import RelationalStore
from gemel.store.sqlite import SQLiteStore

try:
    import psycopg
except ImportError as error:
    raise MissingExtraError("a store in PostgreSQL", "postgres") from error

from gemel.store.postgres_errors import explain_refusal
from gemel.store.postgres_schema import prepare_schema, set_path

_PATIENCE = 30
"""Timeout for other writers and for the server, in seconds."""
_WIPING = 1
"""Seconds that `erase` waits for readers."""
_CONNECTION: dict[str, Any] = {
    "application_name": "gemel",
    "connect_timeout": _PATIENCE,
    "keepalives_idle": _PATIENCE,  # a server that lost its power does not state so
    "tcp_user_timeout": _PATIENCE * 1000,
}
"""Connection defaults."""
_REMEDIES: tuple[tuple[type[psycopg.Error], str], ...] = (
    (
        psycopg.errors.LockNotAvailable,
        f"another process has been writing for {_PATIENCE} seconds; wait for its end and try again",
    ),
    (
        psycopg.errors.DiskFull,
        "the server's disk is full; nothing of this was stored: free space and try again",
    ),
    (psycopg.errors.ReadOnlySqlTransaction, "the server, or this user, may only read; use another"),
    (psycopg.errors.InsufficientPrivilege, "this user may not do that; grant it the right"),
    (
        psycopg.errors.UntranslatableCharacter,
        "the database's encoding cannot hold this text; use a database of the encoding UTF8: "
        "gemel backup and gemel restore move a corpus",
    ),
    (psycopg.errors.UndefinedTable, "the tables are gone; restore them from a backup"),
    (psycopg.errors.DataCorrupted, "the server's files are damaged; restore them from a backup"),
    (psycopg.errors.IndexCorrupted, "the server's files are damaged; restore them from a backup"),
    (
        psycopg.OperationalError,
        "the server does not answer; if this was a change, check whether it was stored, "
        "and try again",
    ),
)


class _Session(Session):
    def __init__(self, connection: psycopg.Connection[Row]):
        self.connection = connection

    def run(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        cursor = self.connection.cursor(binary=True)
        cursor.execute(statement.replace("?", "%s"), values or None)
        return cursor.fetchall() if cursor.description else []

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        if rows:
            with self.connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)

    def insert_vectors(
        self,
        sequences: Int64[np.ndarray, "rows"],
        generation: int,
        keys: Int64[np.ndarray, "rows"],
        vectors: Float16[np.ndarray, "rows dim"],
    ) -> None:
        """Insert rows into the table of vectors by binary COPY.

        Source: postgresql.org/docs/current/sql-copy.html, "Binary Format"; pgvector's halfvec_recv.
        """
        dim = vectors.shape[1]
        row = np.dtype(
            [("fields", ">i2")]
            + [
                field
                for name in ("sequence", "generation", "key")
                for field in ((f"{name}_bytes", ">i4"), (name, ">i8"))
            ]
            + [
                ("vector_bytes", ">i4"),
                ("dim", ">i2"),
                ("unused", ">i2"),
                ("vector", ">f2", (dim,)),
            ]
        )
        rows = np.zeros(len(vectors), row)
        rows["fields"] = 4
        for name, values in (("sequence", sequences), ("generation", generation), ("key", keys)):
            rows[f"{name}_bytes"], rows[name] = 8, values
        rows["vector_bytes"], rows["dim"], rows["vector"] = 4 + 2 * dim, dim, vectors
        with self.connection.cursor().copy("COPY vectors FROM STDIN (FORMAT binary)") as copy:
            copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8) + rows.tobytes() + b"\xff\xff")

    def close(self) -> None:
        self.connection.close()


class PostgresStore(RelationalStore):
    """A `Store` in the schema `gemel` of a PostgreSQL database.

    Needs pgvector 0.7 or newer. A change is stored when the server confirms it; if the server stops
    during a commit, the outcome is unknown.

    Args:
        url: `postgresql://user@host/database`, as for libpq.
        create: create missing tables.

    Raises:
        StoreError: the server does not answer, has no pgvector, or has a newer gemel's tables.
    """

    read = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    write = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
    hold = " FOR UPDATE"
    vector = "halfvec_send(vector)"

    def __init__(self, url: str, *, create: bool = True):
        super().__init__()
        try:
            parts = psycopg.conninfo.conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            # The message could hold a password.
            raise StoreError(
                "the address of the database is no URL that PostgreSQL reads; expected "
                "postgresql://user@host/database"
            ) from None
        self._name = f"postgresql://{parts.get('host', '')}/{parts.get('dbname', '')}"
        parts["client_encoding"] = "utf8"  # whatever the database's is
        self._address = psycopg.conninfo.make_conninfo("", **{**_CONNECTION, **parts})
        with self.explained(), self._connect() as connection:
            self._made = prepare_schema(connection, self.name, create=create)

    def __reduce__(self) -> tuple[Callable[[str], "PostgresStore"], tuple[str]]:
        # A password in the address is in the pickle; one that is in ~/.pgpass is not.
        return _reopen, (self._address,)

    @property
    def name(self) -> str:
        """Address without user and password."""
        return self._name

    def connect(self) -> _Session:
        """Open a connection."""
        connection = self._connect()
        set_path(connection)
        return _Session(connection)

    def _connect(self) -> psycopg.Connection[Row]:
        try:
            connection = psycopg.connect(self._address, autocommit=True)
        except psycopg.OperationalError as error:
            raise StoreError(f"{self.name}: {explain_refusal(str(error))}") from error
        connection.execute(_wait_for_locks(_PATIENCE))
        return connection

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn PostgreSQL's errors into `StoreError`."""
        try:
            yield
        except psycopg.Error as error:
            known = (remedy for kind, remedy in _REMEDIES if isinstance(error, kind))
            remedy = next(known, "look into the server's log")
            what = str(error).partition("\n")[0]  # below it may stand a question's text
            raise StoreError(f"{self.name}: {remedy} ({what})") from error

    def unpack(self, vectors: Sequence[bytes], dim: int) -> Float16[np.ndarray, "rows dim"]:
        """Parse vectors in pgvector's binary format: two 16-bit integers, big-endian numbers."""
        numbers = np.frombuffer(b"".join(vectors), ">f2").reshape(len(vectors), 2 + dim)
        return numbers[:, 2:].astype(np.float16)

    def erase(self) -> bool:
        """Erase traces of removed texts and decisions by rewriting the tables.

        Readers and writers wait meanwhile. The server's write-ahead log, archives, base backups and
        replicas are not erased.
        """
        with self._turn, self.session() as session:
            session.run(_wait_for_locks(_WIPING))
            try:
                session.run("VACUUM (FULL) questions, facets, reviews, metadata_columns")
            except psycopg.errors.LockNotAvailable:
                return False
            finally:
                session.run(_wait_for_locks(_PATIENCE))
            # An old snapshot of whatever table keeps rows alive; only now are they counted.
            session.run("VACUUM questions, facets, reviews")
            ((dead,),) = session.run(
                "SELECT sum(n_dead_tup)::bigint FROM pg_stat_all_tables "
                "WHERE relid IN ('questions'::regclass, 'facets'::regclass, 'reviews'::regclass)"
            )
        return not dead

    def discard(self) -> None:
        """Drop the tables if this object created them and nothing was stored."""
        if self._made and not self.state().sequence:
            with self.session() as session:
                session.run("DROP SCHEMA gemel CASCADE")

    def backup(self, path: str | Path) -> None:
        """Write a consistent copy into a new SQLite file, while others work.

        Raises:
            DataError: `path` exists.
            StoreError: it cannot be written.
        """
        with new_backup(path) as fresh, SQLiteStore(fresh) as target:
            copy_all(self, target)


def _wait_for_locks(seconds: int) -> str:
    return f"SET lock_timeout = '{seconds}s'"


def _reopen(address: str) -> PostgresStore:
    """Open the store of a pickle."""
    return PostgresStore(address, create=False)

"""A store in a PostgreSQL database with pgvector: one for many machines."""

import re
from collections.abc import Sequence
from functools import partial
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

from gemel.store.postgres_schema import prepare_schema, set_path

_REASONS = (
    (
        r'database "(.+?)" does not exist',
        'the server has no database "{0}"; create it with createdb --encoding UTF8 '
        "--template template0 NAME, or correct the name in the address",
    ),
    (
        r'role "(.+?)" does not exist',
        'the server has no role "{0}"; create it with CREATE ROLE NAME LOGIN, or name another in '
        "the address, postgresql://ROLE@HOST/DATABASE",
    ),
    (
        r'role "(.+?)" is not permitted to log in',
        'the role "{0}" may not log in; allow it with ALTER ROLE NAME LOGIN, or name another',
    ),
    (
        r'(?:password|PAM|LDAP|\w+) authentication failed for user "(.+?)"',
        'the server refused the password of the role "{0}"; correct it in PGPASSWORD, ~/.pgpass or '
        "the address",
    ),
    (
        r"no password supplied",
        "the server asks for a password; give it in PGPASSWORD, ~/.pgpass or the address",
    ),
    (
        r'no pg_hba.conf entry for .*user "(.+?)"',
        'the server refuses the role "{0}" from this machine; add a line to its pg_hba.conf',
    ),
    (
        r'permission denied for database "(.+?)"',
        'this role may not connect to the database "{0}"; have an administrator run GRANT CONNECT '
        "ON DATABASE",
    ),
    (
        r"could not translate host name|failed to resolve host|Name or service not known",
        "there is no such host; correct the address",
    ),
    (
        r"the database system is (?:starting up|shutting down|in recovery)",
        "the server is starting or stopping; try again in a moment",
    ),
    (
        r"too many (?:clients|connections)|remaining connection slots",
        "the server has no free connection; close some, or raise its max_connections",
    ),
    (
        r"Connection refused|No such file or directory|timeout expired|No route to host|"
        r"Network is unreachable|Connection timed out",
        "the server does not answer; start it, or correct host and port in the address",
    ),
)
_OTHER = "the server does not answer, or refuses the connection; see its log"


_LONGEST = 300
"""Characters shown of libpq's message, which repeats itself for each address of a host."""
_LOCK_TIMEOUT = 30
"""Seconds to wait for another writer, and for the server to answer."""
_ERASE_TIMEOUT = 1
"""Seconds that `erase` waits for readers."""
_CONNECTION: dict[str, Any] = {
    "application_name": "gemel",
    "connect_timeout": _LOCK_TIMEOUT,
    "keepalives_idle": _LOCK_TIMEOUT,  # detects a server that lost power
    "tcp_user_timeout": _LOCK_TIMEOUT * 1000,
}
"""Defaults for settings that the address leaves out."""
_REMEDIES: tuple[tuple[type[psycopg.Error], str], ...] = (
    (
        psycopg.errors.LockNotAvailable,
        f"another process has been writing for {_LOCK_TIMEOUT} seconds; wait for its end and try "
        "again",
    ),
    (
        psycopg.errors.DiskFull,
        "the server's disk is full; nothing of this was stored: free some space and try again",
    ),
    (psycopg.errors.ReadOnlySqlTransaction, "the server, or this user, is read-only; use another"),
    (psycopg.errors.InsufficientPrivilege, "this user lacks a privilege; grant it"),
    (
        psycopg.errors.UntranslatableCharacter,
        "the database's encoding cannot hold this text; use a database of the encoding UTF8: "
        "gemel backup and gemel restore move a corpus",
    ),
    (psycopg.errors.UndefinedTable, "the tables are missing; restore them from a backup"),
    (psycopg.errors.DataCorrupted, "the server's files are damaged; restore them from a backup"),
    (psycopg.errors.IndexCorrupted, "the server's files are damaged; restore them from a backup"),
    (
        psycopg.OperationalError,
        "the server does not answer, or stopped; if this was a change, check whether it was "
        "stored, and try again",
    ),
)


def explain_refusal(message: str) -> str:
    """Return the problem and its remedy, for the message of a failed connection."""
    line = " ".join(message.split())
    shown = line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
    for pattern, remedy in _REASONS:
        if found := re.search(pattern, line):
            return f"{remedy.format(*found.groups())} ({shown})"
    return f"{_OTHER} ({shown})"


class _PostgresSession(Session):
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
        # postgresql.org/docs/current/sql-copy.html, "Binary Format"; pgvector's halfvec_recv
        dim = vectors.shape[1]
        numbers = [
            field
            for name in ("sequence", "generation", "key")
            for field in ((f"{name}_bytes", ">i4"), (name, ">i8"))
        ]
        vector = [("dim", ">i2"), ("unused", ">i2"), ("vector", ">f2", (dim,))]
        row = np.dtype([("fields", ">i2"), *numbers, ("vector_bytes", ">i4"), *vector])
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
    """A `Corpus` in the schema `gemel` of a PostgreSQL database.

    Requires pgvector 0.7 or later on the server, for half-precision vectors. A change is durable
    when the server confirms it; if the server stops during the commit, its outcome is unknown.

    Args:
        url: `postgresql://user@host/database`, as libpq takes it.
        create: whether to create missing tables.

    Raises:
        StoreError: the server does not answer, has no pgvector, or has a newer gemel's tables.
    """

    read = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    write = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
    hold = " FOR UPDATE"
    vector = "halfvec_send(vector)"
    faults = (psycopg.Error,)

    def __init__(self, url: str, *, create: bool = True):
        super().__init__()
        try:
            parts = psycopg.conninfo.conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            # The message could hold a password.
            raise StoreError(
                "the address of the database is not a valid URL; expected "
                "postgresql://user@host/database"
            ) from None
        self._name = f"postgresql://{parts.get('host', '')}/{parts.get('dbname', '')}"
        parts["client_encoding"] = "utf8"  # whatever the encoding of the database
        self._address = psycopg.conninfo.make_conninfo("", **{**_CONNECTION, **parts})
        with self.explained(), self._connect() as connection:
            self._made = prepare_schema(connection, self.name, create=create)

    def __reduce__(self) -> tuple[Any, ...]:
        # The pickle holds a password that is in the address, but not one in ~/.pgpass.
        return partial(PostgresStore, create=False), (self._address,)

    @property
    def name(self) -> str:
        return self._name

    def connect(self) -> _PostgresSession:
        connection = self._connect()
        set_path(connection)
        return _PostgresSession(connection)

    def _connect(self) -> psycopg.Connection[Row]:
        try:
            connection = psycopg.connect(self._address, autocommit=True)
        except psycopg.OperationalError as error:
            raise StoreError(f"{self.name}: {explain_refusal(str(error))}") from error
        connection.execute(_wait_for_locks(_LOCK_TIMEOUT))
        return connection

    def explain(self, error: Exception) -> str:
        known = (remedy for kind, remedy in _REMEDIES if isinstance(error, kind))
        what = str(error).partition("\n")[0]  # the rest may contain a question's text
        remedy = next(known, "see the server's log")
        return f"{remedy} ({what})"

    def unpack(self, vectors: Sequence[bytes], dim: int) -> Float16[np.ndarray, "rows dim"]:
        """Decode vectors: two 16-bit integers, then big-endian float16 numbers."""
        numbers = np.frombuffer(b"".join(vectors), ">f2").reshape(len(vectors), 2 + dim)
        return numbers[:, 2:].astype(np.float16)

    def erase(self) -> bool:
        """Erase removed texts and the decisions about them by rewriting the tables.

        Readers and writers wait meanwhile. Not erased: the server's write-ahead log until it is
        overwritten, its archives, base backups and replicas.
        """
        with self._turn, self.session() as session:
            session.run(_wait_for_locks(_ERASE_TIMEOUT))
            try:
                session.run("VACUUM (FULL) questions, facets, reviews, metadata_columns")
            except psycopg.errors.LockNotAvailable:
                return False
            finally:
                session.run(_wait_for_locks(_LOCK_TIMEOUT))
            # Old snapshots keep rows alive; this VACUUM counts them.
            session.run("VACUUM questions, facets, reviews")
            ((dead,),) = session.run(
                "SELECT sum(n_dead_tup)::bigint FROM pg_stat_all_tables "
                "WHERE relid IN ('questions'::regclass, 'facets'::regclass, 'reviews'::regclass)"
            )
        return not dead

    def discard(self) -> None:
        if self._made and not self.state().sequence:
            with self.session() as session:
                session.run("DROP SCHEMA gemel CASCADE")

    def backup(self, path: str | Path) -> None:
        with new_backup(path) as fresh, SQLiteStore(fresh) as target:
            copy_all(self, target)


def _wait_for_locks(seconds: int) -> str:
    return f"SET lock_timeout = '{seconds}s'"

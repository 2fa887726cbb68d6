"""Tables of a store in SQLite: created, checked and migrated."""

import sqlite3
from contextlib import closing
from functools import lru_cache

from gemel.errors import StoreError
from gemel.store.metadata_columns import count_all
from gemel.store.table_definitions import SCHEMA_WITH_COLUMNS, migrations, refuse_newer

_APPLICATION = 0x67656D6C
"""Application id of SQLite files: "geml"."""
NEW_IDENTITY = "lower(hex(randomblob(16)))"
"""SQL expression that draws one."""
_TYPES = {
    "integer": "INTEGER",
    "flag": "INTEGER",
    "real": "REAL",
    "bytes": "BLOB",
    "vector": "BLOB",
    "id": "TEXT NOT NULL UNIQUE",
    "name": "TEXT",
    "identity": NEW_IDENTITY,
    "without_rowid": " WITHOUT ROWID",
}
_ERASURE = (
    # 1: the file or its log may hold traces of removed data.
    "CREATE TABLE erasure (pending INTEGER NOT NULL)",
    "INSERT INTO erasure SELECT sequence > 0 FROM store",
)
MIGRATIONS = migrations(_TYPES, {3: _ERASURE})
"""Statements that lead to schema 1, 2, …; `PRAGMA user_version` holds the version."""
READABLE = 2
"""Oldest schema that can be read, and so restored, without migration; filters need schema 3."""


def check_schema(
    connection: sqlite3.Connection, name: str, *, create: bool, read_only: bool
) -> bool:
    """Return whether a file needs `make_schema`.

    Args:
        connection: to the file.
        name: of the store, in errors.
        create: whether an empty file may be filled.
        read_only: whether changes are forbidden.

    Raises:
        StoreError: it is another application's, a newer gemel's, empty, or needs a change.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    (schema,) = connection.execute("PRAGMA user_version").fetchone()
    known = len(MIGRATIONS)
    if application != _APPLICATION and (application or schema or tables):
        raise StoreError(
            f"{name}: is another application's SQLite file; expected a store of gemel: name "
            "another file"
        )
    refuse_newer(name, schema, known)
    if not schema and not create:
        raise StoreError(f"{name}: is empty; `gemel index QUESTIONS --db FILE` fills it")
    if schema < READABLE and read_only:
        raise StoreError(
            f"{name}: written by an older gemel (schema {schema}; this one knows {known}); open "
            "it for writing once, which brings it up to date"
        )
    _check_tables(connection, name, schema)
    return bool(schema < known and not read_only)


def _check_tables(connection: sqlite3.Connection, name: str, schema: int) -> None:
    """Refuse tables that gemel did not create, before one is read: a view may never end."""
    wanted = _objects(MIGRATIONS[:schema])
    found = _read_objects(connection)
    ours = {each for each, (kind, *_) in wanted.items() if kind == "table"}
    wrong = [each for each in wanted if found.get(each) != wanted[each]] + [
        each
        for each, (kind, table, _) in found.items()
        if each not in wanted and (kind in ("view", "trigger") or table in ours)
    ]
    if wrong:
        raise StoreError(
            f"{name}: is damaged: {wrong[0]!r:.60} is missing, or not as gemel creates it; restore "
            "the corpus from a backup"
        )


@lru_cache
def _objects(migrations: tuple[tuple[str, ...], ...]) -> dict[str, tuple[str, str, str]]:
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in (each for migration in migrations for each in migration):
            connection.execute(statement)
        return _read_objects(connection)


def _read_objects(connection: sqlite3.Connection) -> dict[str, tuple[str, str, str]]:
    """Return kind, table and SQL of all tables, indexes, views and triggers by name."""
    rows = connection.execute(
        "SELECT name, type, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite^_%' "
        "ESCAPE '^'"
    )
    return {name: (kind, table, " ".join(str(sql).split())) for name, kind, table, sql in rows}


def make_schema(connection: sqlite3.Connection, name: str) -> None:
    """Create the tables, or migrate those of an older gemel, all or nothing.

    Raises:
        StoreError: the disk does not support a write-ahead log.
    """
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise StoreError(
            f"{name}: no write-ahead log is possible here ({mode}); expected a local disk"
        )
    connection.execute("BEGIN IMMEDIATE")
    (schema,) = connection.execute("PRAGMA user_version").fetchone()
    for statement in (each for migration in MIGRATIONS[schema:] for each in migration):
        connection.execute(statement)
    if schema < SCHEMA_WITH_COLUMNS:
        count_all(lambda statement, values: connection.execute(statement, values).fetchall())
    connection.execute(f"PRAGMA application_id = {_APPLICATION}")
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    connection.execute("COMMIT")

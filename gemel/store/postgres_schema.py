"""Tables of a store in PostgreSQL: created and migrated."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import psycopg

from gemel.errors import StoreError
from gemel.store.metadata_columns import count_all
from gemel.store.sessions import Row
from gemel.store.table_definitions import SCHEMA_WITH_COLUMNS, migrations, refuse_newer

EXTENSION = "vector"
"""Name of pgvector in PostgreSQL."""
_OLDEST = 13
"""First PostgreSQL with gen_random_uuid()."""
_LOCK = 0x67656D6C
"""Advisory lock of migrations: "geml"."""
_TYPES = {
    "integer": "bigint",
    "flag": "smallint",
    "real": "double precision",
    "bytes": "bytea",
    "vector": "halfvec",
    # The order of "C" does not change when the system's library is upgraded.
    "id": 'text COLLATE "C" NOT NULL',
    "name": 'text COLLATE "C"',
    "identity": "gen_random_uuid()",
    "without_rowid": "",
}
_IDS = "CREATE INDEX questions_of_an_id ON questions USING hash (id)"
MIGRATIONS = migrations(_TYPES, {1: (_IDS,)})
"""Statements that lead to schema 1, 2, …; the table `gemel.schema` holds the version."""


def prepare_schema(connection: psycopg.Connection[Row], name: str, *, create: bool) -> bool:
    """Create the tables, or migrate those of an older gemel, all or nothing.

    Args:
        connection: to the database, in autocommit mode.
        name: of the store, in errors.
        create: whether to create missing tables.

    Returns:
        Whether they were missing.

    Raises:
        StoreError: they are missing, or a newer gemel's or another application's; the server is
            too old, has no pgvector, or the user lacks a privilege.
    """
    known = len(MIGRATIONS)
    version = connection.info.server_version // 10_000
    if version < _OLDEST:
        raise StoreError(
            f"{name}: the server is PostgreSQL {version}; expected {_OLDEST} or later: "
            "upgrade it, or name another server"
        )
    schema = _schema(connection, name)
    if not schema and not create:
        raise StoreError(f"{name}: holds no store; `gemel index QUESTIONS --db URL` creates one")
    refuse_newer(name, schema, known)
    if schema < known:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            _make(connection, name)
    return not schema


def set_path(connection: psycopg.Connection[Row]) -> None:
    """Put the tables, and the schema of pgvector, into the search path."""
    connection.execute(
        "SELECT set_config('search_path', 'gemel, ' || quote_ident(nspname), false) "
        "FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace "
        "WHERE extname = %s",
        (EXTENSION,),
    )


def _schema(connection: psycopg.Connection[Row], name: str) -> int:
    """Return the version of the tables, 0 if there are none."""
    rows = connection.execute(
        "SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace "
        "WHERE nspname = 'gemel' AND relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY relname"
    ).fetchall()
    tables = [table for (table,) in rows]
    if not tables:
        return 0
    version = None
    if {"schema", "store", "questions"} <= set(tables):
        with suppress(psycopg.errors.UndefinedColumn, psycopg.errors.WrongObjectType):
            found = connection.execute("SELECT max(version) FROM gemel.schema").fetchone()
            version = found[0] if found else None
    if not isinstance(version, int):
        raise StoreError(
            f"{name}: the schema gemel holds tables of another application "
            f"({', '.join(tables)[:100]}); name another database, or rename that schema"
        )
    return version


def _make(connection: psycopg.Connection[Row], name: str) -> None:
    schema = _schema(connection, name)  # another process may have created it during the wait
    if not schema:
        _require_utf8(connection, name)
    _require_pgvector(connection, name)
    try:
        if not schema:
            # IF NOT EXISTS requires the privilege even if it exists.
            exists = "SELECT 1 FROM pg_namespace WHERE nspname = 'gemel'"
            if not connection.execute(exists).fetchone():
                connection.execute("CREATE SCHEMA gemel")
            connection.execute("CREATE TABLE gemel.schema (version integer NOT NULL)")
            connection.execute("INSERT INTO gemel.schema VALUES (0)")
        for statement in (each for migration in MIGRATIONS[schema:] for each in migration):
            connection.execute(statement.encode())
        if schema < SCHEMA_WITH_COLUMNS:
            count_all(lambda statement, values: _run(connection, statement, values))
        connection.execute("UPDATE gemel.schema SET version = %s", (len(MIGRATIONS),))
    except psycopg.errors.InsufficientPrivilege as error:
        user, database = connection.info.user, connection.info.dbname
        raise StoreError(
            f"{name}: the role {user} may not create gemel's tables "
            f"({str(error).splitlines()[0]}); have "
            f'an administrator run GRANT CREATE ON DATABASE "{database}" TO "{user}", or give the '
            "schema gemel to that role if it exists"
        ) from error


def _run(connection: psycopg.Connection[Row], statement: str, values: Sequence[Any]) -> list[Row]:
    cursor = connection.execute(statement.replace("?", "%s").encode(), values)
    return cursor.fetchall() if cursor.description else []


def _require_utf8(connection: psycopg.Connection[Row], name: str) -> None:
    (encoding,) = connection.execute("SHOW server_encoding").fetchone() or ("",)
    if encoding != "UTF8":
        raise StoreError(
            f"{name}: the database's encoding is {encoding}, which cannot hold every text; create "
            "one with createdb --encoding UTF8 --template template0 NAME"
        )


def _require_pgvector(connection: psycopg.Connection[Row], name: str) -> None:
    """Add pgvector if it is missing, and set the search path."""
    there = connection.execute(
        "SELECT count(*) FROM pg_available_extensions WHERE name = %s", (EXTENSION,)
    ).fetchone()
    if there == (0,):
        raise StoreError(
            f"{name}: the server has no pgvector; install it there (0.7 or later) and try again"
        )
    try:
        connection.execute(f"CREATE EXTENSION IF NOT EXISTS {EXTENSION}".encode())
    except psycopg.errors.InsufficientPrivilege as error:
        raise StoreError(
            f"{name}: pgvector is not in this database yet, and the role {connection.info.user} "
            f"may not add it; have an administrator run CREATE EXTENSION {EXTENSION} there"
        ) from error
    set_path(connection)
    if connection.execute("SELECT to_regtype('halfvec')").fetchone() == (None,):
        raise StoreError(
            f"{name}: this database's pgvector has no halfvec; install 0.7 or later on the "
            "server, then ALTER EXTENSION vector UPDATE"
        )

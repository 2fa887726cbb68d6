"""Opening a store by its name."""

from gemel.store.sql_store import RelationalStore
from gemel.store.sqlite import SQLiteStore


def open_store(where: str, *, create: bool = True) -> RelationalStore:
    """Open the store of questions that a name says.

    Args:
        where: `postgresql://…` for a database, else an SQLite file.
        create: whether to make it if it is not there.

    Raises:
        MissingExtraError: it is a database, and psycopg is not installed.
        StoreError: it is not there, or no store, or a newer gemel's.
    """
    if where.startswith(("postgresql://", "postgres://")):
        from gemel.store.postgres import PostgresStore

        return PostgresStore(where, create=create)
    return SQLiteStore(where, create=create)

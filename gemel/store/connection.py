"""Open stores by name, and restore backups into them."""

from pathlib import Path

from gemel.errors import StoreError
from gemel.store.backups import copy_all, new_backup
from gemel.store.sql_store import RelationalStore
from gemel.store.sqlite import SQLiteStore


def open_store(where: str, *, create: bool = True) -> RelationalStore:
    """Open a PostgreSQL database (`postgresql://…`), else an SQLite file.

    Raises:
        MissingExtraError: psycopg is not installed.
        StoreError: it is missing, not a store, or a newer gemel's.
    """
    if where.startswith(("postgresql://", "postgres://")):
        from gemel.store.postgres import PostgresStore

        return PostgresStore(where, create=create)
    return SQLiteStore(where, create=create)


def restore(backup: str | Path, where: str) -> None:
    """Fill a new store from a backup, all or nothing; every row of the backup is checked.

    Args:
        backup: the file that `Store.backup` wrote, of either kind of store.
        where: the store; see `open_store`.

    Raises:
        DataError: the store is not new.
        StoreError: the backup is missing or damaged, or the store cannot be written.
    """
    if not Path(backup).is_file():
        raise StoreError(f"{backup}: no such backup; `gemel backup FILE --db DB` writes one")
    with SQLiteStore(backup, read_only=True) as source:
        source.verify()
        if "://" in where or Path(where).exists() or not Path(where).parent.is_dir():
            with open_store(where) as target:
                try:
                    copy_all(source, target)
                except BaseException:
                    target.discard()
                    raise
        else:
            with new_backup(where) as fresh, SQLiteStore(fresh) as made:
                copy_all(source, made)

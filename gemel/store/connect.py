"""Open stores by name, and restore backups."""

from pathlib import Path

from gemel.errors import StoreError
from gemel.store.backups import copy_all, new_backup
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


def restore(backup: str | Path, where: str) -> None:
    """Fill a new store with all that a backup holds: keys, vectors, and what was removed.

    The backup may come from anyone: all of it is checked. If it fails, no new store is left.

    Args:
        backup: the file that `Store.backup` wrote, of whatever kind of store.
        where: the store, as `open_store` takes it.

    Raises:
        DataError: the store is not a new one.
        StoreError: the backup is not there or damaged, or the store cannot be written.
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

"""Filling a new store from a backup of another."""

from pathlib import Path

from gemel.errors import StoreError
from gemel.search.backups import copy_all
from gemel.search.opening import open_store
from gemel.search.sqlite import SQLiteStore

__all__ = ["restore"]


def restore(backup: str | Path, where: str) -> None:
    """Fill a new store with all that a backup holds: keys, vectors, and what was removed.

    Args:
        backup: the file that `Store.backup` wrote, of whatever kind of store.
        where: the store, as `open_store` takes it.

    Raises:
        DataError: the store is not a new one.
        StoreError: the backup is not there or damaged, or the store cannot be written.
    """
    if not Path(backup).is_file():
        raise StoreError(f"{backup}: no such backup; `gemel backup FILE --db DB` writes one")
    with SQLiteStore(backup, read_only=True) as source, open_store(where) as target:
        copy_all(source, target)

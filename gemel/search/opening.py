"""Opening a store by its name."""

from gemel.search.relational import RelationalStore
from gemel.search.sqlite import SQLiteStore

__all__ = ["open_store"]


def open_store(where: str, *, create: bool = True) -> RelationalStore:
    """Open the store of questions that a name says.

    Args:
        where: an SQLite file.
        create: whether to make it if it is not there.

    Raises:
        StoreError: it is not there, or no store, or a newer gemel's.
    """
    return SQLiteStore(where, create=create)

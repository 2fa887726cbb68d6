"""A `KeyStore` in a table of an SQL database."""

import time

from gemel.errors import DataError
from gemel.store.input_checks import is_plain
from gemel.store.row_checks import require_key
from gemel.store.service_keys import KEY_SCOPES, KeyRecord, draw_key, matches, prefix_of
from gemel.store.sessions import Row, Sessions

_COLUMNS = "prefix, name, scope, hash, created_at, revoked_at"
_LONGEST = 200
_GOOD = "revoked_at IS NULL"


class KeyTable(Sessions):
    """A `KeyStore`."""

    def add_key(self, name: str, scope: str) -> str:
        """Create a key, store its hash, and return it; it cannot be shown again.

        Raises:
            DataError: a valid key has that name, the name is empty or above 200 characters, or an
                unknown scope.
        """
        if scope not in KEY_SCOPES:
            raise DataError(f"the scope must be one of {', '.join(KEY_SCOPES)}, not {scope!r:.40}")
        if not name.strip() or len(name) > _LONGEST or not name.isprintable() or not is_plain(name):
            raise DataError(
                f"invalid name of a key: {name!r:.60}; give the name of its owner, of 1 to "
                f"{_LONGEST} printable characters"
            )
        drawn = draw_key()
        with self.changing() as (session, _):
            if session.run(f"SELECT 1 FROM api_keys WHERE {_GOOD} AND name = ?", (name,)):  # noqa: S608
                raise DataError(
                    f"{self.name}: a key is called {name!r} already; revoke it, or choose another "
                    "name"
                )
            row = (drawn.prefix, name, scope, drawn.hash, time.time(), None)
            session.insert("api_keys", [row])
        return drawn.text

    def keys(self) -> list[KeyRecord]:
        """Return all keys, oldest first."""
        with self.reading() as (session, _):
            rows = session.run(f"SELECT {_COLUMNS} FROM api_keys ORDER BY created_at, prefix")  # noqa: S608
        return list(map(_record, rows))

    def revoke_key(self, name: str) -> bool:
        """Revoke the key of a name; False if it has no valid one."""
        if not is_plain(name):
            return False
        with self.changing() as (session, _):
            revoked = session.run(
                f"UPDATE api_keys SET revoked_at = ? WHERE {_GOOD} AND name = ? RETURNING prefix",  # noqa: S608
                (time.time(), name),
            )
        return bool(revoked)

    def good_keys(self) -> dict[bytes, KeyRecord]:
        """Return all valid keys by their hash."""
        with self.reading() as (session, _):
            rows = session.run(f"SELECT hash, {_COLUMNS} FROM api_keys WHERE {_GOOD}")  # noqa: S608
        return {bytes(row[0]): _record(row[1:]) for row in rows}

    def find_key(self, key: str) -> KeyRecord | None:
        """Return the record of a valid key; None if there is none."""
        prefix = prefix_of(key)
        if prefix is None:
            return None
        with self.reading() as (session, _):
            rows = session.run(
                f"SELECT {_COLUMNS} FROM api_keys WHERE {_GOOD} AND prefix = ?",  # noqa: S608
                (prefix,),
            )
        found = [(_record(row), bytes(row[3])) for row in rows]
        return next((record for record, kept in found if matches(key, kept)), None)


def _record(row: Row) -> KeyRecord:
    require_key(row)
    prefix, name, scope, _, created_at, revoked_at = row
    return KeyRecord(
        name=name, scope=scope, prefix=prefix, created_at=created_at, revoked_at=revoked_at
    )

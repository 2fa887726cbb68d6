"""Keys of a service, and their table: shown once, stored as a hash."""

import hashlib
import hmac
import re
import secrets
import time
from typing import NamedTuple

from gemel.errors import DataError
from gemel.store.base import KEY_SCOPES, KeyRecord
from gemel.store.input_checks import is_plain
from gemel.store.sessions import Row, Sessions
from gemel.store.sql_rows import require_key

_FORM = re.compile(r"gemel_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")
_SELECT = "SELECT prefix, name, scope, hash, created_at, revoked_at FROM api_keys"
_LONGEST = 200


class DrawnKey(NamedTuple):
    """A new key."""

    text: str
    """The key itself: `gemel_`, the prefix, `_`, and 32 random bytes in base64."""
    prefix: str
    """Its public identifier."""
    hash: bytes
    """Stored: SHA-256 of `text`, fast because 32 random bytes cannot be guessed."""


def draw_key() -> DrawnKey:
    """Create a key."""
    prefix = secrets.token_hex(4)
    text = f"gemel_{prefix}_{secrets.token_urlsafe(32)}"
    return DrawnKey(text, prefix, _hash(text))


def prefix_of(text: str) -> str | None:
    """Return the prefix of a key; None if the text is not formed like one."""
    found = _FORM.fullmatch(text)
    return None if found is None else found[1]


def key_hash(text: str) -> bytes | None:
    """Return the stored hash of a key; None if the text is not formed like one."""
    return None if prefix_of(text) is None else _hash(text)


def matches(text: str, stored: bytes) -> bool:
    """Compare a key with a stored hash, in constant time."""
    return hmac.compare_digest(_hash(text), stored)


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


class KeyTable(Sessions):
    """Implementation of `KeyStore`."""

    def add_key(self, name: str, scope: str) -> str:
        if scope not in KEY_SCOPES:
            raise DataError(f"the scope must be one of {', '.join(KEY_SCOPES)}, not {scope!r:.40}")
        if not name.strip() or len(name) > _LONGEST or not name.isprintable() or not is_plain(name):
            raise DataError(
                f"a key cannot be called {name!r:.60}; give the name of its owner, of 1 to "
                f"{_LONGEST} printable characters"
            )
        drawn = draw_key()
        with self.changing() as (session, _):
            if session.run(f"{_SELECT} WHERE revoked_at IS NULL AND name = ?", (name,)):
                raise DataError(
                    f"{self.name}: a key is called {name!r} already; revoke it, or choose another "
                    "name"
                )
            row = (drawn.prefix, name, scope, drawn.hash, time.time(), None)
            session.insert("api_keys", [row])
        return drawn.text

    def keys(self) -> list[KeyRecord]:
        with self.reading() as (session, _):
            rows = session.run(f"{_SELECT} ORDER BY created_at, prefix")
        return list(map(_record, rows))

    def revoke_key(self, name: str) -> bool:
        if not is_plain(name):
            return False
        with self.changing() as (session, _):
            revoked = session.run(
                "UPDATE api_keys SET revoked_at = ? WHERE revoked_at IS NULL AND name = ? "
                "RETURNING prefix",
                (time.time(), name),
            )
        return bool(revoked)

    def good_keys(self) -> dict[bytes, KeyRecord]:
        with self.reading() as (session, _):
            rows = session.run(f"{_SELECT} WHERE revoked_at IS NULL")
        return {bytes(row[3]): _record(row) for row in rows}

    def find_key(self, key: str) -> KeyRecord | None:
        prefix = prefix_of(key)
        if prefix is None:
            return None
        with self.reading() as (session, _):
            rows = session.run(f"{_SELECT} WHERE revoked_at IS NULL AND prefix = ?", (prefix,))
        found = [(_record(row), bytes(row[3])) for row in rows]
        return next((record for record, stored in found if matches(key, stored)), None)


def _record(row: Row) -> KeyRecord:
    require_key(row)
    prefix, name, scope, _, created_at, revoked_at = row
    return KeyRecord(
        name=name, scope=scope, prefix=prefix, created_at=created_at, revoked_at=revoked_at
    )

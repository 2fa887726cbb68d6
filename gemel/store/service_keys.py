"""API keys of the service: random, shown once, stored as a hash."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

KEY_SCOPES = ("read", "write")
"""Scopes of a key: query only, or change too."""
_FORM = re.compile(r"gemel_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")


class DrawnKey(NamedTuple):
    """A new key."""

    text: str
    """The key: `gemel_`, the prefix, `_`, and 32 random bytes in base64."""
    prefix: str
    """Public prefix for lookup."""
    hash: bytes
    """SHA-256 of the key; a fast hash suffices for 32 random bytes."""


@dataclass(frozen=True, kw_only=True)
class KeyRecord:
    """Stored record of a key."""

    name: str
    """Name of the owner."""
    scope: str
    """One of `KEY_SCOPES`."""
    prefix: str
    """First characters after `gemel_`."""
    created_at: float
    """Seconds since 1970."""
    revoked_at: float | None
    """None while it is valid."""


def draw_key() -> DrawnKey:
    """Create a random key."""
    prefix = secrets.token_hex(4)
    text = f"gemel_{prefix}_{secrets.token_urlsafe(32)}"
    return DrawnKey(text, prefix, _hash(text))


def prefix_of(text: str) -> str | None:
    """Return the prefix of a key; None if it is malformed."""
    found = _FORM.fullmatch(text)
    return None if found is None else found[1]


def key_hash(text: str) -> bytes | None:
    """Return the hash of a key; None if it is malformed."""
    return None if prefix_of(text) is None else _hash(text)


def matches(text: str, kept: bytes) -> bool:
    """Return whether a key has the stored hash, in constant time."""
    return hmac.compare_digest(_hash(text), kept)


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


@runtime_checkable
class KeyStore(Protocol):
    """Keys by name; revoked ones stay in the list.

    Every method raises `StoreError` when the store is damaged, full, missing or read-only.
    """

    def add_key(self, name: str, scope: str) -> str:
        """Create a key, store its hash, and return it; it cannot be shown again.

        Raises:
            DataError: a valid key has that name, the name is empty or above 200 characters, or an
                unknown scope.
        """
        ...

    def keys(self) -> list[KeyRecord]:
        """Return all keys, oldest first."""
        ...

    def revoke_key(self, name: str) -> bool:
        """Revoke the key of a name; False if it has no valid one."""
        ...

    def good_keys(self) -> dict[bytes, KeyRecord]:
        """Return all valid keys by their hash; see `key_hash`."""
        ...

    def find_key(self, key: str) -> KeyRecord | None:
        """Return the record of a valid key; None if there is none."""
        ...

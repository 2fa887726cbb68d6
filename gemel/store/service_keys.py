"""Keys of those who may ask a service: drawn, shown once, kept as a hash."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

KEY_SCOPES = ("read", "write")
"""What a key is for: to ask only, or to change things too."""
_FORM = re.compile(r"gemel_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")


class DrawnKey(NamedTuple):
    """A new key."""

    text: str
    """What its owner sends: `gemel_`, the prefix, `_`, and 32 random bytes in base64."""
    prefix: str
    """What it is looked up by; no secret."""
    hash: bytes
    """What is kept: SHA-256 of all of it. Nobody guesses 32 random bytes; it may be quick."""


@dataclass(frozen=True, kw_only=True)
class KeyRecord:
    """What is kept of a key."""

    name: str
    """Whose it is."""
    scope: str
    """One of `KEY_SCOPES`."""
    prefix: str
    """How it begins, after `gemel_`."""
    created_at: float
    """Seconds since 1970."""
    revoked_at: float | None
    """None while it is good."""


def draw_key() -> DrawnKey:
    """Draw a key."""
    prefix = secrets.token_hex(4)
    text = f"gemel_{prefix}_{secrets.token_urlsafe(32)}"
    return DrawnKey(text, prefix, _hash(text))


def prefix_of(text: str) -> str | None:
    """Give the prefix of a key; None if it has not the form of one."""
    found = _FORM.fullmatch(text)
    return None if found is None else found[1]


def key_hash(text: str) -> bytes | None:
    """Give the hash that is kept of a key; None if it has not the form of one."""
    return None if prefix_of(text) is None else _hash(text)


def matches(text: str, kept: bytes) -> bool:
    """Say whether a key is the one whose hash was kept, in a time that tells nothing."""
    return hmac.compare_digest(_hash(text), kept)


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


@runtime_checkable
class KeyStore(Protocol):
    """Keys by name; one that was revoked stays in the list.

    Every method raises `StoreError` when the store is damaged, full, gone or read-only.
    """

    def add_key(self, name: str, scope: str) -> str:
        """Draw a key, keep its hash, and give it: it cannot be shown again.

        Raises:
            DataError: a good key has that name, it is empty or longer than 200 characters, or no
                such scope.
        """
        ...

    def keys(self) -> list[KeyRecord]:
        """Give all keys, the oldest first."""
        ...

    def revoke_key(self, name: str) -> bool:
        """Make the key of a name worthless for good; False if no good one has it."""
        ...

    def good_keys(self) -> dict[bytes, KeyRecord]:
        """Give all good keys by their hash; see `key_hash`."""
        ...

    def find_key(self, key: str) -> KeyRecord | None:
        """Give whose good key it is; None if nobody's."""
        ...

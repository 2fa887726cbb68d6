"""A file that is not there yet: what has come of it, and how to ask for the rest."""

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

from gemel.errors import DataError
from gemel.files import write_text


def sha256_of(path: Path) -> str:
    """Compute a file's SHA-256, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class Partial:
    """What has come of a file: `NAME.part`, and `NAME.part.json` with what it was part of.

    Made by `Partial.opened`. What it holds outlives the process; whether it is any good is for the
    sum to say.

    Args:
        path: where the whole file shall be.
        address: where it comes from.
    """

    def __init__(self, path: Path, address: str):
        self.path = path
        self.address = address
        self.file = path.with_name(f"{path.name}.part")
        self._notes = path.with_name(f"{path.name}.part.json")
        self._stream = self.file.open("ab")

    @classmethod
    @contextlib.contextmanager
    def opened(cls, path: Path, address: str) -> "Iterator[Partial]":
        """Open it, made if it is not there, as long as the `with` block runs.

        Raises:
            DataError: another process has it open.
            OSError: the folder cannot be written to.
        """
        partial = cls(path, address)
        try:
            if not partial._is_ours():
                raise DataError("another process is fetching it; wait for it", path=path)
            if not partial.noted():
                partial.restart()
            yield partial
        finally:
            if not partial.size and partial._is_ours():
                partial.drop()
            partial._stream.close()

    def _is_ours(self) -> bool:
        try:
            fcntl.flock(self._stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        # Who had the lock may just have made it the whole file.
        return self.file.exists() and os.path.samestat(
            self.file.stat(), os.fstat(self._stream.fileno())
        )

    @property
    def size(self) -> int:
        """Bytes that have come."""
        return os.fstat(self._stream.fileno()).st_size

    @property
    def validator(self) -> str:
        """What names the very version that it is part of, for `If-Range`; empty: nothing does."""
        notes = self.noted()
        tag = notes.get("etag") or ""
        return tag if tag and not tag.startswith("W/") else notes.get("last_modified") or ""

    def noted(self) -> dict[str, str | None]:
        """Give what was noted of its origin; nothing if that is another address, or damaged."""
        try:
            notes = json.loads(self._notes.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        fits = isinstance(notes, dict) and notes.get("address") == self.address
        return notes if fits else {}

    def restart(self, headers: Message | None = None) -> None:
        """Throw away what has come, and note what comes now."""
        self._stream.truncate(0)
        given = Message() if headers is None else headers
        notes = {
            "address": self.address,
            "etag": given.get("ETag"),
            "last_modified": given.get("Last-Modified"),
        }
        write_text(self._notes, json.dumps(notes) + "\n")

    def is_of(self, headers: Message) -> bool:
        """Say whether an answer is about the version that was noted, as far as it tells."""
        notes = self.noted()
        for noted, name in (("etag", "ETag"), ("last_modified", "Last-Modified")):
            before, now = notes.get(noted), headers.get(name)
            if before and now and before != now:
                return False
        return True

    def write(self, content: bytes) -> None:
        """Add to it."""
        try:
            self._stream.write(content)
            self._stream.flush()
        except OSError as error:
            if error.errno and not error.filename:
                error.filename = str(self.file)  # a full disk does not say where
            raise

    def finish(self) -> None:
        """Make it the whole file."""
        os.fsync(self._stream.fileno())
        self.file.replace(self.path)
        self._notes.unlink(missing_ok=True)

    def drop(self) -> None:
        """Remove it."""
        self.file.unlink(missing_ok=True)
        self._notes.unlink(missing_ok=True)

"""Rows that do not fit: how many may be passed over, and the file that lists them."""

import json
from pathlib import Path

from gemel.errors import ConfigError, DataError

__all__ = ["BadRowError", "BadRows"]


class BadRowError(Exception):
    """What is wrong with one row; never leaves `gemel.data`."""


class BadRows:
    r"""Counts and lists the rows that are passed over, of one file or of several.

    Each is written as it is met, one JSON object a line: `file`, `line`, `problem`, `text`. Bytes
    of the row that are not UTF-8 stand there as `\xNN`.

    Args:
        allowed: how many may be passed over; one more is an error.
        path: the list, replaced if it is there; `NAME.bad-rows.jsonl` in the current directory
            if None, NAME being the file with the first bad row.

    Raises:
        ConfigError: `allowed` is negative.
    """

    def __init__(self, allowed: int = 0, path: str | Path | None = None):
        if allowed < 0:
            raise ConfigError(f"the number of bad rows to skip must be at least 0, not {allowed}")
        self.allowed = allowed
        self.path = None if path is None else Path(path)
        self.count = 0

    @classmethod
    def of(cls, skip_bad: "int | BadRows") -> "BadRows":
        """Take a number for what it allows."""
        return skip_bad if isinstance(skip_bad, BadRows) else cls(skip_bad)

    def add(self, file: Path, line: int, problem: str, text: str) -> None:
        """Count and list a row.

        Raises:
            DataError: no more are allowed.
            OSError: the list cannot be written.
        """
        if self.count == self.allowed:
            raise DataError(problem + self._before(), path=file, line=line)
        readable = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        entry = {"file": str(file), "line": line, "problem": problem, "text": readable}
        if self.path is None:
            self.path = Path(f"{file.name}.bad-rows.jsonl")
        if self.path.exists() and self.path.samefile(file):
            raise DataError("cannot be both the pairs and the list of bad rows", path=file)
        with self.path.open("a" if self.count else "w", encoding="utf-8") as stream:
            stream.write(json.dumps(entry, ensure_ascii=False) + "\n")
        self.count += 1

    def _before(self) -> str:
        if not self.allowed:
            return ""
        return (
            f"; that is bad row {self.count + 1}, and {self.allowed} may be skipped: "
            f"those before it are listed in {self.path}"
        )

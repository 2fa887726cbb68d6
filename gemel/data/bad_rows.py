"""Bad rows: how many to skip, and the file that lists them."""

import json
from collections.abc import Callable
from pathlib import Path

from gemel.config import require_whole
from gemel.data.sources import Source
from gemel.errors import DataError

_LINE = 1 << 16
"""Bytes by which a file is recognised as a list."""


class BadRowError(Exception):
    """Problem of a row; never raised outside `gemel.data`."""


class BadRows:
    r"""Counts and lists skipped rows, of one or several files.

    The list has a JSON object a line: `file`, `line`, `problem`, `text`; bytes that are not UTF-8
    as `\xNN`.

    Args:
        allowed: number of rows to skip; one more is an error.
        path: the list; `NAME.bad-rows.jsonl` in the current folder if None.
        tell: called with notes on how a file was read, such as its separator.
    """

    def __init__(
        self,
        allowed: int = 0,
        path: str | Path | None = None,
        tell: Callable[[str], None] | None = None,
    ):
        self.allowed = require_whole("skip_bad, the number of bad rows to skip,", allowed, 0)
        self.path = None if path is None else Path(path)
        self.count = 0
        self.notes: list[str] = []
        self._tell = tell

    def __str__(self) -> str:
        rows = "1 bad row was" if self.count == 1 else f"{self.count:,} bad rows were"
        return f"{rows} skipped" + (f", listed in {self.path}" if self.count else "")

    @classmethod
    def of(cls, skip_bad: "int | BadRows") -> "BadRows":
        """Return bad rows for a number."""
        return skip_bad if isinstance(skip_bad, BadRows) else cls(skip_bad)

    def note(self, text: str) -> None:
        """Report how a file was read, once."""
        if text not in self.notes:
            self.notes.append(text)
            if self._tell is not None:
                self._tell(text)

    def add(self, source: Source, line: int, problem: str, text: str) -> None:
        """Count and list a row; `DataError` if no more are allowed or the list is another file."""
        if self.count == self.allowed:
            before = f" ({self}; no more than {self.allowed} may be)" if self.allowed else ""
            raise source.error(problem + before, line)
        readable = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        entry = {"file": str(source.path), "line": line, "problem": problem, "text": readable}
        if self.path is None:
            self.path = Path(f"{source.path.name}.bad-rows.jsonl")
        if not self.count and self.path.is_file() and self.path.stat().st_size:
            with self.path.open("rb") as list_file:
                start = list_file.readline(_LINE)
            if not start.startswith(b'{"file": ') or b', "problem": ' not in start:
                problem = "is there and is no list of bad rows; name another"
                raise DataError(problem, path=self.path)
        with self.path.open("a" if self.count else "w", encoding="utf-8") as stream:
            stream.write(json.dumps(entry, ensure_ascii=False) + "\n")
        self.count += 1

"""Separators of CSV-like files."""

import csv
import re
from typing import Any

from gemel.data.base import LONGEST
from gemel.errors import ConfigError

SEPARATORS = (",", ";", "\t", "|")
"""Separators that are detected."""
ALONE = "\x1f"
"""Separator of a file with one column."""
_NAMES = {
    **{"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|", "space": " "},
    "none": ALONE,
}
_LINE = re.compile(r'"?sep=([^\r\n\w"])"?\s*', re.IGNORECASE)


def as_separator(given: str) -> str:
    """Parse a separator: a character, or `comma`, `semicolon`, `tab`, `pipe`, `space` or `none`.

    Raises:
        ConfigError: unknown.
    """
    found = _NAMES.get(given.strip().lower(), given)
    if len(found) != 1 or found.isalnum() or found in "\"'\r\n\0":
        names = ", ".join(name for name in _NAMES if name.isalpha())
        raise ConfigError(f"{given!r:.40} is no delimiter; expected one character, or {names}")
    return found


def separator_name(separator: str) -> str:
    """Return a separator's name for messages."""
    return {"\t": "tab", ALONE: "none"}.get(separator, repr(separator))


def separator_word(separator: str) -> str:
    """Return the shortest name that `as_separator` parses."""
    names = {character: name for name, character in _NAMES.items() if name != "\\t"}
    return names.get(separator, separator)


def separator_line(line: str) -> str | None:
    """Parse Excel's line `sep=;`; None if it is another line."""
    found = _LINE.fullmatch(line)
    return found[1] if found else None


def delimited_rows(lines: Any, separator: str, *, quotes: bool) -> Any:
    """Return the `csv.reader` of an iterable of lines; broken quotes are `csv.Error`."""
    csv.field_size_limit(LONGEST)
    quoting: Any = csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE
    return csv.reader(lines, delimiter=separator, quoting=quoting, strict=True)

"""Which character separates the fields of a CSV-like file."""

import csv
import re
from typing import Any

from gemel.data.base import LONGEST
from gemel.errors import ConfigError

SEPARATORS = (",", ";", "\t", "|")
"""Those that are looked for."""
ALONE = "\x1f"
"""Stands for none: a file of one column."""
_NAMES = {
    **{"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|", "space": " "},
    "none": ALONE,
}
_LINE = re.compile(r'"?sep=([^\r\n\w"])"?\s*', re.IGNORECASE)


def as_separator(given: str) -> str:
    """Read a separator: a character, or `comma`, `semicolon`, `tab`, `pipe`, `space` or `none`.

    Raises:
        ConfigError: it is none of these.
    """
    found = _NAMES.get(given.strip().lower(), given)
    if len(found) != 1 or found.isalnum() or found in "\"'\r\n\0":
        names = ", ".join(name for name in _NAMES if name.isalpha())
        raise ConfigError(f"{given!r:.40} is no delimiter; expected one character, or {names}")
    return found


def separator_name(separator: str) -> str:
    """Name a separator for people."""
    return {"\t": "tab", ALONE: "none"}.get(separator, repr(separator))


def separator_word(separator: str) -> str:
    """Return the shortest name that `as_separator` reads as a separator."""
    names = {character: name for name, character in _NAMES.items() if name != "\\t"}
    return names.get(separator, separator)


def separator_line(line: str) -> str | None:
    """Read the `sep=;` that Excel puts before the header; None if a line is something else."""
    found = _LINE.fullmatch(line)
    return found[1] if found else None


def delimited_rows(lines: Any, separator: str, *, quotes: bool) -> Any:
    """Return the `csv.reader` of an iterable of lines; broken quotes are `csv.Error`."""
    csv.field_size_limit(LONGEST)
    quoting: Any = csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE
    return csv.reader(lines, delimiter=separator, quoting=quoting, strict=True)

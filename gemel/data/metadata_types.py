"""Types of metadata, detected over a whole column."""

import json
import math
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, TypeAlias

from gemel.data.frames import plain

Value: TypeAlias = str | int | float | bool | None
METADATA_TYPES = {"int": "integers", "float": "numbers", "bool": "true and false", "text": "text"}
"""Types of a column, and their descriptions."""
_NOT_FINITE = "expected a finite number, or None where there is none"
_SYNONYMS = {"str": "text"}
_NUMBERS = {"int", "whole", "float"}
_INTEGER = re.compile(r"-?[1-9][0-9]{0,14}|0")
"""No leading zero or plus sign, as in phone numbers; at most 15 digits, exact in every JSON
reader."""
_FLOAT = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]+|(\.[0-9]+)?e[+-][0-9]{2,3})")
"""As Python and pandas write floats; codes such as 1E5 are text."""
_BOOLEANS = {"true": True, "false": False}
_DECLARED_BOOLEANS = {**_BOOLEANS, "1": True, "0": False, "yes": True, "no": False}
_DECLARED_INTEGER = re.compile(r"[+-]?[0-9]{1,1000}(\.0+)?")


def split_type(column: str) -> tuple[str, str | None]:
    """Split `year:int` into name and type; None: no type."""
    name, colon, given = column.rpartition(":")
    given = _SYNONYMS.get(given, given)
    return (name, given) if colon and name and given in METADATA_TYPES else (column, None)


def plain_value(value: Any, *, nan_is_none: bool = False) -> Value:
    """Convert a value to text, an integer, a float, a boolean or None, or raise `ValueError`.

    NumPy and pandas scalars become Python's, dates and times ISO text, decimals integers or floats,
    or text where a float would lose digits.
    """
    if type(value) in (str, int, bool) or value is None:
        return value  # type: ignore[no-any-return]
    if isinstance(value, float):
        if nan_is_none and math.isnan(value):
            return None
        if not math.isfinite(value):
            raise ValueError(_NOT_FINITE)
        return float(value)
    if not isinstance(value, str | int | datetime | date | time | Decimal):
        value = plain(value)
        if type(value) in (str, int, bool, float) or value is None:
            return plain_value(value, nan_is_none=nan_is_none)
    if value != value:  # NaT, and NaN of a decimal
        return None
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(_NOT_FINITE)
        if value.as_tuple().exponent == 0:
            return int(value)
        number = float(value)
        return number if Decimal(repr(number)) == value else str(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    nested = ": join its parts into one text" if isinstance(value, list | tuple | dict) else ""
    kind = type(value).__name__
    raise ValueError(f"expected text, an integer, a float, a boolean or None, not {kind}{nested}")


def type_of(value: Value) -> str:
    """Return the type of a value, one of `METADATA_TYPES`, or "null"."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    return "int" if isinstance(value, int) else "float" if isinstance(value, float) else "text"


def as_type(value: Value, wanted: str) -> Value:
    """Convert a value, or a cell of a text file, to one of `METADATA_TYPES`; None: no value.

    A value that cannot be converted is a `ValueError`.
    """
    text = value.strip() if isinstance(value, str) else value
    if text is None or text == "":
        return None
    if wanted == "text":
        if isinstance(value, float) and value.is_integer():  # an id in a column with gaps
            value = int(value)
        return value if isinstance(value, str) else json.dumps(value)
    found: Value = None
    if wanted == "bool":
        found = _DECLARED_BOOLEANS.get(str(text).lower())
    elif isinstance(text, bool):
        found = None
    elif wanted == "float":
        found = _finite(text)
    elif isinstance(text, str):
        matched = _DECLARED_INTEGER.fullmatch(text)
        found = int(text.partition(".")[0]) if matched else None
    elif text == int(text):
        found = int(text)
    if found is None:
        expected = {"int": "an integer", "float": "a number", "bool": "true or false"}[wanted]
        raise ValueError(f"expected {expected}")
    return found


def detect(cell: str) -> Value:
    """Return the value of a single cell by its own type."""
    kind = _cell_type(cell.strip())
    return as_type(cell, "float" if kind == "whole" else "text" if kind == "null" else kind)


def _finite(text: str | float) -> float | None:
    try:
        number = float(text)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def describe_value(value: Value) -> str:
    """Describe a value for an error: `the text 'abc'`, `the integer 42`."""
    if value is None:
        return "no value"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"the text {value!r:.60}"
    return f"the {'integer' if isinstance(value, int) else 'number'} {value!r:.60}"


@dataclass
class ColumnScan:
    """Types of a column's values, to detect the column's type."""

    is_text: bool
    """Whether values are cells of a text file."""
    seen: dict[str, tuple[int, Value]] = field(default_factory=dict)
    """First line and value of each type; "whole" is a float without fraction."""

    def add(self, value: Value, line: int) -> None:
        """Add a value."""
        if self.is_text and isinstance(value, str):
            kind = _cell_type(value.strip())
        else:
            is_whole = isinstance(value, float) and value.is_integer()
            kind = "whole" if is_whole else type_of(value)
        self.seen.setdefault(kind, (line, value))

    def decide(self, stored: Collection[str]) -> str | None:
        """Return the type of the column; None: each value has its own.

        A type unlike those `stored`, of the corpus's values in this column, is a `ColumnConflict`.
        """
        there, families = _families(stored), _families(self.seen)
        wrong = families - there
        is_one_type = there != {"text"} if self.is_text else len(families) == 1
        if len(there) == 1 and wrong and is_one_type:
            first = min(self.seen[kind] for kind in self.seen if _families([kind]) & wrong)
            raise ColumnConflict(*first, describe_types(stored))
        if self.is_text and "text" in there and (len(there) == 1 or wrong):
            return "text"
        stored = set(stored) - {"null"}
        seen = self.seen.keys() - {"null"}
        if seen and seen <= _NUMBERS:
            if stored == {"float"}:
                return "float"
            if "whole" in seen and "float" not in seen:
                if "null" in self.seen or "int" in stored:
                    return "int"
                return "float" if self.is_text else None
            return ("float" if "float" in seen else "int") if self.is_text else None
        if not seen or not self.is_text:
            return None
        return "bool" if seen == {"bool"} else "text"


class ColumnConflict(Exception):  # noqa: N818 - becomes a DataError of the file
    """A value of another type than the column has in the corpus."""

    def __init__(self, line: int, value: Value, stored: str):
        super().__init__(line, value, stored)
        self.line, self.value, self.stored = line, value, stored


def _cell_type(cell: str) -> str:
    if not cell:
        return "null"
    if _INTEGER.fullmatch(cell):
        return "int"
    if _INTEGER.fullmatch(cell.removesuffix(".0")):
        return "whole"
    if _FLOAT.fullmatch(cell) and _finite(cell) is not None:
        return "float"
    return "bool" if cell.lower() in _BOOLEANS else "text"


def _families(types: Collection[str]) -> set[str]:
    return {"number" if kind in _NUMBERS else kind for kind in types if kind != "null"}


def describe_types(types: Collection[str]) -> str:
    """Describe a column with values of these types: `integers and text`."""
    found = [what for kind, what in METADATA_TYPES.items() if kind in types]
    if {"int", "float"} <= set(types):
        found.remove(METADATA_TYPES["int"])
    return " and ".join(found) or "no values"

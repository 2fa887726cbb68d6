"""Checks of text arguments."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from gemel.errors import DataError
from gemel.text.normalization import CleanText


def require_text(name: str, value: Any) -> str:
    """Return a text as `str`; NumPy's `str_` is accepted, None, NaN or bytes are a `DataError`."""
    if type(value) is str or isinstance(value, CleanText):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bytes | bytearray):
        advice = "decode it"
    elif isinstance(value, list | tuple | set | dict) or getattr(value, "ndim", None):
        advice = "give one text, or call what takes many"
    elif value is None or str(value) in ("nan", "<NA>", "NaT"):
        advice = "drop what is missing, or fill it in"
    else:
        advice = "convert it with str()"
    kind = type(value).__name__
    raise DataError(f"{name}: expected a text, found {value!r:.40} ({kind}); {advice}")


def require_texts(name: str, values: Any) -> Sequence[str]:
    """Return a list, array or column of texts as a sequence of `str`; else raise `TypeError`."""
    if isinstance(values, str | bytes | dict) or not isinstance(values, Iterable):
        found = "one string" if isinstance(values, str) else f"{values!r:.40}"
        raise TypeError(f"{name}: expected a list of questions, not {found}; put it in [ ]")
    texts: Sequence[str] = values if isinstance(values, list | tuple) else list(values)
    if all(type(text) in (str, CleanText) for text in texts):
        return texts
    return list(require_each_text(name, texts))


def require_each_text(name: str, values: Iterable[Any]) -> Iterator[str]:
    """Check texts as they come; see `require_texts`."""
    for place, value in enumerate(values):
        yield value if type(value) is str else require_text(f"{name}[{place}]", value)

"""How results look in a notebook: one line of text, or a small table."""

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

_Class = TypeVar("_Class", bound=type)
_ROWS = 20
"""Rows of a table that are shown."""
_LONGEST = 120
"""Characters of a text in the line."""


def shown(
    figures: Callable[[Any], Mapping[str, Any]],
    rows: Callable[[Any], Iterable[Sequence[Any]]] | None = None,
) -> Callable[[_Class], _Class]:
    """Return a decorator that gives a class a one-line `__repr__` and a `_repr_html_`.

    Args:
        figures: a few important ones of an instance, by name; put it above `@dataclass`.
        rows: of an instance, listed below them in the table.
    """

    def decorate(kind: _Class) -> _Class:
        def line(self: Any) -> str:
            parts = (f"{name}={_short(value)}" for name, value in figures(self).items())
            return f"{type(self).__name__}({', '.join(parts)})"

        def table(self: Any) -> str:
            body = [_row((name, value)) for name, value in figures(self).items()]
            listed = [] if rows is None else list(rows(self))
            body += map(_row, listed[:_ROWS])
            if len(listed) > _ROWS:
                body.append(_row(("", f"and {len(listed) - _ROWS:,} more")))
            title = html.escape(type(self).__name__)
            return f"<table><caption>{title}</caption>{''.join(body)}</table>"

        for name, method in (("__repr__", line), ("_repr_html_", table)):
            setattr(kind, name, method)
        return kind

    return decorate


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, str) and len(value) > _LONGEST:
        value = value[: _LONGEST - 3] + "..."
    return repr(value)


def _row(cells: Sequence[Any]) -> str:
    texts = (f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in cells)
    return f"<tr>{''.join(f'<td>{html.escape(text)}</td>' for text in texts)}</tr>"

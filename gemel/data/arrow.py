"""Values of Arrow columns, as Python has them; pyarrow is imported on use."""

from typing import Any

__all__ = ["arrow_values"]


def arrow_values(column: Any) -> list[Any]:
    """Give the values of a column; text that is not UTF-8 comes as in other files."""
    try:
        values: list[Any] = column.to_pylist()
    except UnicodeDecodeError:
        import pyarrow

        if pyarrow.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        values = [
            value if value is None else value.decode("utf-8", "surrogateescape")
            for value in column.cast(pyarrow.binary()).to_pylist()
        ]
    return values

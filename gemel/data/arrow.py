"""Values of Arrow columns, as Python has them; pyarrow is imported on use."""

import json
from typing import Any

_METADATA = b"huggingface"


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


def class_names(schema: Any) -> dict[str, list[str]]:
    """Return the names of classes that Hugging Face's `ClassLabel` columns stand for.

    Args:
        schema: of pyarrow; its metadata tells which columns are such.
    """
    try:
        features = json.loads((schema.metadata or {}).get(_METADATA, b"{}"))["info"]["features"]
        return {
            name: list(map(str, feature["names"]))
            for name, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}

"""Frames, data sets and rows of Python; pyarrow is imported on use."""

import contextlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

from gemel.errors import MissingExtraError

_METADATA = b"huggingface"
_ROWS = 1 << 14
"""Rows converted at a time."""
_PLAIN = frozenset({str, int, bool, type(None)})


def arrow_values(column: Any) -> list[Any]:
    """Return the values of an Arrow column."""
    with contextlib.suppress(UnicodeDecodeError):
        return list(column.to_pylist())
    import pyarrow

    if pyarrow.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    values = column.cast(pyarrow.binary()).to_pylist()
    return [each if each is None else each.decode("utf-8", "surrogateescape") for each in values]


def class_names(schema: Any) -> dict[str, list[str]]:
    """Return the class names of Hugging Face's `ClassLabel` columns in an Arrow schema."""
    try:
        features = json.loads((schema.metadata or {}).get(_METADATA, b"{}"))["info"]["features"]
        return {
            name: list(map(str, feature["names"]))
            for name, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


@runtime_checkable
class ArrowStream(Protocol):
    """A table with Arrow's stream interface: pandas, Polars, pyarrow and others."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return Arrow's stream."""


Rows: TypeAlias = Iterable[Any] | ArrowStream
"""Data read like a file: a frame of pandas, Polars or pyarrow, a Hugging Face data set, or rows
(tuples or mappings); of questions also a column or a list of texts."""


class Frame(NamedTuple):
    """A table with named columns."""

    names: tuple[str, ...]
    read: Callable[[Sequence[int]], Iterator[list[list[Any]]]]
    """Yields parts of some columns, given by position from 0: a list of values for each."""
    classes: Mapping[str, Sequence[str]] = {}
    """Class names by column."""


def is_frame(rows: Any) -> bool:
    """Return whether an object has named columns."""
    if _is(rows, "datasets", "Dataset") or _is(rows, "pandas", "DataFrame"):
        return True
    kinds = (("pandas", "Series"), ("polars", "Series"), ("pyarrow", "ChunkedArray"))
    is_column = any(_is(rows, package, kind) for package, kind in kinds)
    return isinstance(rows, ArrowStream) and not is_column


def frame_of(rows: Any) -> Frame:
    """Return a table's columns; some need pyarrow."""
    if _is(rows, "pandas", "DataFrame"):
        return Frame(tuple(map(str, rows.columns)), lambda places: _of_pandas(rows, places))
    if _is(rows, "polars", "DataFrame"):
        return Frame(tuple(rows.columns), lambda places: _of_polars(rows, places))
    if _is(rows, "datasets", "Dataset"):
        names = tuple(rows.column_names)
        return Frame(names, lambda places: _of_dataset(rows, places), classes_of(rows))
    if _is(rows, "pyarrow", "Table", "RecordBatch", "RecordBatchReader"):
        return _of_arrow(rows)
    try:
        import pyarrow
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"a {type(rows).__name__}", "parquet") from error
    return _of_arrow(pyarrow.RecordBatchReader.from_stream(rows))


def classes_of(rows: Any) -> dict[str, list[str]]:
    """Return the class names of a Hugging Face data set by column."""
    if not _is(rows, "datasets", "Dataset", "IterableDataset"):
        return {}
    features = (rows.features or {}).items()
    return {name: list(each.names) for name, each in features if hasattr(each, "names")}


def each_row(rows: Any) -> Iterator[Any]:
    """Yield rows, or the values of a column."""
    is_arrow = _is(rows, "pyarrow", "Array", "ChunkedArray")
    if not is_arrow and not _is(rows, "datasets", "Column"):
        yield from rows
        return
    for start in range(0, len(rows), _ROWS):  # they are slow one by one
        part = rows[start : start + _ROWS]
        yield from arrow_values(part) if is_arrow else part


def find_unfit(rows: Any) -> str:
    """Describe an object that has no rows; empty if it has some."""
    if _is(rows, "polars", "LazyFrame"):
        return "is a plan and has no rows yet; give what .collect() makes of it"
    if _is(rows, "datasets", "DatasetDict", "IterableDatasetDict"):
        first = next(iter(rows), "train")
        return f'holds several: {", ".join(rows)}; give one of them, for example ["{first}"]'
    if isinstance(rows, Mapping):
        return "is one mapping; expected a list of them, one for each row, or a frame"
    if isinstance(rows, bytes | bytearray | memoryview):
        return "is bytes; expected the name of a file, a frame, or rows"
    if not isinstance(rows, Iterable | ArrowStream):
        return f"is {rows!r:.40}; expected the name of a file, a frame, or rows"
    return ""


def index_label(rows: Any, number: int) -> str:
    """Return pandas' label of a row, counted from 1; empty for others."""
    if _is(rows, "pandas", "DataFrame", "Series") and 0 < number <= len(rows):
        label = plain(rows.index[number - 1])
        return f"{label!r:.40}"
    return ""


def plain(value: Any) -> Any:
    """Return a value as in a file: missing values as None, numbers as Python's."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is float:
        return None if value != value else value
    if isinstance(value, str):
        return str.__str__(value)
    if kind.__name__ in ("datetime64", "timedelta64"):  # in nanoseconds tolist gives an integer
        value = value.astype(f"{kind.__name__}[us]")
    for name in ("tolist", "as_py"):  # of NumPy and torch, of pyarrow
        if hasattr(value, name):
            return plain(getattr(value, name)())
    pandas = sys.modules.get("pandas")
    if pandas is not None and (value is pandas.NA or value is pandas.NaT):
        return None
    return value


def _is(rows: Any, package: str, *kinds: str) -> bool:
    """Return whether an object is of a package, without importing the package for others."""
    module = sys.modules.get(package)
    return any(isinstance(rows, getattr(module, kind, ())) for kind in kinds)


def _of_pandas(frame: Any, places: Sequence[int]) -> Iterator[list[list[Any]]]:
    for start in range(0, len(frame), _ROWS):
        part = frame.iloc[start : start + _ROWS]
        columns = [part.iloc[:, place] for place in places]
        yield [each.astype(object).where(each.notna(), None).tolist() for each in columns]


def _of_polars(frame: Any, places: Sequence[int]) -> Iterator[list[list[Any]]]:
    for start in range(0, len(frame), _ROWS):
        part = frame.slice(start, _ROWS)
        yield [part.to_series(place).to_list() for place in places]


def _of_dataset(dataset: Any, places: Sequence[int]) -> Iterator[list[list[Any]]]:
    names = [dataset.column_names[place] for place in places]
    for part in dataset.select_columns(names).with_format("arrow").iter(_ROWS):
        yield [arrow_values(part.column(name)) for name in names]


def _of_arrow(table: Any) -> Frame:
    def read(places: Sequence[int]) -> Iterator[list[list[Any]]]:
        batches = table.to_batches(_ROWS) if _is(table, "pyarrow", "Table") else table
        batches = [table] if _is(table, "pyarrow", "RecordBatch") else batches
        for batch in batches:
            for start in range(0, batch.num_rows, _ROWS):
                part = batch.slice(start, _ROWS)
                yield [arrow_values(part.column(place)) for place in places]

    return Frame(tuple(table.schema.names), read, class_names(table.schema))

"""What the verbs take: pairs and models, or where they lie."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gemel.data import BadRows, Columns, Pairs, Rows, is_frame, read_pairs
from gemel.folder import Model
from gemel.inference import Engine


def open_pairs(
    pairs: str | Path | Pairs | Rows, columns: Columns | None, bad_rows: BadRows
) -> Pairs:
    """Read pairs that are not read yet."""
    return pairs if isinstance(pairs, Pairs) else read_pairs(pairs, columns, bad_rows)


def open_several(
    pairs: str | Path | Pairs | Rows | Sequence[Any], columns: Columns | None, bad_rows: BadRows
) -> list[Pairs]:
    """Read pairs of one file or frame, or of each in a list of them."""
    if isinstance(pairs, list | tuple) and pairs:
        first = pairs[0]
        if isinstance(first, str | Path | Pairs) or is_frame(first):
            return [open_pairs(each, columns, bad_rows) for each in pairs]
    return [open_pairs(pairs, columns, bad_rows)]


def open_engine(model: str | Path | Model | Engine) -> Engine:
    """Load a model that is not loaded yet."""
    if isinstance(model, str | Path):
        return Engine.load(model)
    return Engine(model) if isinstance(model, Model) else model

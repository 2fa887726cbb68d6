"""Arguments of the public functions: pairs, models, and checks of seen pairs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gemel.data import BadRows, Columns, Pairs, Rows, is_frame, read_pairs
from gemel.errors import DataError
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


def trained_on(model: Model) -> dict[str, str]:
    """Return the digests of pairs that the network trained on, and what to report of them."""
    digests = [model.training["data"], *model.training.get("earlier_data", [])]
    return dict.fromkeys(digests, "the model was trained on")


def refuse_seen(
    pairs: Pairs, seen: Mapping[str, str], *, remedy: str = "take others, or add --seen"
) -> None:
    """Raise a `DataError` for pairs that are among those seen, a result of `trained_on`."""
    if pairs.digest in seen:
        raise DataError(
            f"these are the very pairs that {seen[pairs.digest]}, which would flatter it; {remedy}",
            path=pairs.path,
        )

"""What the verbs take: pairs and models, or where they lie."""

from pathlib import Path

from gemel.data import BadRows, Columns, Pairs, read_pairs
from gemel.folder import Model
from gemel.inference import Engine

__all__ = ["open_engine", "open_pairs"]


def open_pairs(pairs: str | Path | Pairs, columns: Columns | None, bad_rows: BadRows) -> Pairs:
    """Read pairs that are not read yet."""
    return pairs if isinstance(pairs, Pairs) else read_pairs(pairs, columns, bad_rows)


def open_engine(model: str | Path | Model | Engine) -> Engine:
    """Load a model that is not loaded yet."""
    if isinstance(model, str | Path):
        return Engine.load(model)
    return Engine(model) if isinstance(model, Model) else model

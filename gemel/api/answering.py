"""The verbs that answer."""

from collections.abc import Iterator
from pathlib import Path

from gemel.api.opening import open_engine
from gemel.data import BadRows, Columns, Source
from gemel.folder import Model
from gemel.inference import Compared, Engine, compare_stream
from gemel.pretrained import DEFAULT_MODEL

__all__ = ["compare", "load"]


def load(model: str | Path = DEFAULT_MODEL) -> Engine:
    """Open a model folder: `load("my-model").predict("first question", "second question")`.

    Args:
        model: the folder, or the name of a model that came with gemel.

    Raises:
        FolderError: no such folder, or one that is damaged.
    """
    return Engine.load(model)


def compare(
    pairs: str | Path | Source,
    model: str | Path | Model | Engine = DEFAULT_MODEL,
    *,
    columns: Columns | None = None,
    skip_bad: int | BadRows = 0,
) -> Iterator[Compared]:
    """Judge the unlabelled pairs of a file, one after the other, however many there are.

    Args:
        pairs: a CSV, TSV, JSON Lines or Parquet file, or a stream; a label is not looked at.
        model: a model folder, what `train` returned, or an engine; the model that came with gemel
            if none is named.
        columns: the two columns, where they are not the usual ones.
        skip_bad: how many bad rows may be passed over; see `read_pairs`. A question without word
            or mark makes one too.

    Raises:
        FolderError: the model cannot be loaded.
        DataError: the pairs cannot be read, or there are none.
    """
    return compare_stream(open_engine(model), pairs, columns, skip_bad)

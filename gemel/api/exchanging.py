"""The verb that writes a model for other tools."""

from pathlib import Path

from gemel.api.opening import open_engine
from gemel.data import BadRows, QuestionColumns, Rows, read_pairs, stream_questions
from gemel.exchange import Exported, export_model
from gemel.exchange.exported import check_export_place
from gemel.folder import Model
from gemel.inference import Engine
from gemel.pretrained import DEFAULT_MODEL, came_with_gemel
from gemel.samples import HELPDESK
from gemel.text import Progress

__all__ = ["export"]


def export(
    out: str | Path,
    model: str | Path | Model | Engine = DEFAULT_MODEL,
    *,
    to: str = "sentence-transformers",
    words: str | Path | Rows | None = None,
    check: str | Path | Rows | None = None,
    columns: QuestionColumns | None = None,
    skip_bad: int | BadRows = 0,
    int8: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Exported:
    """Write a model as a folder that another tool loads, and say which questions agree there.

    A folder holds the encoder: vectors and their cosine. Pair head, letters, and what gemel does
    with words that are in no list stay behind.

    Args:
        out: where the folder shall be.
        model: a model folder, what `train` returned, or an engine; the model that came with gemel
            if none is named.
        to: "sentence-transformers" or "onnx".
        words: questions whose unknown words shall have a vector of their own there too: a file, or
            texts.
        check: questions to try it with, a file or texts; the sample's if None.
        columns: the column of the question, where it is not the usual one.
        skip_bad: how many bad rows may be passed over; see `read_pairs`.
        int8: whether to write a second ONNX file, a quarter as large, whose vectors are near.
        overwrite: whether an export that stands at `out` may be replaced.
        progress: is told how many vectors are compared.

    Raises:
        FolderError: the model cannot be loaded, or something stands at `out` that may not be
            replaced.
        ConfigError, DataError, MissingExtraError, GemelError, OSError: see
            `gemel.exchange.export_model` and `stream_questions`.
    """
    check_export_place(out, overwrite=overwrite)
    engine = open_engine(model)
    bad_rows = BadRows.of(skip_bad)
    beside = (came_with_gemel(model) or Path(model)) if isinstance(model, str | Path) else None
    return export_model(
        engine.model,
        out,
        to=to,
        words=_questions(words, columns, bad_rows),
        check=read_pairs(HELPDESK).texts if check is None else _questions(check, columns, bad_rows),
        int8=int8,
        beside=beside,
        overwrite=overwrite,
        progress=progress,
    )


def _questions(
    source: str | Path | Rows | None, columns: QuestionColumns | None, bad_rows: BadRows
) -> list[str]:
    if source is None:
        return []
    return [each.text for each in stream_questions(source, columns, bad_rows)]

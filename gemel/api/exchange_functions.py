"""Public functions for other tools: export, import_trax."""

import dataclasses
import functools
from pathlib import Path

from gemel.api.inputs import open_engine, open_pairs, refuse_seen, trained_on
from gemel.data import BadRows, Columns, Pairs, QuestionColumns, Rows, read_pairs, stream_questions
from gemel.decision import Decision
from gemel.evaluation import refit, warn_of_findings
from gemel.exchange import Exported, export_model
from gemel.exchange.export_folder import check_export_place
from gemel.exchange.trax_model import FromTrax, model_from_trax
from gemel.folder import Model, check_place, save_model
from gemel.inference import Engine
from gemel.pretrained import DEFAULT_MODEL, came_with_gemel
from gemel.samples import HELPDESK
from gemel.text import Progress


def export(
    out: str | Path,
    model: str | Path | Model | Engine = DEFAULT_MODEL,
    *,
    to: str = "sentence-transformers",
    words: str | Path | Rows | None = None,
    check: str | Path | Rows | None = None,
    validation: str | Path | Pairs | Rows | None = None,
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
        validation: labelled pairs that the model was not trained on, to fit threshold and
            probabilities on, for the cosine; if None, they stay as they are, and hold for it only
            in a model without pair head or letters.
        columns: the column of the question, where it is not the usual one.
        skip_bad: how many bad questions may be passed over; see `read_pairs`.
        int8: whether to write a second ONNX file, a quarter as large, whose vectors are near.
        overwrite: whether an export that stands at `out` may be replaced.
        progress: is told how far the work is.

    Raises:
        FolderError: the model cannot be loaded, or something stands at `out` that may not be
            replaced.
        ConfigError, DataError, MissingExtraError, GemelError, OSError: see
            `gemel.exchange.export_model` and `stream_questions`; or the pairs cannot be read, have
            one label only, or the model was trained on them.
    """
    check_export_place(out, overwrite=overwrite)
    engine = open_engine(model)
    bad_rows = BadRows.of(skip_bad)
    beside = (came_with_gemel(model) or Path(model)) if isinstance(model, str | Path) else None
    listed = _questions(words, columns, bad_rows)
    if check is None:
        tried = read_pairs(HELPDESK).texts
    elif _is_same(check, words):  # whose bad rows count once
        tried = listed
    else:
        tried = _questions(check, columns, bad_rows)
    return export_model(
        engine.model,
        out,
        to=to,
        words=listed,
        check=tried,
        decision=None if validation is None else _fit_cosine(engine, validation, progress),
        int8=int8,
        beside=beside,
        overwrite=overwrite,
        progress=progress,
    )


def _fit_cosine(
    engine: Engine, validation: str | Path | Pairs | Rows, progress: Progress | None
) -> Decision:
    """Fit a decision of the cosine, best for what the model's own is best for."""
    pairs = open_pairs(validation, None, BadRows.of(0))
    refuse_seen(pairs, trained_on(engine.model), remedy="take others")
    before = engine.model.decision
    settings = dataclasses.replace(before.settings, prevalence=0.0)
    score = functools.partial(engine.cosine, progress=progress)
    fitted = refit(pairs, score, before, settings, encode=engine.encode)
    warn_of_findings(fitted.findings)
    return fitted.decision


def _is_same(one: str | Path | Rows, other: str | Path | Rows | None) -> bool:
    if isinstance(one, str | Path) and isinstance(other, str | Path):
        return Path(one) == Path(other)
    return one is other


def _questions(
    source: str | Path | Rows | None, columns: QuestionColumns | None, bad_rows: BadRows
) -> list[str]:
    if source is None:
        return []
    return [each.text for each in stream_questions(source, columns, bad_rows)]


def import_trax(
    checkpoint: str | Path,
    vocabulary: str | Path,
    out: str | Path,
    *,
    validation: str | Path | Pairs | Rows | None = None,
    columns: Columns | None = None,
    skip_bad: int | BadRows = 0,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> FromTrax:
    """Make a model folder of a checkpoint of the notebook's network, as Trax wrote it.

    The model gives Trax's own vectors, of padding too, which runs through the LSTM. The pickle is
    read, not run.

    Args:
        checkpoint: `model.pkl.gz`; of newer ones `model.weights.npy.gz` lies beside it.
        vocabulary: a JSON object of token and id, or a text file with a token on every line, in
            the order of their ids.
        out: where the folder shall be.
        validation: labelled pairs to fit threshold and probabilities on; if None, the threshold is
            the notebook's 0.7, a guess, and so are the probabilities.
        columns: the columns of `validation`, where they are not the usual ones.
        skip_bad: how many bad rows of it may be passed over; see `read_pairs`.
        overwrite: whether a model that stands at `out` may be replaced.
        progress: is told how far the fitting is.

    Returns:
        The model that was written, and what was found in bringing it in.

    Raises:
        FolderError: something stands at `out` that may not be replaced.
        DataError: a file cannot be read, or checkpoint and vocabulary are not of one network.
        OSError: the folder cannot be written; what stood there stays.
    """
    check_place(out, overwrite=overwrite)
    found = model_from_trax(checkpoint, vocabulary)
    if validation is not None:
        found = found.fit(open_pairs(validation, columns, BadRows.of(skip_bad)), progress)
    save_model(found.model, out, overwrite=overwrite)
    if found.fitted is not None:
        warn_of_findings(found.fitted.findings)
    return found

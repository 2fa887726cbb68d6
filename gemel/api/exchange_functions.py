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
    """Write a model for another tool, and report which questions have the same vector there.

    The folder has the encoder: vectors and their cosine. Pair head, spelling similarity and
    composed vectors of unknown words are not exported.

    Args:
        out: path of the folder.
        model: a model folder, model or engine; by default the one that ships.
        to: "sentence-transformers" or "onnx".
        words: questions, a file or texts, whose unknown words get a vector too.
        check: questions, a file or texts, to compare vectors on; the sample's if None.
        validation: labelled pairs, not trained on, to fit a decision for the cosine; if None the
            model's own is written, which holds for the cosine only without head and spelling.
        columns: the question column, if not the usual one.
        skip_bad: number of bad questions to skip; see `read_pairs`.
        int8: write a quantised ONNX file too.
        overwrite: overwrite an existing export.
        progress: `progress(done, total)` callback.

    Raises:
        FolderError: the model cannot be loaded, or `out` exists.
        ConfigError, DataError, MissingExtraError, GemelError, OSError: see
            `gemel.exchange.export_model` and `stream_questions`; or `validation` is refused as by
            `fit`.
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
    """Fit a decision for the cosine with the objective of the model's own."""
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
    """Create a model folder from a Trax checkpoint of the notebook's network.

    The model gives Trax's own vectors, with unmasked padding. The pickle is parsed, not run.

    Args:
        checkpoint: `model.pkl.gz`; newer ones have `model.weights.npy.gz` next to it.
        vocabulary: a JSON object of token and id, or a text file with a token a line, by id.
        out: path of the folder.
        validation: labelled pairs to fit the decision on; if None, the notebook's threshold of 0.7.
        columns: columns of `validation`, if not the usual ones.
        skip_bad: number of bad rows to skip; see `read_pairs`.
        overwrite: overwrite an existing model.
        progress: `progress(done, total)` callback of the fit.

    Returns:
        The model, and notes on the import.

    Raises:
        FolderError: `out` exists.
        DataError: a file cannot be read, or checkpoint and vocabulary do not match.
        OSError: the folder cannot be written; existing files are unchanged.
    """
    check_place(out, overwrite=overwrite)
    found = model_from_trax(checkpoint, vocabulary)
    if validation is not None:
        found = found.fit(open_pairs(validation, columns, BadRows.of(skip_bad)), progress)
    save_model(found.model, out, overwrite=overwrite)
    if found.fitted is not None:
        warn_of_findings(found.fitted.findings)
    return found

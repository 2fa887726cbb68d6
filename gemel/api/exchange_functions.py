"""Exchange of models with other tools: `export` and `import_trax`."""

import dataclasses
import functools
from pathlib import Path
from typing import Any

from gemel.api.inputs import open_engine, open_pairs, refuse_seen, trained_on
from gemel.config import ExportOptions
from gemel.data import BadRows, Columns, Pairs, QuestionColumns, Rows, read_pairs, stream_questions
from gemel.decision import Decision
from gemel.evaluation import refit, warn_of_findings
from gemel.exchange import Exported, export_model
from gemel.exchange.model_export import check_export_place
from gemel.exchange.trax_model import FromTrax, model_from_trax
from gemel.folder import Model, check_place, save_model
from gemel.inference import Engine
from gemel.pretrained import DEFAULT_MODEL, came_with_gemel
from gemel.samples import HELPDESK
from gemel.text import Progress


def export(
    out: str | Path,
    model: str | Path | Model | Engine = DEFAULT_MODEL,
    options: ExportOptions | None = None,
    *,
    words: str | Path | Rows | None = None,
    check: str | Path | Rows | None = None,
    validation: str | Path | Pairs | Rows | None = None,
    columns: QuestionColumns | None = None,
    skip_bad: int | BadRows = 0,
    progress: Progress | None = None,
    **changes: Any,
) -> Exported:
    """Write a model as a folder that another tool loads, and report which questions agree there.

    The folder has the encoder: vectors and their cosine, without pair head, letters, and the
    composition of unknown words.

    Args:
        out: path of the folder.
        words: questions whose unknown words get a vector: a file, or texts.
        check: questions to test it with, a file or texts; the sample's if None.
        validation: labelled pairs that the model was not trained on, to fit threshold and
            probabilities of the cosine on.

    Raises:
        GemelError: see `gemel.exchange.export_model`.
    """
    options = ExportOptions.of(options, **changes)
    check_export_place(out, overwrite=options.overwrite)
    engine = open_engine(model)
    bad_rows = BadRows.of(skip_bad)
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
        words=listed,
        check=tried,
        decision=None if validation is None else _fit_cosine(engine, validation, progress),
        source=(came_with_gemel(model) or Path(model)) if isinstance(model, str | Path) else None,
        options=options,
        progress=progress,
    )


def _fit_cosine(
    engine: Engine, validation: str | Path | Pairs | Rows, progress: Progress | None
) -> Decision:
    """Fit a decision of the cosine with the aim of the model's own."""
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
    """Make a model folder of a Trax checkpoint of the notebook's network; no pickle is run.

    The vectors are Trax's own, in which padding counts.

    Args:
        checkpoint: `model.pkl.gz`; newer ones have `model.weights.npy.gz` next to it.
        vocabulary: a JSON object of token and id, or a text file with a token per line in the order
            of ids.
        out: path of the folder.
        validation: labelled pairs to fit threshold and probabilities on; if None, the threshold is
            the notebook's 0.7, which is a guess.

    Raises:
        DataError: also if checkpoint and vocabulary are of different networks.
    """
    check_place(out, overwrite=overwrite)
    found = model_from_trax(checkpoint, vocabulary)
    if validation is not None:
        found = found.fit(open_pairs(validation, columns, BadRows.of(skip_bad)), progress)
    save_model(found.model, out, overwrite=overwrite)
    if found.fitted is not None:
        warn_of_findings(found.fitted.findings)
    return found

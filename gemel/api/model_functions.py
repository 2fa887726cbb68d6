"""Public functions of a model: predict, measure it, and fit its decision."""

import dataclasses
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gemel.api.inputs import open_engine, open_pairs, refuse_seen, trained_on
from gemel.config import DecisionConfig, EvaluateOptions, FitOptions
from gemel.data import BadRows, Columns, Pairs, QuestionColumns, Rows, Source
from gemel.errors import DataError, FolderError
from gemel.evaluation import (
    Refit,
    Report,
    check_labels,
    judge,
    judge_by_halves,
    measure_robustness,
    refit,
    warn_of_findings,
)
from gemel.evaluation import evaluate as evaluate_judged
from gemel.folder import Model, check_place, replace_decision
from gemel.inference import Compared, Encoded, Engine, compare_stream, encode_file
from gemel.pretrained import DEFAULT_MODEL, came_with_gemel
from gemel.text import Progress, TfIdf


def load(model: str | Path = DEFAULT_MODEL, *, backend: str = "auto") -> Engine:
    """Load a model: `load("my-model").predict("first question", "second question")`.

    Args:
        model: a model folder, or the name of a model that ships.
        backend: see `Engine`.
    """
    return Engine.load(model, backend=backend)


def compare(
    pairs: str | Path | Source | Rows,
    model: str | Path | Model | Engine = DEFAULT_MODEL,
    *,
    columns: Columns | None = None,
    skip_bad: int | BadRows = 0,
) -> Iterator[Compared]:
    """Yield verdicts on the unlabelled pairs of a file or stream, in order, in constant memory.

    A label is ignored.
    """
    return compare_stream(open_engine(model), pairs, columns, skip_bad)


def encode(
    questions: str | Path,
    out: str | Path,
    model: str | Path | Model | Engine = DEFAULT_MODEL,
    *,
    columns: QuestionColumns | None = None,
    skip_bad: int | BadRows = 0,
    precision: str = "float32",
    threads: int = 1,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Encoded:
    """Encode a file of questions to a file of vectors, in order, in constant memory.

    Args:
        out: a `.npy` file, with the ids next to it, or a `.parquet` file.
        precision: type of the vectors: "float32", "float16" or "int8".
        resume: resume an interrupted encoding.
    """
    return encode_file(
        open_engine(model),
        questions,
        out,
        columns=columns,
        skip_bad=skip_bad,
        precision=precision,
        threads=threads,
        resume=resume,
        overwrite=overwrite,
        progress=progress,
    )


def evaluate(
    pairs: str | Path | Pairs | Rows,
    model: str | Path | Model | Engine = DEFAULT_MODEL,
    options: EvaluateOptions | None = None,
    *,
    columns: Columns | None = None,
    skip_bad: int | BadRows = 0,
    progress: Progress | None = None,
    **changes: Any,
) -> Report:
    """Measure a model on labelled pairs.

    Args:
        options: what to measure; see `EvaluateOptions`.

    Returns:
        The report. A `GemelWarning` is issued for each of its `findings`: labels that look
        inverted, or that similarity does not separate.

    Raises:
        DataError: also if the model has seen the pairs, or `page` is not a report folder.
    """
    options = EvaluateOptions.of(options, **changes)
    seed, prevalence = options.seed, options.prevalence
    if options.page is not None:
        from gemel.pages import check_page, write_page

        check_page(options.page)
    engine = open_engine(model)
    decision = engine.model.decision
    given = open_pairs(pairs, columns, BadRows.of(skip_bad))
    if not options.seen:
        fitted_on = {decision.data: "the threshold was fitted on"}
        refuse_seen(given, trained_on(engine.model) | fitted_on)
    score = functools.partial(engine.similarity, progress=progress)
    if options.halves:
        judged = judge_by_halves(given, score, decision.settings, prevalence=prevalence, seed=seed)
    else:
        judged = judge(given, score, decision, prevalence=prevalence)
    baselines = {}
    if options.tfidf_baseline or options.page is not None:
        rank = TfIdf.learn(given.texts)
        baselines["TF-IDF"] = rank(given.left_texts, given.right_texts)
    findings = check_labels(judged.similarity, given, judged.known_graph)
    report = evaluate_judged(
        judged,
        baselines=baselines,
        findings=findings,
        rounds=options.rounds,
        seed=seed,
        progress=progress,
    )
    if options.robustness or options.page is not None:
        measured = measure_robustness(
            given, engine.similarity, decision, seed=seed, progress=progress
        )
        report = dataclasses.replace(report, robustness=measured)
    if options.page is not None:
        write_page(report, judged, baselines, options.page)
    warn_of_findings(findings)
    return report


def fit(
    pairs: str | Path | Pairs | Rows,
    model: str | Path = DEFAULT_MODEL,
    options: FitOptions | None = None,
    *,
    columns: Columns | None = None,
    skip_bad: int | BadRows = 0,
    progress: Progress | None = None,
    **changes: Any,
) -> Refit:
    """Fit a model's threshold and probabilities, without training.

    Args:
        pairs: labelled pairs like those that will be scored.
        model: the model folder, whose decision is replaced unless `out` is given.
        options: objective and output; see `FitOptions`.

    Returns:
        Both decisions on these pairs. A `GemelWarning` is issued for each of its `findings`:
        inverted labels, labels that similarity does not separate, fewer than 20 pairs of a label,
        an answer or groups, one answer for all, negatives much easier than the questions'
        neighbours.

    Raises:
        DataError: also if the pairs have one label only, or findings with `strict`.
    """
    options = FitOptions.of(options, **changes)
    engine = open_engine(model)
    before, settings = engine.model.decision, options.settings
    if not isinstance(settings, DecisionConfig):
        settings = dataclasses.replace(before.settings, **{"prevalence": 0.0, **(settings or {})})
    if options.out is None and came_with_gemel(model):
        raise FolderError(
            f"{model}: ships with gemel and cannot be changed; give a folder for a copy with the "
            "new decision (--out my-model)"
        )
    place = model if options.out is None else options.out
    check_place(place, overwrite=options.overwrite or options.out is None)
    given = open_pairs(pairs, columns, BadRows.of(skip_bad))
    if not options.seen:
        refuse_seen(given, trained_on(engine.model))
    score = functools.partial(engine.similarity, progress=progress)
    encode = functools.partial(engine.encode, progress=progress)
    fitted = refit(given, score, before, settings, encode=encode)
    warn_of_findings(fitted.findings)
    if options.strict and fitted.findings:
        names = ", ".join(dict.fromkeys(each.name for each in fitted.findings))
        raise DataError(
            f"not fitted, as strict refuses what is warned of ({names}); nothing was written",
            path=given.path,
        )
    replace_decision(engine.model, fitted.decision, model, options.out, overwrite=options.overwrite)
    return fitted

"""Public functions that measure a model and fit its decision."""

import dataclasses
import functools
from pathlib import Path

from gemel.api.inputs import open_engine, open_pairs, refuse_seen, trained_on
from gemel.config import DecisionConfig
from gemel.data import BadRows, Columns, Pairs, Rows
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
from gemel.inference import Engine
from gemel.pretrained import DEFAULT_MODEL, came_with_gemel
from gemel.text import Progress, TfIdf


def evaluate(
    pairs: str | Path | Pairs | Rows,
    model: str | Path | Model | Engine = DEFAULT_MODEL,
    *,
    columns: Columns | None = None,
    skip_bad: int | BadRows = 0,
    halves: bool = False,
    seen: bool = False,
    prevalence: float = 0.0,
    tfidf_baseline: bool = False,
    robustness: bool = False,
    page: str | Path | None = None,
    rounds: int = 1000,
    seed: int = 0,
    progress: Progress | None = None,
) -> Report:
    """Measure a model on labelled pairs.

    Args:
        pairs: a CSV, TSV, JSON Lines or Parquet file, a frame, or pairs; see `read_pairs`.
        model: a model folder, model or engine; by default the one that ships.
        columns: columns, if not the usual ones.
        skip_bad: number of bad rows to skip; see `read_pairs`.
        halves: judge each half of the pairs (split by connected component) by the threshold best on
            the other, instead of the stored threshold.
        seen: allow pairs that the model was trained or fitted on.
        prevalence: weight pairs to this share of duplicates, below 1; 0: as they are.
        tfidf_baseline: rank the same pairs by TF-IDF, as a baseline.
        robustness: measure verdicts on questions with typos or other changes, and on hand-written
            pairs that differ in one detail.
        page: folder for the report as `index.html` and `report.json`, with both of the above.
        rounds: bootstrap resamples for the intervals.
        seed: seed of halves and resamples.
        progress: `progress(done, total)` callback.

    Returns:
        The report. A `GemelWarning` is issued for each of its `findings`: labels that look
        inverted, or that similarity does not separate.

    Raises:
        FolderError: the model cannot be loaded.
        DataError: the pairs cannot be read, the model has seen them, or `page` is not a report
            folder.
        MissingExtraError: a page needs matplotlib and Jinja.
    """
    if page is not None:
        from gemel.pages import check_page, write_page

        check_page(page)
    engine = open_engine(model)
    given = open_pairs(pairs, columns, BadRows.of(skip_bad))
    score = functools.partial(engine.similarity, progress=progress)
    if not seen:
        fitted_on = {engine.model.decision.data: "the threshold was fitted on"}
        refuse_seen(given, trained_on(engine.model) | fitted_on)
    decision = engine.model.decision
    if halves:
        judged = judge_by_halves(given, score, decision.settings, prevalence=prevalence, seed=seed)
    else:
        judged = judge(given, score, decision, prevalence=prevalence)
    baselines = {}
    if tfidf_baseline or page is not None:
        rival = TfIdf.learn(given.texts)
        baselines["TF-IDF"] = rival(given.left_texts, given.right_texts)
    findings = check_labels(judged.similarity, given, judged.known_graph)
    report = evaluate_judged(
        judged, baselines=baselines, findings=findings, rounds=rounds, seed=seed, progress=progress
    )
    if robustness or page is not None:
        measured = measure_robustness(
            given, engine.similarity, decision, seed=seed, progress=progress
        )
        report = dataclasses.replace(report, robustness=measured)
    if page is not None:
        write_page(report, judged, baselines, page)
    warn_of_findings(findings)
    return report


def fit(
    pairs: str | Path | Pairs | Rows,
    model: str | Path = DEFAULT_MODEL,
    *,
    out: str | Path | None = None,
    overwrite: bool = False,
    settings: DecisionConfig | None = None,
    columns: Columns | None = None,
    skip_bad: int | BadRows = 0,
    seen: bool = False,
    strict: bool = False,
    progress: Progress | None = None,
) -> Refit:
    """Fit a model's threshold and probabilities, without training.

    Args:
        pairs: labelled pairs like those that will be scored.
        model: the model folder, whose decision is replaced unless `out` is given.
        out: folder for a copy with the new decision; required for a model that ships.
        settings: decision settings; if None, the previous ones at the prevalence of the pairs.
        strict: raise, and write nothing, if there are `Refit.findings`.

    Returns:
        Both decisions on these pairs. A `GemelWarning` is issued for each of its `findings`:
        inverted labels, labels that similarity does not separate, fewer than 20 pairs of a label,
        an answer or groups, one answer for all, negatives much easier than the questions'
        neighbours.

    Raises:
        DataError: also if the pairs have one label only, or findings with `strict`.
    """
    engine = open_engine(model)
    if out is None and came_with_gemel(model):
        raise FolderError(
            f"{model}: ships with gemel and cannot be changed; give a folder for a copy with the "
            "new decision (--out my-model)"
        )
    check_place(model if out is None else out, overwrite=overwrite or out is None)
    given = open_pairs(pairs, columns, BadRows.of(skip_bad))
    if not seen:
        refuse_seen(given, trained_on(engine.model))
    before = engine.model.decision
    score = functools.partial(engine.similarity, progress=progress)
    settings = settings or dataclasses.replace(before.settings, prevalence=0.0)
    encode = functools.partial(engine.encode, progress=progress)
    fitted = refit(given, score, before, settings, encode=encode)
    warn_of_findings(fitted.findings)
    if strict and fitted.findings:
        names = ", ".join(dict.fromkeys(each.name for each in fitted.findings))
        raise DataError(
            f"not fitted, as strict refuses what is warned of ({names}); nothing was written",
            path=given.path,
        )
    replace_decision(engine.model, fitted.decision, model, out, overwrite=overwrite)
    return fitted

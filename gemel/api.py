"""The library's verbs, each a few lines over the rooms below; torch is imported on first use."""

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gemel.config import Config, DecisionConfig
from gemel.data import (
    Audit,
    BadRows,
    Columns,
    Pairs,
    SampleReport,
    Source,
    SplitReport,
    audit_files,
    read_pairs,
    split_file,
    write_sample,
)
from gemel.errors import DataError, FolderError, MissingExtraError
from gemel.evaluation import (
    Refit,
    Report,
    TfIdf,
    judge,
    judge_by_halves,
    measure_robustness,
    refit,
)
from gemel.evaluation import evaluate as evaluate_judged
from gemel.folder import Model, check_place, load_model, replace_decision
from gemel.inference import Compared, Engine, compare_stream
from gemel.pretrained import DEFAULT_MODEL, came_with_gemel
from gemel.text import Progress

if TYPE_CHECKING:
    from gemel.training import Reporter

__all__ = ["audit", "compare", "evaluate", "fit", "load", "sample", "split", "train"]


def train(
    pairs: str | Path | Pairs,
    out: str | Path,
    *,
    config: Config | None = None,
    validation: str | Path | Pairs | None = None,
    columns: Columns | None = None,
    skip_bad: int | BadRows = 0,
    start: str | Path | Model | None = None,
    reporter: "Reporter | None" = None,
    logs: str | Path | None = None,
    checkpoint_every: float = 60.0,
    resume: bool = False,
    overwrite: bool = False,
) -> Model:
    """Learn from labelled pairs and write a model folder.

    While it lasts, a checkpoint lies beside the folder, under its name and `.checkpoint`.

    Args:
        pairs: a CSV, TSV, JSON Lines or Parquet file, or pairs already read.
        out: where the folder shall be.
        config: settings; those of `start`, or the defaults, if None.
        validation: pairs to choose epoch, threshold and calibration on; a share of `pairs`,
            kept out of training, if None.
        columns: the columns, where they are not the usual ones.
        skip_bad: how many bad rows may be passed over; see `read_pairs`.
        start: a model to go on from; its vocabulary grows by the new words.
        reporter: is told what happens.
        logs: a folder for a log of JSON lines and for TensorBoard events; none if None.
        checkpoint_every: seconds between two checkpoints.
        resume: whether to go on from the checkpoint, if there is one.
        overwrite: whether a model or a checkpoint that stands there may be replaced.

    Returns:
        What was written.

    Raises:
        MissingExtraError: torch is not installed.
        FolderError: something stands at `out`, or a checkpoint beside it, that may not be replaced.
        DataError: the pairs cannot be read or learned from.
        ConfigError, TrainingStopped: see `gemel.training.learn`.
    """
    out = Path(out)
    check_place(out, overwrite=overwrite)
    try:
        from gemel.training import Silent, train_to_folder
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingExtraError("training", "train") from error
    reporter = reporter or Silent()
    begun = load_model(start) if isinstance(start, str | Path) else start
    bad_rows = BadRows.of(skip_bad)
    given = _pairs(pairs, columns, bad_rows)
    chosen_on = None if validation is None else _pairs(validation, columns, bad_rows)
    if bad_rows.count:
        reporter.warn(str(bad_rows))
    return train_to_folder(
        given,
        out,
        config=config,
        validation=chosen_on,
        start=begun,
        reporter=reporter,
        logs=None if logs is None else Path(logs),
        checkpoint_every=checkpoint_every,
        resume=resume,
        overwrite=overwrite,
    )


def evaluate(
    pairs: str | Path | Pairs,
    model: str | Path | Model | Engine = DEFAULT_MODEL,
    *,
    columns: Columns | None = None,
    skip_bad: int | BadRows = 0,
    halves: bool = False,
    seen: bool = False,
    prevalence: float = 0.0,
    beside_tfidf: bool = False,
    robustness: bool = False,
    page: str | Path | None = None,
    rounds: int = 1000,
    seed: int = 0,
    progress: Progress | None = None,
) -> Report:
    """Measure a model on labelled pairs.

    Args:
        pairs: a CSV, TSV, JSON Lines or Parquet file, or pairs already read.
        model: a model folder, what `train` returned, or an engine; the model that came with gemel
            if none is named.
        columns: the columns, where they are not the usual ones.
        skip_bad: how many bad rows may be passed over; see `read_pairs`.
        halves: False judges by the threshold stored in the model; True judges each half of the
            pairs (cut by connected component) by the threshold that is best on the other half.
        seen: whether pairs that the model was trained or its threshold fitted on are let through.
        prevalence: weigh the pairs as if this share of them asked the same, below 1; 0: as they
            are.
        beside_tfidf: whether TF-IDF is to rank the same pairs, as what a model has to beat.
        robustness: whether to measure what becomes of verdicts when questions are typed otherwise,
            or differ in one detail.
        page: a folder for the report as a page to read, `index.html`, and as `report.json`; both
            of the above are then in it.
        rounds: bootstrap resamples for the intervals.
        seed: of halves and resamples.
        progress: is told how far the work is.

    Raises:
        FolderError: the model cannot be loaded.
        DataError: the pairs cannot be read, or the model has seen them; or `page` holds something
            that is no report.
        MissingExtraError: a page without matplotlib and Jinja installed.
    """
    if page is not None:
        from gemel.pages import check_page, write_page

        check_page(page)
    engine = _engine(model)
    given = _pairs(pairs, columns, BadRows.of(skip_bad))
    score = functools.partial(engine.similarity, progress=progress)
    if not seen:
        fitted_on = {engine.model.decision.data: "the threshold was fitted on"}
        _refuse(given, _trained_on(engine.model) | fitted_on)
    decision = engine.model.decision
    if halves:
        judged = judge_by_halves(given, score, decision.settings, prevalence=prevalence, seed=seed)
    else:
        judged = judge(given, score, decision, prevalence=prevalence)
    beside = {}
    if beside_tfidf or page is not None:
        rival = TfIdf(given.texts)
        beside["TF-IDF"] = rival(given.left_texts, given.right_texts)
    report = evaluate_judged(judged, beside=beside, rounds=rounds, seed=seed, progress=progress)
    if robustness or page is not None:
        measured = measure_robustness(
            given, engine.similarity, decision, seed=seed, progress=progress
        )
        report = dataclasses.replace(report, robustness=measured)
    if page is not None:
        write_page(report, judged, beside, page)
    return report


def fit(
    pairs: str | Path | Pairs,
    model: str | Path = DEFAULT_MODEL,
    *,
    out: str | Path | None = None,
    overwrite: bool = False,
    settings: DecisionConfig | None = None,
    columns: Columns | None = None,
    skip_bad: int | BadRows = 0,
    seen: bool = False,
    progress: Progress | None = None,
) -> Refit:
    """Fit a model's threshold and probabilities again, without training.

    Args:
        pairs: a CSV, TSV, JSON Lines or Parquet file, or pairs already read, like those that the
            model will meet.
        model: the model folder, whose decision is replaced, unless `out` is given.
        out: where to put a copy of the model with the new decision; one that came with gemel
            needs it.
        overwrite: whether a model that stands at `out` may be replaced.
        settings: what to fit for; as before, at the prevalence of the pairs, if None.
        columns: the columns, where they are not the usual ones.
        skip_bad: how many bad rows may be passed over; see `read_pairs`.
        seen: whether pairs that the model was trained on are let through.
        progress: is told how far the work is.

    Raises:
        FolderError: the model cannot be loaded, came with gemel, or `out` holds something.
        DataError: the pairs cannot be read, have one label only, or the model was trained on them.
        OSError: the folder cannot be written; what stood there stays.
    """
    engine = load(model)
    if out is None and came_with_gemel(model):
        raise FolderError(
            f"{model}: came with gemel and stays as it is; say where to put a copy of it with the "
            "new decision (--out my-model)"
        )
    check_place(model if out is None else out, overwrite=overwrite or out is None)
    given = _pairs(pairs, columns, BadRows.of(skip_bad))
    if not seen:
        _refuse(given, _trained_on(engine.model))
    before = engine.model.decision
    score = functools.partial(engine.similarity, progress=progress)
    settings = settings or dataclasses.replace(before.settings, prevalence=0.0)
    fitted = refit(given, score, before, settings)
    replace_decision(engine.model, fitted.decision, model, out, overwrite=overwrite)
    return fitted


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
    return compare_stream(_engine(model), pairs, columns, skip_bad)


def audit(
    *pairs: str | Path | Pairs, columns: Columns | None = None, skip_bad: int | BadRows = 0
) -> Audit:
    """Look at labelled pairs before learning from them, and at what several files share.

    Args:
        pairs: files as `train` takes them, or pairs already read; first what a model is to
            learn from.
        columns: the columns, where they are not the usual ones.
        skip_bad: how many bad rows may be passed over, of all files; see `read_pairs`.

    Raises:
        DataError: pairs cannot be read, or there are none.
    """
    bad_rows = BadRows.of(skip_bad)
    return audit_files([_pairs(some, columns, bad_rows) for some in pairs])


def split(
    pairs: str | Path,
    out: str | Path,
    *,
    parts: Mapping[str, float] | None = None,
    folds: int | None = None,
    seed: int = 0,
    columns: Columns | None = None,
    skip_bad: int | BadRows = 0,
) -> SplitReport:
    """Deal the rows of a file into parts so that no question is in two of them.

    Args:
        pairs: a CSV, TSV, JSON Lines or Parquet file, whose rows are copied as they stand.
        out: the folder to make: `NAME.csv` for each part, or `fold-1/train.csv` and so on.
        parts: name and share of each part; train 0.8, validation 0.1, test 0.1 if None.
        folds: how many times to split into `train` and `test`; each row is in one `test`.
        seed: another seed, another split; the order of the rows makes no difference.
        columns: the columns, where they are not the usual ones.
        skip_bad: how many bad rows may be passed over; see `read_pairs`.

    Raises:
        ConfigError: shares, names, folds or a seed without meaning.
        DataError: the file cannot be read, a part would be empty, or `out` holds something.
    """
    return split_file(
        pairs, out, parts=parts, folds=folds, seed=seed, columns=columns, skip_bad=skip_bad
    )


def sample(out: str | Path) -> SampleReport:
    """Write the help-desk sample: `train.tsv` to learn from, `held-out.tsv` to be measured on.

    No question, and no group of questions that ask the same, is in both. The few near misses
    between the two are in neither.

    Args:
        out: the folder to make.

    Raises:
        DataError: `out` holds something.
    """
    return write_sample(out)


def _pairs(pairs: str | Path | Pairs, columns: Columns | None, bad_rows: BadRows) -> Pairs:
    return pairs if isinstance(pairs, Pairs) else read_pairs(pairs, columns, bad_rows)


def _engine(model: str | Path | Model | Engine) -> Engine:
    if isinstance(model, str | Path):
        return load(model)
    return Engine(model) if isinstance(model, Model) else model


def _trained_on(model: Model) -> dict[str, str]:
    """Give the digests of pairs that the network learned from, and what to say of them."""
    digests = [model.training["data"], *model.training.get("earlier_data", [])]
    return dict.fromkeys(digests, "the model was trained on")


def _refuse(pairs: Pairs, known: Mapping[str, str]) -> None:
    if pairs.digest in known:
        raise DataError(
            f"these are the very pairs that {known[pairs.digest]}, which would flatter it; "
            "take others, or add --seen",
            path=pairs.path,
        )

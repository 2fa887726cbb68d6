"""Public functions that train; torch is imported on first use."""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from gemel.api.inputs import open_pairs, open_several
from gemel.config import Config, TrainOptions
from gemel.data import BadRows, Columns, Pairs, Rows, merge_pairs
from gemel.data.word_vectors import VectorFile
from gemel.errors import MissingExtraError
from gemel.folder import Model, check_place, load_model
from gemel.pretrained import DEFAULT_MODEL

if TYPE_CHECKING:
    from gemel.training import Ranks, Refined, Reporter


def train(
    pairs: str | Path | Pairs | Rows,
    out: str | Path,
    options: TrainOptions | None = None,
    *,
    config: Config | None = None,
    columns: Columns | None = None,
    skip_bad: int | BadRows = 0,
    reporter: "Reporter | None" = None,
    ranks: "Ranks | None" = None,
    **changes: Any,
) -> Model:
    """Train on labelled pairs and write a model folder.

    During training a checkpoint is in `OUT.checkpoint`.

    Args:
        out: path of the folder.
        options: how to train; see `TrainOptions`.
        config: settings; those of the model to continue from, or the defaults, if None.
        reporter: receives events; if None, warnings are issued as `GemelWarning`.
        ranks: processes that train together, from `gemel.training.joined`; None: this one alone.

    Raises:
        TrainingError, TrainingStopped: see `gemel.training.learn`.
    """
    out = Path(out)
    options = TrainOptions.of(options, **changes)
    is_first = ranks is None or ranks.is_first
    if is_first:
        check_place(out, overwrite=options.overwrite)
    training = _training()
    reporter = reporter or training.WarningReporter()
    start, vectors, validation = options.start, options.vectors, options.validation
    if isinstance(start, str | Path):
        start = load_model(start)
    if isinstance(vectors, str | Path):
        vectors = VectorFile(vectors)
    bad_rows = BadRows.of(skip_bad)
    given = open_pairs(pairs, columns, bad_rows)
    if validation is not None:
        validation = open_pairs(validation, columns, bad_rows)
    if bad_rows.count and is_first:
        reporter.warn(str(bad_rows))
    options = TrainOptions.of(options, start=start, vectors=vectors, validation=validation)
    model: Model = training.train_to_folder(
        given, out, options, config=config, reporter=reporter, ranks=ranks
    )
    return model


def refine(
    add: str | Path | Pairs | Rows | Sequence[str | Path],
    out: str | Path,
    *,
    start: str | Path | Model = DEFAULT_MODEL,
    pairs: str | Path | Pairs | Rows | None = None,
    config: Config | None = None,
    columns: Columns | None = None,
    skip_bad: int | BadRows = 0,
    reporter: "Reporter | None" = None,
    overwrite: bool = False,
) -> "Refined":
    """Train on a few pairs, such as reviewed ones, on top of a model.

    The decision is fitted on the same pairs, each scored by a network that was not trained on it.

    Args:
        add: files or frames of labelled pairs, or pairs. The last label of a repeated pair counts.
        out: path of the folder.
        start: model to continue from.
        pairs: known pairs, some of which are replayed so that they are not forgotten.
        config: settings; those of `start` changed by `gemel.config.REFINING`, if None.
        columns: columns of `pairs`, or without them of `add`, if not the usual ones.
        reporter: receives events; if None, warnings are issued as `GemelWarning`.

    Returns:
        The model, and its figures compared with those before.
    """
    out = Path(out)
    check_place(out, overwrite=overwrite)
    training = _training()
    reporter = reporter or training.WarningReporter()
    begun = load_model(start) if isinstance(start, str | Path) else start
    bad_rows = BadRows.of(skip_bad)
    own = columns if pairs is None else None
    known = None if pairs is None else open_pairs(pairs, columns, bad_rows)
    added = merge_pairs(open_several(add, own, bad_rows))
    if bad_rows.count:
        reporter.warn(str(bad_rows))
    refined: Refined = training.refine_to_folder(
        begun, added, out, known=known, config=config, reporter=reporter, overwrite=overwrite
    )
    return refined


def _training() -> ModuleType:
    """Import `gemel.training`.

    Raises:
        MissingExtraError: torch is not installed.
    """
    try:
        from gemel import training
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "torch":
            raise
        raise MissingExtraError("training", "train") from error
    return training

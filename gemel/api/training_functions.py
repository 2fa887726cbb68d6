"""The verbs that learn; torch is imported on first use."""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from gemel.api.inputs import open_pairs, open_several
from gemel.config import Config
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
    *,
    config: Config | None = None,
    validation: str | Path | Pairs | Rows | None = None,
    columns: Columns | None = None,
    skip_bad: int | BadRows = 0,
    start: str | Path | Model | None = None,
    vectors: str | Path | None = None,
    reporter: "Reporter | None" = None,
    logs: str | Path | None = None,
    checkpoint_every: float = 60.0,
    resume: bool = False,
    overwrite: bool = False,
    ranks: "Ranks | None" = None,
) -> Model:
    """Learn from labelled pairs and write a model folder.

    While it lasts, a checkpoint lies beside the folder, under its name and `.checkpoint`.

    Args:
        pairs: a CSV, TSV, JSON Lines or Parquet file, a frame, or pairs; see `read_pairs`.
        out: where the folder shall be.
        config: settings; those of `start`, or the defaults, if None.
        validation: pairs to choose epoch, threshold and calibration on; a share of `pairs`,
            kept out of training, if None.
        columns: the columns, where they are not the usual ones.
        skip_bad: how many bad rows may be passed over; see `read_pairs`.
        start: a model to go on from; its vocabulary grows by the new words.
        vectors: word vectors of others, that the words which have one begin with; see
            `gemel.data.word_vectors.VectorFile`. Not with `start`.
        reporter: is told what happens; if None, warnings come as a `GemelWarning`.
        logs: a folder for a log of JSON lines and for TensorBoard events; none if None.
        checkpoint_every: seconds between two checkpoints.
        resume: whether to go on from the checkpoint, if there is one.
        overwrite: whether a model or a checkpoint that stands there may be replaced.
        ranks: the processes that learn together, from `gemel.training.joined`; this one alone if
            None. Each is given the same; the first one writes and reports.

    Returns:
        What was written.

    Raises:
        MissingExtraError: torch is not installed.
        FolderError: something stands at `out`, or a checkpoint beside it, that may not be replaced.
        DataError: the pairs cannot be read or learned from.
        ConfigError, TrainingError, TrainingStopped: see `gemel.training.learn`.
    """
    out = Path(out)
    is_first = ranks is None or ranks.is_first
    if is_first:
        check_place(out, overwrite=overwrite)
    training = _training()
    reporter = reporter or training.WarningReporter()
    begun = load_model(start) if isinstance(start, str | Path) else start
    words = None if vectors is None else VectorFile(vectors)
    bad_rows = BadRows.of(skip_bad)
    given = open_pairs(pairs, columns, bad_rows)
    chosen_on = None if validation is None else open_pairs(validation, columns, bad_rows)
    if bad_rows.count and is_first:
        reporter.warn(str(bad_rows))
    model: Model = training.train_to_folder(
        given,
        out,
        config=config,
        validation=chosen_on,
        start=begun,
        vectors=words,
        reporter=reporter,
        logs=None if logs is None else Path(logs),
        checkpoint_every=checkpoint_every,
        resume=resume,
        overwrite=overwrite,
        ranks=ranks,
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
    """Learn from a few pairs, such as people have decided, on top of a model.

    Its threshold is fitted on the same pairs, each judged by a network that has not learned from
    it.

    Args:
        add: files or frames of labelled pairs, or pairs. If a pair stands there twice, the last
            label counts.
        out: where the folder shall be.
        start: the model to go on from.
        pairs: pairs that it has learned from before, some of which it learns once more, so that
            they are not forgotten.
        config: settings; those of `start`, changed by `gemel.config.REFINING`, if None.
        columns: the columns of `pairs`, or if there are none of `add`, where they are not the usual
            ones.
        skip_bad: how many bad rows may be passed over; see `read_pairs`.
        reporter: is told what happens; if None, warnings come as a `GemelWarning`.
        overwrite: whether a model that stands there may be replaced.

    Returns:
        What was written, and how it does beside the model before.

    Raises:
        MissingExtraError: torch is not installed.
        FolderError: something stands at `out` that may not be replaced.
        DataError: the pairs cannot be read, or there are too few.
        ConfigError: settings for another network.
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
    """Import what learns.

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

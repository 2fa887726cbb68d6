"""A training from pairs to a model folder: place, checkpoint, logs, picture."""

import contextlib
import functools
from pathlib import Path

from gemel.config import Config, TrainOptions
from gemel.data import Pairs
from gemel.errors import ConfigError, FolderError, MissingExtraError
from gemel.folder import Model, save_model
from gemel.plots import draw_training, render
from gemel.training.logs import LOG, open_logs
from gemel.training.ranks import Ranks
from gemel.training.refinement import Refined, refine
from gemel.training.reporters import Reporter, Several, Silent
from gemel.training.train_model import learn


def checkpoint_of(out: Path) -> Path:
    """Name the file next to a model folder that holds its training while it lasts."""
    out = out if out.name not in ("", "..") else out.resolve()
    return out.with_name(f"{out.name}.checkpoint")


def train_to_folder(
    pairs: Pairs,
    out: Path,
    options: TrainOptions,
    *,
    config: Config | None,
    reporter: Reporter,
    ranks: Ranks | None = None,
) -> Model:
    """Train with a checkpoint next to the folder, which is removed when the folder is written.

    Args:
        pairs, options, config, reporter: see `learn`.
        out: the folder to write.
        ranks: the processes that train together; this one alone if None. Only rank 0 writes and
            reports.

    Raises:
        FolderError: there is a checkpoint or a log, and neither `resume` nor `overwrite`.
        ConfigError: the logs would be in the model folder.
    """
    checkpoint = checkpoint_of(out)
    train = functools.partial(learn, pairs, config, options, checkpoint=checkpoint, ranks=ranks)
    if ranks is not None and not ranks.is_first:
        return train(reporter=Silent())
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    may_exist = options.resume or options.overwrite
    if checkpoint.exists() and not may_exist:
        raise FolderError(
            f"{checkpoint}: holds a training that was not finished; "
            "add --resume to resume it, or --overwrite to begin again"
        )
    with contextlib.ExitStack() as stack:
        if options.logs is not None:
            logs = Path(options.logs)
            if logs.resolve().is_relative_to(out.resolve()):
                raise ConfigError(f"{logs}: the logs cannot be in the model folder; choose another")
            if (logs / LOG).exists() and not may_exist:
                raise FolderError(
                    f"{logs / LOG}: the log of another training; name another folder, or add "
                    "--overwrite"
                )
            reporter = Several([reporter, *stack.enter_context(open_logs(logs, reporter))])
        model = train(reporter=reporter)
    save_model(model, out, picture=_picture(model, reporter), overwrite=options.overwrite)
    checkpoint.unlink(missing_ok=True)
    return model


def refine_to_folder(
    start: Model,
    added: Pairs,
    out: Path,
    *,
    known: Pairs | None,
    config: Config | None,
    reporter: Reporter,
    overwrite: bool,
) -> Refined:
    """Train on a few pairs on top of a model, and write the folder; see `refine`."""
    refined = refine(start, added, known=known, config=config, reporter=reporter)
    picture = _picture(refined.model, reporter)
    save_model(refined.model, out, picture=picture, overwrite=overwrite)
    return refined


def _picture(model: Model, reporter: Reporter) -> bytes | None:
    try:
        return render(draw_training(model.training))
    except MissingExtraError as error:
        reporter.note(f"no picture of the loss: {error}")
    except Exception as error:  # whatever goes wrong with a picture, the model is worth more
        reporter.warn(f"no picture of the loss: {error}")
    return None

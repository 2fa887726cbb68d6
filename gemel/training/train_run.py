"""A training from pairs to a model folder: place, checkpoint, logs, picture."""

import contextlib
from pathlib import Path

from gemel.config import Config
from gemel.data import Pairs
from gemel.data.word_vectors import VectorFile
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
    *,
    config: Config | None,
    validation: Pairs | None,
    start: Model | None,
    reporter: Reporter,
    logs: Path | None,
    checkpoint_every: float,
    resume: bool,
    overwrite: bool,
    vectors: VectorFile | None = None,
    ranks: Ranks | None = None,
) -> Model:
    """Learn, with a checkpoint next to the folder that goes once the folder is there.

    Args:
        out: the folder to write; see `learn` for the others.
        logs: a folder for logs; none if None.
        overwrite: whether a model, or another training's checkpoint, may be overwritten.
        ranks: the processes that learn together; this one alone if None. Only the first one writes
            and reports.

    Raises:
        FolderError: a checkpoint or a log is there, and no one decided what to do with it.
        ConfigError: the logs would are in the model folder.
    """
    checkpoint = checkpoint_of(out)
    if ranks is not None and not ranks.is_first:
        return learn(
            pairs,
            config,
            validation=validation,
            start=start,
            vectors=vectors,
            reporter=Silent(),
            checkpoint=checkpoint,
            ranks=ranks,
        )
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    if checkpoint.exists() and not (resume or overwrite):
        raise FolderError(
            f"{checkpoint}: holds a training that was not finished; "
            "add --resume to resume it, or --overwrite to begin again"
        )
    with contextlib.ExitStack() as stack:
        if logs is not None:
            if logs.resolve().is_relative_to(out.resolve()):
                raise ConfigError(
                    f"{logs}: the logs cannot are in the model folder; choose another"
                )
            if (logs / LOG).exists() and not (resume or overwrite):
                raise FolderError(
                    f"{logs / LOG}: the log of another training; name another folder, or add "
                    "--overwrite"
                )
            opened = stack.enter_context(open_logs(logs, reporter))
            reporter = Several([reporter, *opened])
        model = learn(
            pairs,
            config,
            validation=validation,
            start=start,
            vectors=vectors,
            reporter=reporter,
            checkpoint=checkpoint,
            checkpoint_every=checkpoint_every,
            resume=resume,
            ranks=ranks,
        )
    save_model(model, out, picture=_picture(model, reporter), overwrite=overwrite)
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
    """Learn from a few pairs on top of a model, and write the folder.

    Args:
        out: the folder to write; see `refine` for the others.
        overwrite: whether a model may be overwritten.
    """
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

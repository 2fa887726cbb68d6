"""Options of `train`."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gemel.config.base import Options, option
from gemel.config.require import require_number


@dataclass(frozen=True, kw_only=True)
class TrainOptions(Options):
    """What a model is trained with, apart from its pairs and settings.

    Raises:
        ConfigError: a negative interval.
    """

    validation: Any = option(
        None, "Pairs to select epoch and threshold on. Default: a share of PAIRS.", kind=Path | None
    )
    """A file or frame, or pairs; if None, a share of the pairs is held out, by component."""
    start: Any = option(
        None,
        "Continue from this model, with its settings; new words are added to its vocabulary.",
        flag="--from",
        metavar="MODEL",
        complete="model",
        kind=Path | None,
    )
    """A model or its folder."""
    vectors: Any = option(
        None,
        "Pretrained word vectors: GloVe or word2vec text (also .gz), .safetensors.",
        metavar="FILE",
        show_default=False,
        kind=Path | None,
    )
    """A file, as path or as `gemel.data.word_vectors.VectorFile`; not with `start`."""
    logs: str | Path | None = option(
        None, "Folder for logs: training.jsonl, and TensorBoard events.", kind=Path | None
    )
    """None: no logs."""
    resume: bool = option(False, "Resume an interrupted training.")
    """Resume from the checkpoint, if there is one."""
    checkpoint_every: float = option(60.0, "Time between checkpoints.", metavar="SECONDS", least=0)
    """Seconds between checkpoints; 0: after every batch."""
    overwrite: bool = option(False, "Overwrite an existing model or checkpoint.")

    def __post_init__(self) -> None:
        require_number("checkpoint_every, in seconds,", self.checkpoint_every, 0, math.inf)

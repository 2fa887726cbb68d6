"""Options of `dedupe`, `export` and `train`."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gemel.config.base import Options, option
from gemel.config.require import require_choices, require_number, require_whole
from gemel.errors import ConfigError

LINKAGES = ("average", "connected")
"""Linkages: mean probability over all pairs of a group (unscored pairs count as 0), or chains."""


@dataclass(frozen=True, kw_only=True)
class DedupeOptions(Options):
    """How duplicate groups are made.

    Raises:
        ConfigError: an option out of range.
    """

    probability: float = option(0.7, "Minimum probability of a duplicate.", metavar="P")
    linkage: str = option(
        "average", "Group by the mean over all pairs, or by chains of pairs.", choices=LINKAGES
    )
    floor: float = option(
        0.7,
        "Minimum cosine of scored pairs; lower finds more and takes longer.",
        metavar="COSINE",
        least=-1,
        most=1,
    )

    def __post_init__(self) -> None:
        require_number("floor, the least cosine,", self.floor, -1, 1)
        if not 0 < self.probability <= 1:
            raise ConfigError(f"probability must be above 0, at most 1, not {self.probability:g}")
        require_choices("", self, linkage=LINKAGES)


_MOST_SHARD = 100_000_000


@dataclass(frozen=True, kw_only=True)
class ShardOptions(DedupeOptions):
    """How duplicate groups are made in shards.

    Raises:
        ConfigError: an option out of range.
    """

    engine: str | None = option(
        None,
        "Run shards in processes of this machine (local), or on Ray. Without --work "
        "intermediate files are next to the first --out.",
        metavar="local|ray",
        complete="engine",
    )
    address: str | None = option(None, "Address of a Ray cluster, or auto.", metavar="HOST:PORT")
    processes: int | None = option(
        None, "Tasks at a time. Default: one per core.", metavar="N", least=1
    )
    shard_size: int | None = option(
        None, "Questions per shard; fewer take less memory. Default: 200,000.", metavar="N", least=1
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shard_size is not None:
            require_whole("shard_size, the questions of a shard,", self.shard_size, 1, _MOST_SHARD)


TARGETS = ("sentence-transformers", "onnx")
"""Tools that a model can be exported to."""


@dataclass(frozen=True, kw_only=True)
class ExportOptions(Options):
    """Options of an export."""

    to: str = TARGETS[0]
    """One of `TARGETS`; required on the command line."""
    int8: bool = option(False, "For onnx: also write an int8 file, a quarter as large.")
    overwrite: bool = option(False, "Overwrite an existing export.")

    def __post_init__(self) -> None:
        if self.to not in TARGETS:
            raise ConfigError(
                f"a model is exported to one of {', '.join(TARGETS)}, not {self.to!r}"
            )


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

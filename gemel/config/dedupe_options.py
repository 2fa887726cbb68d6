"""Options of `dedupe`, in memory and in shards."""

from dataclasses import dataclass

from gemel.config.base import Options, option
from gemel.config.require import require_number, require_whole
from gemel.errors import ConfigError

LINKAGES = ("average", "connected")
"""Linkages: mean probability over all pairs of a group (unscored pairs count as 0), or chains."""

_MOST_SHARD = 100_000_000


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
        if self.linkage not in LINKAGES:
            raise ConfigError(f"linkage must be one of {', '.join(LINKAGES)}, not {self.linkage!r}")


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

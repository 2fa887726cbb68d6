"""Options of `dedupe`."""

from dataclasses import dataclass

from gemel.config.base import Options, option
from gemel.config.require import require_number
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
        if self.linkage not in LINKAGES:
            raise ConfigError(f"linkage must be one of {', '.join(LINKAGES)}, not {self.linkage!r}")

"""What a hard negative must be like, by the options that sentence-transformers made known."""

from dataclasses import dataclass

from gemel.config import require_whole
from gemel.errors import ConfigError

SAMPLINGS = ("top", "random")
"""Ways of choosing among candidates that pass."""
SKIPS = (
    "same_text",
    "same_group",
    "absolute_margin",
    "relative_margin",
    "max_score",
    "min_score",
    "max_probability",
    "range_min",
)
"""Why a candidate is skipped; the first reason that holds is the one that is counted."""

_MOST = 10_000
"""Negatives of an anchor; what is written has a column for each."""
_AMPLE = 10
"""Candidates looked at for each wanted negative, where some may be skipped."""


@dataclass(frozen=True, kw_only=True)
class MiningRules:
    """Which candidates of an anchor become its negatives.

    Candidates come by falling score, the cosine with the anchor. Those that are known to ask the
    same take no place among the `range_max` that are looked at. Margins are measured from the
    anchor's positive of the least score.

    Raises:
        ConfigError: a number out of its range, or two that leave no candidate.

    Source: `mine_hard_negatives` of sentence-transformers, for the meaning of the names; the
    relative margin is that of NV-Retriever, Moreira et al. 2024.
    """

    count: int = 3
    """Negatives wanted for each anchor."""
    range_min: int = 0
    """How many of those that pass all other rules are skipped, the likest first."""
    range_max: int | None = None
    """How many are looked at, the likest; None: see `depth`."""
    min_score: float | None = None
    """The least score of a negative, -1 to 1."""
    max_score: float | None = None
    """The largest score of a negative, -1 to 1."""
    absolute_margin: float | None = None
    """How far its score must are below the positive's, 0 to 2."""
    relative_margin: float | None = None
    """The same as a share of the positive's score, 0 to 1: 0.05 is 5 %."""
    max_probability: float | None = None
    """The largest calibrated probability that it asks the same, 0 to 1. What the pairs label as
    not the same passes, however likely."""
    sampling: str = "top"
    """One of `SAMPLINGS`: the likest, or any of those that pass."""
    seed: int = 0
    """Another seed, another random choice."""

    def __post_init__(self) -> None:
        self._check_places()
        for name, low, high, meaning in _BOUNDS:
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise ConfigError(f"{name} is {meaning}, {low:g} to {high:g}, not {value:g}")
        least, most = self.min_score, self.max_score
        if least is not None and most is not None and least > most:
            raise ConfigError(
                f"min_score {least:g} is above max_score {most:g}: no candidate can be both; "
                "change one of them"
            )
        if self.sampling not in SAMPLINGS:
            raise ConfigError(
                f"sampling must be one of {', '.join(SAMPLINGS)}, not {self.sampling!r}"
            )
        require_whole("the seed", self.seed, 0, 2**64 - 1)

    @property
    def depth(self) -> int:
        """How many candidates of an anchor are looked at.

        That is `range_max`, or where it is not given `range_min` and `count` more; ten times
        `count` where a rule may skip some, or chance is to choose.
        """
        if self.range_max is not None:
            return self.range_max
        may_skip = any(getattr(self, name) is not None for name, *_ in _BOUNDS)
        ample = may_skip or self.sampling == "random"
        return self.range_min + self.count * (_AMPLE if ample else 1)

    def _check_places(self) -> None:
        require_whole("count, the negatives of an anchor,", self.count, 1, _MOST)
        require_whole("range_min", self.range_min, 0)
        if self.range_max is not None:
            require_whole("range_max", self.range_max, 0)
        if self.range_min >= self.depth:
            raise ConfigError(
                f"range_min must be below range_max, not {self.range_min} with a range_max of "
                f"{self.range_max}; lower the one, or raise the other"
            )
        if self.count > self.depth - self.range_min:
            raise ConfigError(
                f"range_min {self.range_min} and range_max {self.range_max} leave "
                f"{self.depth - self.range_min} candidates, too few for a count of {self.count}; "
                "raise range_max, or lower one of the others"
            )


_BOUNDS = (
    ("absolute_margin", 0, 2, "a difference of two scores"),
    ("relative_margin", 0, 1, "a share of the positive's score"),
    ("max_score", -1, 1, "a cosine"),
    ("min_score", -1, 1, "a cosine"),
    ("max_probability", 0, 1, "a probability"),
)

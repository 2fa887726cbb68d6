"""Rules for hard negatives, with the option names of sentence-transformers."""

from dataclasses import dataclass

from gemel.config.base import Options, option
from gemel.config.require import require_choices, require_whole
from gemel.errors import ConfigError

SAMPLINGS = ("top", "random")
"""Selection among candidates that pass."""
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
"""Reasons to skip a candidate; the first that holds is counted."""

_MOST = 10_000
"""Maximum negatives of an anchor; some forms have a column for each."""
_AMPLE = 10
"""Candidates examined per requested negative, where some may be skipped."""


@dataclass(frozen=True, kw_only=True)
class MiningRules(Options):
    """Rules for the negatives of an anchor.

    Candidates are ordered by score, the cosine with the anchor. Known duplicates do not count
    towards `range_max`. Margins are measured from the anchor's positive with the lowest score.

    Raises:
        ConfigError: a number out of range, or rules that leave no candidate.

    Source: `mine_hard_negatives` of sentence-transformers, for the names; the relative margin is
    that of NV-Retriever, Moreira et al. 2024.
    """

    count: int = option(3, "Negatives for each anchor.", metavar="N", least=1)
    sampling: str = option(
        "top",
        "Select the most similar candidates that pass the rules, or random ones.",
        choices=SAMPLINGS,
    )
    seed: int = option(0, "Seed of random choices.")
    range_min: int = option(
        0, "Skip the N most similar candidates that pass the other rules.", metavar="N", least=0
    )
    range_max: int | None = option(
        None,
        "Examine the N most similar candidates. Default: --range-min plus --count, or 10 times "
        "--count where a rule may skip some.",
        metavar="N",
        least=1,
    )
    max_score: float | None = option(
        None, "Maximum cosine of a negative, -1 to 1.", metavar="COSINE"
    )
    min_score: float | None = option(
        None, "Minimum cosine of a negative, -1 to 1.", metavar="COSINE"
    )
    absolute_margin: float | None = option(
        None, "Minimum distance below the positive's cosine, 0 to 2.", metavar="M"
    )
    relative_margin: float | None = option(
        None, "Minimum distance as a share of the positive's cosine, 0 to 1.", metavar="SHARE"
    )
    max_probability: float | None = option(
        None,
        "Maximum probability of being a duplicate, to exclude unlabelled duplicates. Labelled "
        "negatives always pass.",
        metavar="P",
    )

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
        require_choices("", self, sampling=SAMPLINGS)
        require_whole("the seed", self.seed, 0, 2**64 - 1)

    @property
    def depth(self) -> int:
        """Candidates examined for an anchor.

        `range_max`, or else `range_min` plus `count`, or ten times `count` where a rule may skip
        some or choice is random.
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

"""Settings: how similarity becomes an answer."""

import dataclasses

from gemel.config.require import require, require_kinds

OBJECTIVES = ("accuracy", "f1", "precision", "costs")
"""What a decision can be fitted for."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class DecisionConfig:
    """How similarity becomes an answer; "precision" and "costs" leave doubt to a person."""

    objective: str = "accuracy"
    """What the threshold shall be best for on validation pairs: "accuracy"; "f1"; "precision",
    which finds as many duplicates as a wanted precision allows; "costs", the least of them."""
    precision: float = 0.9
    """For "precision": the share that is to be right of what is called the same, and of what is
    called not the same; a person is asked about the rest."""
    false_positive_cost: float = 1.0
    """For "costs": of calling two questions the same that are not."""
    false_negative_cost: float = 1.0
    """For "costs": of calling two questions not the same that are."""
    review_cost: float = 0.25
    """For "costs": of asking a person."""
    prevalence: float = 0.0
    """Share of pairs that ask the same where the model will answer; 0: as in the validation
    pairs."""

    def __post_init__(self) -> None:
        require_kinds("decision", self)
        require(
            self.objective in OBJECTIVES,
            f"decision.objective must be one of {', '.join(OBJECTIVES)}, not {self.objective!r}",
        )
        require(
            0 < self.precision <= 1,
            f"decision.precision must be above 0 and at most 1, not {self.precision}",
        )
        for name in ("false_positive_cost", "false_negative_cost", "review_cost"):
            cost = getattr(self, name)
            require(0 < cost <= 1e9, f"decision.{name} must be above 0 and at most 1e9, not {cost}")
        require(
            0 <= self.prevalence < 1,
            f"decision.prevalence must be at least 0 and below 1, not {self.prevalence}",
        )

    @property
    def aim(self) -> str:
        """The objective in words, to follow "best for"."""
        if self.objective == "precision":
            return f"recall at a precision of at least {self.precision:g}"
        if self.objective == "costs":
            return (
                f"costs of {self.false_positive_cost:g} a false positive, "
                f"{self.false_negative_cost:g} a false negative, {self.review_cost:g} a review"
            )
        return self.objective

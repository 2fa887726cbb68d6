"""`gemel fit`."""

import shlex
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gemel.cli.console import print_result, printed_warnings
from gemel.cli.evaluate import answer_rows
from gemel.cli.options import Json, ModelFolder, PairsFile, chosen_model, prevalence_option
from gemel.cli.progress import WorkProgress
from gemel.cli.read_options import PairReadOptions, reads_pairs
from gemel.cli.shared_tables import comparison_rows
from gemel.cli.signatures import option, takes
from gemel.config import OBJECTIVES, FitOptions

if TYPE_CHECKING:
    from gemel.evaluation import Refit

Objective = StrEnum("Objective", [(name, name) for name in OBJECTIVES])  # type: ignore[misc]


@reads_pairs
@takes(FitOptions)
def fit(
    pairs: PairsFile,
    reading: PairReadOptions,
    options: FitOptions,
    model: ModelFolder = None,
    objective: Annotated[
        Objective | None,
        typer.Option(
            show_default=False, help="Objective of the threshold. Default: the previous one."
        ),
    ] = None,
    precision: Annotated[
        float | None,
        option(
            "SHARE",
            "Required share of right answers among “the same” and among “not the same”; "
            "the rest is “ask a person”.",
        ),
    ] = None,
    costs: Annotated[
        str | None,
        option(
            "A,B,C",
            "Lowest cost: A of a wrong “the same”, B of a wrong “not the same”, C of "
            "asking a person.",
        ),
    ] = None,
    prevalence: Annotated[
        float | None,
        prevalence_option(
            help="Share of duplicates where the model will be used. Default: the share in PAIRS."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Fit a model's threshold and probabilities, without training.

    PAIRS should be like those that will be scored, and not trained on. Warns of inverted labels,
    labels that similarity does not separate, fewer than 20 pairs of a label, an answer or groups,
    one answer for all, and negatives much easier than the questions' nearest neighbours, which
    `gemel check` scores.

    Example: gemel fit validation.csv --model my-model --precision 0.95
    """
    from gemel import api

    model = chosen_model(model)
    with printed_warnings(), WorkProgress() as progress:
        fitted = api.fit(
            pairs,
            model,
            options,
            settings=_wanted(objective, precision, costs, prevalence),
            columns=reading.columns,
            skip_bad=reading.skip_bad,
            progress=progress,
        )
    reading.warn()
    print_result(fitted.decision, _text(fitted, options.out or model), as_json=as_json)


def _wanted(
    objective: Objective | None,
    precision: float | None,
    costs: str | None,
    prevalence: float | None,
) -> dict[str, Any]:
    """Return the changed settings; --precision and --costs set their objective."""
    wanted: dict[str, Any] = {"prevalence": prevalence or 0.0}
    if precision is not None:
        wanted |= {"objective": "precision", "precision": precision}
    if costs is not None:
        wanted |= {"objective": "costs", **_costs(costs)}
    if objective is not None:
        wanted["objective"] = objective.value
    unused = {"precision": precision, "costs": costs}
    for name, value in unused.items():
        if value is not None and wanted["objective"] != name:
            raise typer.BadParameter(
                f"is for the objective {name}, not {wanted['objective']}", param_hint=f"--{name}"
            )
    return wanted


def _costs(text: str) -> dict[str, float]:
    names = ("false_positive_cost", "false_negative_cost", "review_cost")
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != len(names):
        raise typer.BadParameter(
            f"{text!r} is not three numbers with commas, as 5,1,0.3", param_hint="--costs"
        )
    return dict(zip(names, numbers, strict=True))


def _text(fitted: "Refit", model: str | Path) -> Iterator[str]:
    pairs, decision = fitted.after.pairs, fitted.decision
    yield (
        f"{model}: decision fitted on {len(pairs):,} pairs, of which {pairs.prevalence:.1%} ask "
        "the same"
    )
    yield f"best for {decision.settings.aim}" + (
        f", where {decision.prevalence:.1%} ask the same" if decision.settings.prevalence else ""
    )
    yield ""
    yield from comparison_rows(fitted, "on these pairs")
    yield ""
    yield from answer_rows(fitted.after.shares)
    yield ""
    yield (
        "fitted on these very pairs, the new one flatters itself a little; measure it on others:"
    )
    yield f"gemel evaluate other-pairs.csv --model {shlex.quote(str(model))}"

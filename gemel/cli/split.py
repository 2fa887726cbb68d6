"""`gemel split`."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gemel.cli.console import counted, print_result
from gemel.cli.options import Json, PairsFile
from gemel.cli.read_options import PairReadOptions, reads_pairs
from gemel.cli.signatures import option

if TYPE_CHECKING:
    from gemel.data import SplitReport


@reads_pairs
def split(
    pairs: PairsFile,
    reading: PairReadOptions,
    out: Annotated[Path, option("DIR", "Folder to create.")],
    part: Annotated[
        list[str] | None,
        option(
            "NAME=SHARE",
            "Name of a part and its share of the pairs. Repeatable. Default: train=0.8, "
            "validation=0.1, test=0.1.",
        ),
    ] = None,
    folds: Annotated[
        int | None,
        option("K", "Split K times into train and test; each row is in at most one test."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the split.")] = 0,
    as_json: Json = False,
) -> None:
    """Split labelled pairs so that no question is in two parts.

    What pairs connect, of either label, stays together, and copies that differ in case, spaces or
    a final mark are one question. A component above 5 % of the pairs is cut between duplicate
    groups; pairs whose two questions are then in different parts are dropped and counted. Rows
    are copied unchanged; their order makes no difference.

    Example: gemel split pairs.csv --out parts --part train=0.9 --part test=0.1
    """
    from gemel import api

    report = api.split(
        pairs,
        out,
        parts=_parts(part) if part else None,
        folds=folds,
        seed=seed,
        columns=reading.columns,
        skip_bad=reading.skip_bad,
    )
    reading.warn()
    print_result(report, [*_text(report), *_next(report, reading.as_options)], as_json=as_json)


def _parts(assignments: list[str]) -> dict[str, float]:
    shares: dict[str, float] = {}
    for assignment in assignments:
        name, _, share = assignment.rpartition("=")
        try:
            number = float(share)
        except ValueError:
            name = ""
        if not name:
            raise typer.BadParameter(
                f"{assignment!r} is no name with a share, as test=0.1", param_hint="--part"
            )
        if name in shares:
            raise typer.BadParameter(f"{name} is there twice", param_hint="--part")
        shares[name] = number
    return shares


def _text(report: "SplitReport") -> Iterator[str]:
    yield (
        f"{report.data}: {report.pairs:,} pairs, {report.duplicates / report.pairs:.1%} labelled 1"
    )
    yield ""
    width = max(len(part.path) for part in report.parts)
    yield (
        f"{'':{width}} {'pairs':>11} {'share':>7} {'labelled 1':>11} "
        f"{'questions':>11} {'in others too':>14}"
    )
    for part in report.parts:
        yield (
            f"{part.path:{width}} {part.pairs:11,} {part.pairs / report.pairs:7.1%} "
            f"{part.prevalence:11.1%} {part.questions:11,} {part.shared_questions:14,}"
        )
    yield ""
    kinds = "components and duplicate groups" if report.cut_components else "components"
    yield f"{report.units:,} {kinds}, linked by pairs of either label; no question is in two parts"
    if report.cut_components:
        yield (
            f"{counted(report.cut_components, 'component')} above 5% of the pairs "
            f"{'was' if report.cut_components == 1 else 'were'} cut between duplicate groups:"
        )
        has_folds = len({Path(part.path).name for part in report.parts}) < len(report.parts)
        yield (
            f"{report.dropped_pairs:,} pairs ({report.dropped_pairs / report.pairs:.1%}) link two "
            f"{'folds and are in no test' if has_folds else 'parts and were dropped'}"
        )


def _next(report: "SplitReport", options: str) -> Iterator[str]:
    """Report what to type next, where the parts have the names for it."""
    paths = {
        Path(part.path).name.split(".")[0]: shlex.quote(part.path)
        for part in reversed(report.parts)
    }
    if "train" in paths:
        validation = paths.get("validation", paths.get("dev"))
        chosen_on = f" --validation {validation}" if validation else ""
        yield ""
        yield f"next: gemel train {paths['train']}{chosen_on} --out my-model{options}"
        if "test" in paths:
            yield f"      gemel evaluate {paths['test']} --model my-model{options}"

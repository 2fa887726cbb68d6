"""`gemel evaluate`."""

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from gemel.cli.console import print_result, printed_warnings, shortened
from gemel.cli.options import Json, ModelFolder, PairsFile, chosen_model, prevalence_option
from gemel.cli.progress import WorkProgress
from gemel.cli.read_options import PairReadOptions, reads_pairs
from gemel.cli.signatures import takes
from gemel.config import EvaluateOptions
from gemel.evaluation import (
    MEANINGS,
    Effect,
    Figure,
    Mistake,
    Report,
    Robustness,
    Share,
    in_plain_words,
    probes_in_plain_words,
)

_WIDTH = 100
_MISTAKES = 3
"""Mistakes shown of either kind; the JSON and the page have twenty."""


def describe_report(report: Report) -> Iterator[str]:
    """Yield a report as text: a summary in words, then figures."""
    thresholds = " and ".join(f"{threshold:.4f}" for threshold in report.thresholds)
    yield f"{report.data}: {report.pairs:,} pairs, {report.prevalence:.1%} ask the same"
    if report.weighed_as != report.prevalence:
        yield f"figures weighed as if {report.weighed_as:.1%} did"
    yield f"threshold {thresholds}: {report.protocol}"
    yield ""
    for sentence in in_plain_words(report):
        yield from textwrap.wrap(sentence, _WIDTH)
    yield ""
    yield f"{'':18} {'value':>6}   {'95 % interval':14}   what it is"
    for name, figure in report.figures.items():
        yield _figure(name, figure, MEANINGS[name])
    for other in report.baselines:
        for name, figure in other.figures.items():
            yield _figure(name, figure, f"of {other.name}, on the same pairs")
    yield ""
    yield from answer_rows(report.answers)
    confusion = report.confusion
    yield ""
    yield f"{'at the threshold':18} {'called the same':>16} {'called not the same':>20}"
    for name, same, other_ in (
        ("ask the same", confusion.true_positives, confusion.false_negatives),
        ("do not", confusion.false_positives, confusion.true_negatives),
    ):
        yield f"{name:18} {same:16,.0f} {other_:20,.0f}"
    yield from _mistakes("worst false positives", report.false_positives)
    yield from _mistakes("worst false negatives", report.false_negatives)
    if report.robustness is not None:
        yield from _robustness(report.robustness)


def _figure(name: str, figure: Figure, meaning: str) -> str:
    interval = f"{figure.low:.3f} to {figure.high:.3f}"
    return f"{name.replace('_', ' '):18} {figure.value:6.3f}   {interval:14}   {meaning}"


def answer_rows(shares: tuple[Share, ...]) -> Iterator[str]:
    """Yield a table of answers, "the same" first."""
    yield f"{'answer':18} {'pairs':>9} {'of all':>8} {'of these ask the same':>23}"
    for share in reversed(shares):
        right = f"{share.prevalence:.1%}" if share.pairs else "none"
        yield f"{share.answer:18} {share.pairs:9,} {share.share:8.1%} {right:>23}"


def _mistakes(title: str, mistakes: tuple[Mistake, ...]) -> Iterator[str]:
    if not mistakes:
        return
    yield ""
    more = ", --json has more" if len(mistakes) > _MISTAKES else ""
    yield f"{title} (line, similarity{more})"
    for mistake in mistakes[:_MISTAKES]:
        yield f"{mistake.line:7} {mistake.similarity:7.3f}  {_question(mistake.left)}"
        yield f"{'':17}{_question(mistake.right)}"


def _question(text: str) -> str:
    return shortened(" ".join(text.split()), _WIDTH - 18)


def _robustness(found: Robustness) -> Iterator[str]:
    of = "" if found.pairs == found.of else f", {found.pairs:,} of {found.of:,} pairs at random"
    yield ""
    yield f"typed differently{of}"
    yield f"{'':18} {'pairs':>7} {'flipped':>8} {'accuracy':>16} {'similarity':>11}"
    for effect in found.effects:
        yield _effect(effect)
    yield "(numbers: of the second question only; “not the same” is then the right verdict)"
    symmetry, identity = found.symmetry, found.identity
    yield (
        f"verdicts that change when the two questions change places: {symmetry.failures:,} of "
        f"{symmetry.pairs:,}"
    )
    yield (
        f"questions that are not the same as themselves: {identity.failures:,} of "
        f"{identity.questions:,}"
    )
    yield ""
    for sentence in probes_in_plain_words(found.probes):
        yield from textwrap.wrap(sentence, _WIDTH)


def _effect(effect: Effect) -> str:
    name = effect.name.replace("_", " ")
    if effect.mean_change is None:
        return f"{name:18} {0:7}   there was nothing to change"
    accuracy = f"{effect.accuracy_before:.3f} to {effect.accuracy_after:.3f}"
    return (
        f"{name:18} {effect.pairs:7,} {effect.flipped:8.1%} {accuracy:>16} "
        f"{effect.mean_change:+11.3f}"
    )


@reads_pairs
@takes(EvaluateOptions)
def evaluate(
    pairs: PairsFile,
    reading: PairReadOptions,
    options: EvaluateOptions,
    model: ModelFolder = None,
    prevalence: Annotated[
        float | None, prevalence_option(help="Weight the pairs to this share of duplicates.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure a model on labelled pairs it was not trained on.

    Example: gemel evaluate held-out.csv --model my-model --report report
    """
    from gemel import api

    model = chosen_model(model)

    with printed_warnings(), WorkProgress() as progress:
        found = api.evaluate(
            pairs,
            model,
            options,
            columns=reading.columns,
            skip_bad=reading.skip_bad,
            prevalence=prevalence or 0.0,
            progress=progress,
        )
    reading.warn()
    print_result(found, describe_report(found), as_json=as_json)
    if options.page is not None and not as_json:
        typer.echo(f"\n{Path(options.page) / 'index.html'}: written; open it in a browser")

"""`gemel mine`."""

import dataclasses
import json
import shlex
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gemel.cli.console import notes_console
from gemel.cli.options import Json, ModelFolder, PairsFile, Threads, chosen_model
from gemel.cli.progress import WorkProgress
from gemel.cli.read_options import PairReadOptions, reads_pairs

if TYPE_CHECKING:
    from gemel.mining.mined import Mined
    from gemel.mining.mining_rules import MiningRules

_REASONS = {
    "same_text": "the anchor itself",
    "same_group": "in the anchor's duplicate group",
    "absolute_margin": "absolute margin",
    "relative_margin": "relative margin",
    "max_score": "max score",
    "min_score": "min score",
    "max_probability": "max probability",
    "range_min": "range min",
}


def describe_mined(mined: "Mined", rules: "MiningRules") -> Iterator[str]:
    """Report what was found, what each rule skipped, and which anchors have too few."""
    yield (
        f"{mined.path}: {mined.rows:,} rows ({mined.form}); {mined.negatives:,} of "
        f"{mined.wanted:,} negatives wanted for {mined.anchors:,} anchors"
    )
    yield (
        f"{mined.labelled:,} of these are labelled as not the same in the pairs; of the others "
        "no one has given it"
    )
    yield from _short_of(mined)
    yield ""
    looked, candidates = f"{mined.looked:,}", f"{mined.candidates:,}"
    yield f"{looked} candidates were looked at, of {candidates} questions; skipped were"
    for name, number in mined.skipped.items():
        setting = getattr(rules, name, None)
        if number or (setting is not None and name != "range_min"):
            said = _REASONS[name] if setting is None else f"{_REASONS[name]} {setting:g}"
            yield f"  {said:32} {number:11,} {number / mined.looked:7.1%}"
    yield ""
    yield f"{'cosine with the anchor':24} {'count':>11} {'mean':>7} {'least':>7} {'25%':>7} " + (
        f"{'median':>7} {'75%':>7} {'most':>7}"
    )
    for name, scores in (
        ("positives", mined.positive_scores),
        ("negatives", mined.negative_scores),
    ):
        yield (
            f"  {name:22} {scores.count:11,} {scores.mean:7.3f} {scores.least:7.3f} "
            f"{scores.quarter:7.3f} {scores.median:7.3f} {scores.three_quarters:7.3f} "
            f"{scores.most:7.3f}"
        )


def _short_of(mined: "Mined") -> Iterator[str]:
    if mined.few or mined.none:
        yield (
            f"{mined.few:,} anchors have fewer than were wanted, and {mined.none:,} have none: "
            + (
                f"{mined.left_out:,} were left out of the file"
                if mined.left_out
                else "their positives are in the file all the same"
            )
        )
        yield "  a larger --range-max looks at more candidates, a looser rule lets more pass"
    if mined.copies:
        yield f"duplicates whose two questions are one once cleaned, no anchors: {mined.copies:,}"
    if mined.blanks:
        yield f"pairs with a question without word or mark, skipped: {mined.blanks:,}"


class Form(StrEnum):
    """What a row of the file is."""

    TRIPLET = "triplet"
    TUPLE = "n-tuple"
    PAIR = "labeled-pair"
    LIST = "labeled-list"


class Sampling(StrEnum):
    """Which of the candidates that pass are taken."""

    TOP = "top"
    RANDOM = "random"


class Search(StrEnum):
    """What finds the nearest."""

    AUTO = "auto"
    EXACT = "exact"
    APPROXIMATE = "approximate"


@reads_pairs
def mine(
    pairs: PairsFile,
    reading: PairReadOptions,
    out: Annotated[
        Path,
        typer.Option(
            metavar="FILE", show_default=False, help="Where they go: .csv, .tsv, .jsonl, .parquet."
        ),
    ],
    corpus: Annotated[
        Path | None,
        typer.Option(
            metavar="QUESTIONS",
            show_default=False,
            help="A file of questions to take the negatives from; without it those of PAIRS.",
        ),
    ] = None,
    question: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Column of the question in --corpus: name, or place."),
    ] = None,
    model: ModelFolder = None,
    count: Annotated[int, typer.Option(metavar="N", min=1, help="Negatives for each anchor.")] = 3,
    form: Annotated[
        Form,
        typer.Option(
            help="What a row is. `gemel train` reads the negatives of triplet and labeled-pair."
        ),
    ] = Form.TRIPLET,
    sampling: Annotated[
        Sampling, typer.Option(help="Take the likest that pass the rules, or any of them.")
    ] = Sampling.TOP,
    seed: Annotated[int, typer.Option(help="Another seed, another random choice.")] = 0,
    range_min: Annotated[
        int,
        typer.Option(metavar="N", min=0, help="Skip the N likest of those that pass the rules."),
    ] = 0,
    range_max: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            show_default=False,
            help="Look at the N likest; --range-min and --count more if not given, or 10 times "
            "--count where a rule may skip some.",
        ),
    ] = None,
    max_score: Annotated[
        float | None, typer.Option(metavar="COSINE", help="The largest of a negative, -1 to 1.")
    ] = None,
    min_score: Annotated[
        float | None, typer.Option(metavar="COSINE", help="The least of a negative, -1 to 1.")
    ] = None,
    absolute_margin: Annotated[
        float | None,
        typer.Option(metavar="M", help="How far below the positive's cosine it must lie, 0 to 2."),
    ] = None,
    relative_margin: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="The same as a share of it, 0 to 1: 0.05 is 5%."),
    ] = None,
    max_probability: Annotated[
        float | None,
        typer.Option(
            metavar="P",
            help="The largest probability that it asks the same, as the model judges: what is "
            "likelier may be a duplicate that no one labelled.",
        ),
    ] = None,
    neighbours: Annotated[
        Search,
        typer.Option(help="Compare with every question, or walk a graph and miss a few."),
    ] = Search.AUTO,
    threads: Threads = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Overwrite an existing file.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Find hard negatives: near to a question, and not known to ask the same.

    The first questions of duplicates are anchors. No negative is in the anchor's duplicate group,
    which chains of pairs make, nor the same text once cleaned. The options mean what they mean in
    sentence-transformers; cosines are those of the model's vectors.

    Example: gemel mine pairs.csv --out harder.csv --count 1 --relative-margin 0.05
    """
    from gemel.api.corpus_functions import mine as mine_negatives
    from gemel.data import QuestionColumns
    from gemel.inference import available_cores
    from gemel.mining.mining_rules import MiningRules

    if question is not None and corpus is None:
        raise typer.BadParameter("goes with --corpus", param_hint="--question")
    rules = MiningRules(
        count=count,
        range_min=range_min,
        range_max=range_max,
        min_score=min_score,
        max_score=max_score,
        absolute_margin=absolute_margin,
        relative_margin=relative_margin,
        max_probability=max_probability,
        sampling=sampling.value,
        seed=seed,
    )
    chosen = chosen_model(model)
    with WorkProgress(notes_console()) as progress:
        mined = mine_negatives(
            pairs,
            out,
            chosen,
            corpus=corpus,
            rules=rules,
            form=form.value,
            neighbours=neighbours.value,
            columns=reading.columns,
            corpus_columns=QuestionColumns(question=question, html=reading.columns.html),
            skip_bad=reading.skip_bad,
            threads=threads or available_cores(),
            overwrite=overwrite,
            progress=progress,
        )
    reading.warn()
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(mined), default=str))
        return
    typer.echo("\n".join(describe_mined(mined, rules)))
    if form in (Form.TRIPLET, Form.PAIR):
        typer.echo(f"\nnext: gemel train {shlex.quote(str(out))} --out my-model")

"""`gemel mine`."""

import dataclasses
import json
import shlex
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gemel.cli.options import Json, ModelFolder, PairsFile, Threads, chosen_model, thread_count
from gemel.cli.progress import WorkProgress
from gemel.cli.read_options import PairReadOptions, reads_pairs
from gemel.cli.signatures import option, overwrites, takes
from gemel.config import MiningRules

if TYPE_CHECKING:
    from gemel.mining.mined import Mined

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
    """Yield statistics of mined negatives as text."""
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
            reason = _REASONS[name] if setting is None else f"{_REASONS[name]} {setting:g}"
            yield f"  {reason:32} {number:11,} {number / mined.looked:7.1%}"
    yield ""
    names = ("mean", "least", "25%", "median", "75%", "most")
    yield f"{'cosine with the anchor':24} {'count':>11}" + "".join(f" {name:>7}" for name in names)
    for name, found in (("positives", mined.positive_scores), ("negatives", mined.negative_scores)):
        scores = (found.mean, found.least, found.quarter, found.median, found.three_quarters)
        cells = "".join(f" {score:7.3f}" for score in (*scores, found.most))
        yield f"  {name:22} {found.count:11,}{cells}"


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
    """Forms of a row."""

    TRIPLET = "triplet"
    TUPLE = "n-tuple"
    PAIR = "labeled-pair"
    LIST = "labeled-list"


class Search(StrEnum):
    """Search methods."""

    AUTO = "auto"
    EXACT = "exact"
    APPROXIMATE = "approximate"


@reads_pairs
@takes(MiningRules, "rules")
def mine(
    pairs: PairsFile,
    reading: PairReadOptions,
    rules: MiningRules,
    out: Annotated[Path, option("FILE", "File to write: .csv, .tsv, .jsonl, .parquet.")],
    corpus: Annotated[
        Path | None,
        option(
            "QUESTIONS",
            "File of questions to take negatives from. Default: the questions of PAIRS.",
        ),
    ] = None,
    question: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="Column of the question in --corpus: name, or position from 1."
        ),
    ] = None,
    model: ModelFolder = None,
    form: Annotated[
        Form, typer.Option(help="Form of a row. `gemel train` reads triplet and labeled-pair.")
    ] = Form.TRIPLET,
    neighbours: Annotated[
        Search, typer.Option(help="Exact search, or an approximate graph that misses a few.")
    ] = Search.AUTO,
    threads: Threads = None,
    overwrite: Annotated[bool, overwrites("an existing file")] = False,
    as_json: Json = False,
) -> None:
    """Mine hard negatives: similar questions that are not known duplicates.

    The first questions of duplicates are anchors. No negative is a copy of the anchor or in its
    duplicate group, which chains of pairs form. The options are those of sentence-transformers;
    cosines are those of the model's vectors.

    Example: gemel mine pairs.csv --out harder.csv --count 1 --relative-margin 0.05
    """
    from gemel.api.corpus_functions import mine as mine_negatives
    from gemel.data import QuestionColumns

    if question is not None and corpus is None:
        raise typer.BadParameter("goes with --corpus", param_hint="--question")
    chosen = chosen_model(model)
    with WorkProgress() as progress:
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
            threads=thread_count(threads),
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

"""`gemel sample`."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from gemel.cli.console import print_result
from gemel.cli.options import Json
from gemel.cli.signatures import option

if TYPE_CHECKING:
    from gemel.data import SampleReport


def sample(out: Annotated[Path, option("DIR", "Folder to create.")], as_json: Json = False) -> None:
    """Write the sample that ships: hand-written questions to an invented help desk, in pairs.

    train.tsv is to train on. held-out.tsv is to be measured on: each of its questions is new,
    and so is what it asks. Near misses look alike and want another answer. questions.txt has all
    questions, one a line, to fill a corpus with. settings.toml suits so few pairs.

    Example: gemel sample --out helpdesk
    """
    from gemel import api

    report = api.sample(out)
    print_result(report, _text(report), as_json=as_json)


def _text(report: "SampleReport") -> Iterator[str]:
    width = max(len(part.path) for part in report.parts)
    yield (
        f"{'':{width}} {'pairs':>11} {'labelled 1':>11} {'questions':>11} {'groups':>11} "
        f"{'near misses':>12}"
    )
    for part in report.parts:
        yield (
            f"{part.path:{width}} {part.pairs:11,} {part.prevalence:11.1%} {part.questions:11,} "
            f"{part.groups:11,} {part.near_misses:12,}"
        )
    yield ""
    yield f"{report.near_misses_between:,} near misses are between the two and are in neither;"
    yield "no question is in both"
    train, held_out, questions, settings = map(
        shlex.quote, (*(part.path for part in report.parts), report.questions, report.settings)
    )
    yield ""
    yield f"next: gemel train {train} --config {settings} --out my-model"
    yield f"      gemel evaluate {held_out} --model my-model"
    yield f"      gemel index {questions} --db site.db --model my-model"

"""`gemel dedupe` and `gemel duplicates`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from gemel.cli.groups_text import describe_duplicates
from gemel.cli.options import Json, ModelFolder, QuestionsFile, Threads, chosen_model
from gemel.cli.progress import WorkProgress
from gemel.cli.reading import QuestionReading, reads_questions
from gemel.cli.stores import Database

if TYPE_CHECKING:
    from gemel.search import Duplicates

__all__ = ["dedupe", "duplicates"]

Probability = Annotated[
    float | None,
    typer.Option(
        metavar="P", show_default=False, help="How likely the same two questions must be; 0.7."
    ),
]
Linkage = Annotated[
    str | None,
    typer.Option(
        metavar="average|connected",
        show_default=False,
        help="Whether a group holds together in the mean of all its pairs (average), or is a chain "
        "of pairs.",
    ),
]
Floor = Annotated[
    float | None,
    typer.Option(
        metavar="COSINE",
        min=-1,
        max=1,
        show_default=False,
        help="The least cosine of pairs that are judged, 0.7; lower finds more, and takes longer.",
    ),
]
Outs = Annotated[
    list[Path] | None,
    typer.Option(
        "--out",
        metavar="FILE",
        show_default=False,
        help="Write the groups: .csv, .jsonl, or .html to read; may be given several times.",
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that stand there.")]


@reads_questions
def dedupe(
    questions: QuestionsFile,
    reading: QuestionReading,
    model: ModelFolder = None,
    out: Outs = None,
    overwrite: Overwrite = False,
    probability: Probability = None,
    linkage: Linkage = None,
    floor: Floor = None,
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Find the questions of a file that ask the same, in groups.

    Copies come first, then what the model finds likely enough. Every group has a central question,
    which is nearest to all the others.

    Example: gemel dedupe questions.csv --out groups.csv --out groups.html
    """
    from gemel import api

    _check(out, overwrite)
    chosen = chosen_model(model)
    with WorkProgress(Console(stderr=True)) as progress:
        found = api.dedupe(
            questions,
            chosen,
            columns=reading.columns,
            skip_bad=reading.skip_bad,
            progress=progress,
            **_settings(probability, linkage, floor, threads),
        )
    reading.warn()
    _report(found, out, as_json=as_json)


def duplicates(
    db: Database,
    model: ModelFolder = None,
    out: Outs = None,
    overwrite: Overwrite = False,
    probability: Probability = None,
    linkage: Linkage = None,
    floor: Floor = None,
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Find the questions of a corpus that ask the same, as `gemel dedupe` does of a file.

    Example: gemel duplicates --db site.db --out groups.html
    """
    from gemel import api

    _check(out, overwrite)
    with (
        api.open_index(db, chosen_model(model), create=False) as index,
        WorkProgress(Console(stderr=True)) as progress,
    ):
        found = index.duplicates(
            progress=progress, **_settings(probability, linkage, floor, threads)
        )
    _report(found, out, as_json=as_json)


def _check(out: list[Path] | None, overwrite: bool) -> None:
    from gemel.search import check_group_file

    for path in out or []:
        check_group_file(path, overwrite=overwrite)


def _settings(
    probability: float | None, linkage: str | None, floor: float | None, threads: int | None
) -> dict[str, Any]:
    """Give what was said; what was not is as the library has it."""
    from gemel.inference import available_cores

    said = {"probability": probability, "linkage": linkage, "floor": floor}
    given = {name: value for name, value in said.items() if value is not None}
    return given | {"threads": threads or available_cores()}


def _report(found: "Duplicates", out: list[Path] | None, *, as_json: bool) -> None:
    from gemel.search import write_groups

    for path in out or []:
        write_groups(found, path)
    if as_json:
        figures = {
            "questions": len(found.ids),
            "groups": len(found.groups),
            "grouped": sum(map(len, found.groups)),
            "copies": found.exact,
            "kept": len(found.kept),
            "probability": found.probability,
            "linkage": found.linkage,
            "floor": found.floor,
            "pairs": len(found.pairs),
        }
        typer.echo(json.dumps(figures))
    else:
        typer.echo("\n".join(describe_duplicates(found, out or [])))

"""`gemel dedupe` and `gemel duplicates`."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from gemel.cli.completion import complete_engine, complete_linkage
from gemel.cli.console import notes_console
from gemel.cli.group_output import describe_duplicates, describe_stages
from gemel.cli.options import Json, ModelFolder, QuestionsFile, Threads, chosen_model
from gemel.cli.progress import WorkProgress
from gemel.cli.read_options import QuestionReadOptions, reads_questions
from gemel.cli.stores import Database

if TYPE_CHECKING:
    from gemel.duplicates import FoundGroups
    from gemel.scale import ShardedDuplicates

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
        autocompletion=complete_linkage,
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
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Overwrite existing files.")]
Work = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        show_default=False,
        help="For many questions: work shard by shard, on several processes, and keep in this "
        "folder what is done. The same command resumes a run that was stopped.",
    ),
]
EngineName = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="local|ray",
        autocompletion=complete_engine,
        show_default=False,
        help="What runs the shards' tasks: processes of this machine (local), or Ray. Without "
        "--work what is done is next to the first --out while it lasts.",
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT", show_default=False, help="Of a Ray cluster that runs; or auto."
    ),
]
Processes = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=1, show_default=False, help="Tasks at one time; one for each core."
    ),
]
ShardSize = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        show_default=False,
        help="Questions of a shard, 200,000; fewer take less memory a process.",
    ),
]


@reads_questions
def dedupe(
    questions: QuestionsFile,
    reading: QuestionReadOptions,
    model: ModelFolder = None,
    out: Outs = None,
    overwrite: Overwrite = False,
    probability: Probability = None,
    linkage: Linkage = None,
    floor: Floor = None,
    threads: Threads = None,
    work: Work = None,
    engine: EngineName = None,
    address: Address = None,
    processes: Processes = None,
    shard_size: ShardSize = None,
    as_json: Json = False,
) -> None:
    """Find the questions of a file that ask the same, in groups.

    Copies come first, then what the model finds likely enough. Every group has a central question,
    which is nearest to all the others. Up to some millions of questions are one shard, in memory;
    --work or --engine takes any number of them.

    Example: gemel dedupe questions.csv --out groups.csv --out groups.html
    """
    from gemel import api

    _check(out, overwrite)
    chosen = chosen_model(model)
    given: dict[str, Any] = {"columns": reading.columns, "skip_bad": reading.skip_bad}
    cut = _said(probability=probability, linkage=linkage, floor=floor)
    if work is None and engine is None:
        _refuse_shards(address=address, processes=processes, shard_size=shard_size)
        with WorkProgress(notes_console()) as progress:
            found = api.dedupe(
                questions, chosen, progress=progress, threads=_threads(threads), **given, **cut
            )
        reading.warn()
        _report(found, out, as_json=as_json)
        return
    if threads is not None:
        raise typer.BadParameter(
            "each process has one thread; see --processes", param_hint="--threads"
        )
    kept = work or _beside(out)
    with WorkProgress(notes_console()) as progress:
        sharded = api.dedupe_in_shards(
            questions,
            kept,
            chosen,
            engine=engine or "local",
            address=address,
            progress=progress,
            **given,
            **cut,
            **_said(processes=processes, shard_size=shard_size),
        )
    reading.warn()
    _report(sharded, out, as_json=as_json, stages=sharded)
    if work is None:
        shutil.rmtree(kept)


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
        WorkProgress(notes_console()) as progress,
    ):
        found = index.duplicates(
            progress=progress,
            threads=_threads(threads),
            **_said(probability=probability, linkage=linkage, floor=floor),
        )
    _report(found, out, as_json=as_json)


def _check(out: list[Path] | None, overwrite: bool) -> None:
    from gemel.duplicates import check_group_file

    for path in out or []:
        check_group_file(path, overwrite=overwrite)


def _said(**options: Any) -> dict[str, Any]:
    """Return the given values; what was not is as the library has it."""
    return {name: value for name, value in options.items() if value is not None}


def _threads(threads: int | None) -> int:
    from gemel.inference import available_cores

    return threads or available_cores()


def _refuse_shards(**options: Any) -> None:
    for name in _said(**options):
        hint = f"--{name.replace('_', '-')}"
        raise typer.BadParameter("goes with --work or --engine", param_hint=hint)


def _beside(out: list[Path] | None) -> Path:
    """Name the work folder of who named none."""
    if not out:
        raise typer.BadParameter(
            "needs a place for what is done: --work DIR, or --out FILE to put it next to",
            param_hint="--engine",
        )
    return out[0].with_name(f"{out[0].name}.work")


def _report(
    found: "FoundGroups",
    out: list[Path] | None,
    *,
    as_json: bool,
    stages: "ShardedDuplicates | None" = None,
) -> None:
    from gemel.duplicates import write_groups

    for path in out or []:
        write_groups(found, path)
    if as_json:
        figures: dict[str, Any] = {
            "questions": found.questions,
            "groups": len(found),
            "grouped": found.grouped,
            "copies": found.exact,
            "kept": found.questions - found.grouped + len(found),
            "probability": found.probability,
            "linkage": found.linkage,
            "floor": found.floor,
            "pairs": found.judged,
            "left_out": found.left_out,
            "templates": [each._asdict() for each in found.templates],
        }
        if stages is not None:
            figures["stages"] = msgspec.to_builtins(stages.stages)
        typer.echo(json.dumps(figures))
    else:
        lines = [*describe_duplicates(found, out or [])]
        if stages is not None:
            lines += ["", *describe_stages(stages.stages)]
        typer.echo("\n".join(lines))

"""`gemel dedupe` and `gemel duplicates`."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from gemel.cli.options import (
    Database,
    Json,
    ModelFolder,
    QuestionsFile,
    Threads,
    chosen_model,
    thread_count,
)
from gemel.cli.progress import WorkProgress
from gemel.cli.read_options import QuestionReadOptions, reads_questions
from gemel.cli.shared_tables import describe_duplicates, describe_stages
from gemel.cli.signatures import option, overwrites, takes
from gemel.config import DedupeOptions, ShardOptions

if TYPE_CHECKING:
    from gemel.duplicates import FoundGroups
    from gemel.scale import ShardedDuplicates

Outs = Annotated[
    list[Path] | None, option("FILE", "File to write: .csv, .jsonl, or .html. Repeatable.", "--out")
]
Overwrite = Annotated[bool, overwrites("existing files")]
Work = Annotated[
    Path | None,
    option(
        "DIR",
        "Folder of intermediate files, for large runs in shards on several processes. "
        "Repeating the command resumes.",
    ),
]


@reads_questions
@takes(ShardOptions)
def dedupe(
    questions: QuestionsFile,
    reading: QuestionReadOptions,
    options: ShardOptions,
    model: ModelFolder = None,
    out: Outs = None,
    overwrite: Overwrite = False,
    threads: Threads = None,
    work: Work = None,
    as_json: Json = False,
) -> None:
    """Find duplicate groups in a file of questions.

    Copies are grouped first, then questions that the model finds probable duplicates. Every group
    has a central question. Up to some millions of questions are processed in memory; --work or
    --engine process any number.

    Example: gemel dedupe questions.csv --out groups.csv --out groups.html
    """
    from gemel import api

    _check(out, overwrite)
    chosen = chosen_model(model)
    given: dict[str, Any] = {"columns": reading.columns, "skip_bad": reading.skip_bad}
    if work is None and options.engine is None:
        for name in ("address", "processes", "shard_size"):
            if getattr(options, name) is not None:
                hint = f"--{name.replace('_', '-')}"
                raise typer.BadParameter("goes with --work or --engine", param_hint=hint)
        with WorkProgress() as progress:
            found = api.dedupe(
                questions,
                chosen,
                options,
                progress=progress,
                threads=thread_count(threads),
                **given,
            )
        reading.warn()
        _report(found, out, as_json=as_json)
        return
    if threads is not None:
        raise typer.BadParameter(
            "each process has one thread; see --processes", param_hint="--threads"
        )
    folder = work or _work_folder(out)
    with WorkProgress() as progress:
        sharded = api.dedupe_in_shards(
            questions, folder, chosen, options, progress=progress, **given
        )
    reading.warn()
    _report(sharded, out, as_json=as_json, stages=sharded)
    if work is None:
        shutil.rmtree(folder)


@takes(DedupeOptions)
def duplicates(
    db: Database,
    options: DedupeOptions,
    model: ModelFolder = None,
    out: Outs = None,
    overwrite: Overwrite = False,
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Find duplicate groups in a corpus, as `gemel dedupe` does in a file.

    Example: gemel duplicates --db site.db --out groups.html
    """
    from gemel import api

    _check(out, overwrite)
    with api.open_index(db, chosen_model(model), create=False) as index, WorkProgress() as progress:
        found = index.duplicates(options, progress=progress, threads=thread_count(threads))
    _report(found, out, as_json=as_json)


def _check(out: list[Path] | None, overwrite: bool) -> None:
    from gemel.duplicates import check_group_file

    for path in out or []:
        check_group_file(path, overwrite=overwrite)


def _work_folder(out: list[Path] | None) -> Path:
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

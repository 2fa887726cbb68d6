"""`gemel index` and `gemel reindex`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gemel.cli.completion import complete_model
from gemel.cli.console import print_result
from gemel.cli.options import (
    Database,
    Json,
    ModelFolder,
    QuestionsFile,
    Threads,
    chosen_model,
    new_database,
    shown,
    thread_count,
)
from gemel.cli.progress import WorkProgress
from gemel.cli.read_options import StoredQuestionReadOptions, reads_kept_questions
from gemel.cli.signatures import option, switch

if TYPE_CHECKING:
    from gemel.corpus import Filled


@reads_kept_questions
def index(
    questions: QuestionsFile,
    db: Annotated[str, new_database],
    reading: StoredQuestionReadOptions,
    model: ModelFolder = None,
    prefix: Annotated[str, option("TEXT", "Prefix of every id, to load several files.")] = "",
    replace: Annotated[
        bool, switch("Replace stored questions of the same id.", "--replace")
    ] = False,
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Store the questions of a file in a corpus.

    Questions stored before, with the same id and text, are skipped: repeat an interrupted command
    to resume. --keep stores further columns, to filter by.

    Example: gemel index questions.csv --db site.db --keep forum
    """
    from gemel import api

    with WorkProgress() as progress:
        done = api.index(
            questions,
            db,
            chosen_model(model),
            columns=reading.columns,
            skip_bad=reading.skip_bad,
            prefix=prefix,
            replace=replace,
            threads=thread_count(threads),
            progress=progress,
        )
    reading.warn()
    print_result(done, _text(db, done), as_json=as_json)


def _text(db: str, done: "Filled") -> str:
    parts = [f"{done.added:,} questions added"]
    parts += [f"{done.replaced:,} replaced"] if done.replaced else []
    parts += [f"{done.there:,} were there already"] if done.there else []
    return f"{shown(db)}: {', '.join(parts)}; it holds {done.questions:,}"


def reindex(
    db: Database,
    model: Annotated[
        Path | None,
        typer.Option(show_default=False, autocompletion=complete_model, help="New model."),
    ] = None,
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Compute the vectors of a corpus with another model.

    The old vectors are used until all new ones are ready. Repeat an interrupted command to resume.

    Example: gemel reindex --db site.db --model my-model
    """
    from gemel import api

    chosen = chosen_model(model)
    with WorkProgress() as progress:
        done = api.reindex(db, chosen, threads=thread_count(threads), progress=progress)
    print_result(
        {"db": shown(db), "model": str(chosen), "questions": done},
        f"{shown(db)}: {done:,} questions have vectors of {chosen} now"
        if done
        else f"{shown(db)}: nothing to do, {chosen} made its vectors",
        as_json=as_json,
    )

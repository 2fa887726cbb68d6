"""`gemel add` and `gemel remove`."""

from typing import Annotated

import typer

from gemel.cli.console import counted, print_result
from gemel.cli.failures import ExitCode
from gemel.cli.options import Database, Json, ModelFolder, chosen_model, read_values, shown
from gemel.cli.signatures import argument, option, switch


def add(
    question: Annotated[str, argument("QUESTION", "The question to store.")],
    db: Database,
    question_id: Annotated[str | None, option("ID", "Its id; a new one if none.", "--id")] = None,
    with_: Annotated[
        list[str] | None,
        option(
            "NAME=VALUE",
            "Metadata to store with it, for --where, of the type of its column; quotes make "
            "text. May be given several times.",
            "--with",
        ),
    ] = None,
    replace: Annotated[bool, switch("Replace the question of the same id.", "--replace")] = False,
    model: ModelFolder = None,
    as_json: Json = False,
) -> None:
    """Add a question to a corpus, and print its id.

    Example: gemel add "How do I cook rice?" --db site.db --with forum=cooking
    """
    from gemel import api

    with api.open_index(db, chosen_model(model), create=False) as index:
        name = index.add(
            question, id=question_id, metadata=read_values(with_, "--with"), replace=replace
        )
    print_result({"id": name, "db": shown(db)}, name, as_json=as_json)


def remove(
    ids: Annotated[list[str], argument("ID...", "Ids of the questions.")],
    db: Database,
    as_json: Json = False,
) -> None:
    """Remove questions from a corpus for good.

    Their texts are erased from an SQLite file at once. If another process is reading it, the next
    gemel command that opens the file erases them, or the running service. PostgreSQL keeps them
    in its files until its tables are rewritten, and backups keep them too. The exit code is 1 if
    an id is missing.

    Example: gemel remove q17 q18 --db site.db
    """
    from gemel.store import open_store

    with open_store(db, create=False) as store:
        gone = store.remove(ids)
        erased = store.finish_erasing(now=True)
    missing = [each for each in dict.fromkeys(ids) if each not in gone]
    print_result(
        {"db": shown(db), "removed": gone, "missing": missing, "erased": erased},
        f"{shown(db)}: {counted(len(gone), 'question')} removed",
        as_json=as_json,
    )
    if not erased and "://" not in db:
        typer.echo(
            f"gemel: {db}: another process reads it, so texts that were removed are still in its "
            "files; the next gemel command that opens it erases them, or the running service",
            err=True,
        )
    if missing:
        typer.echo(
            f"gemel: not there: {', '.join(missing)}; gemel search QUESTION --db DB shows ids",
            err=True,
        )
        raise typer.Exit(ExitCode.NO)

"""`gemel add` and `gemel remove`."""

from typing import Annotated

import typer

from gemel.cli.options import ModelFolder, chosen_model
from gemel.cli.stores import Database, read_values, shown

__all__ = ["add", "remove"]


def add(
    question: Annotated[
        str, typer.Argument(metavar="QUESTION", show_default=False, help="The question to keep.")
    ],
    db: Database,
    question_id: Annotated[
        str | None,
        typer.Option("--id", metavar="ID", show_default=False, help="Its id; a new one if none."),
    ] = None,
    with_: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="NAME=VALUE",
            show_default=False,
            help="What to keep with it, for --where; may be given several times.",
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Let it take the place of another of its id.")
    ] = False,
    model: ModelFolder = None,
) -> None:
    """Keep one more question in a corpus, and print its id.

    Example: gemel add "How do I cook rice?" --db site.db --with forum=cooking
    """
    from gemel import api

    with api.open_index(db, chosen_model(model), create=False) as index:
        name = index.add(
            question, id=question_id, metadata=read_values(with_, "--with"), replace=replace
        )
    typer.echo(name)


def remove(
    ids: Annotated[
        list[str],
        typer.Argument(metavar="ID...", show_default=False, help="Ids of the questions."),
    ],
    db: Database,
) -> None:
    """Forget questions of a corpus for good: their texts are erased from its files.

    The exit code is 1 if an id was not there. Backups keep what they hold.

    Example: gemel remove q17 q18 --db site.db
    """
    from gemel.search import open_store

    with open_store(db, create=False) as store:
        gone = store.remove(ids)
    typer.echo(f"{shown(db)}: {len(gone):,} question{'' if len(gone) == 1 else 's'} removed")
    missing = [each for each in dict.fromkeys(ids) if each not in gone]
    if missing:
        typer.echo(f"gemel: not there: {', '.join(missing)}", err=True)
        raise typer.Exit(1)

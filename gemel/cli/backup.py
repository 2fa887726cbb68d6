"""`gemel backup` and `gemel restore`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from gemel.cli.options import Database, Json, new_database, shown


def backup(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", show_default=False, help="The new file to write.")
    ],
    db: Database,
    as_json: Json = False,
) -> None:
    """Write a consistent snapshot of a corpus into one file; others may keep using it.

    Example: gemel backup site-backup.db --db site.db
    """
    from gemel import api

    api.backup(db, file)
    if as_json:
        typer.echo(json.dumps({"file": str(file), "db": shown(db)}))
    else:
        typer.echo(f"{file}: written; gemel restore {file} --db DB creates a corpus from it")


def restore(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", show_default=False, help="A file that `gemel backup` wrote."
        ),
    ],
    db: Annotated[str, new_database],
    as_json: Json = False,
) -> None:
    """Create a corpus from a backup, in SQLite or PostgreSQL.

    Example: gemel restore site-backup.db --db restored.db
    """
    from gemel import api

    api.restore(file, db)
    if as_json:
        typer.echo(json.dumps({"db": shown(db), "file": str(file)}))
    else:
        typer.echo(f"{shown(db)}: restored from {file}")

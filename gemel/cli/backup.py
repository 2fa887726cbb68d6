"""`gemel backup` and `gemel restore`."""

from pathlib import Path
from typing import Annotated

from gemel.cli.console import print_result
from gemel.cli.options import Database, Json, new_database, shown
from gemel.cli.signatures import argument


def backup(
    file: Annotated[Path, argument("FILE", "The new file to write.")],
    db: Database,
    as_json: Json = False,
) -> None:
    """Write a consistent snapshot of a corpus into one file; others may keep using it.

    Example: gemel backup site-backup.db --db site.db
    """
    from gemel import api

    api.backup(db, file)
    print_result(
        {"file": str(file), "db": shown(db)},
        f"{file}: written; gemel restore {file} --db DB creates a corpus from it",
        as_json=as_json,
    )


def restore(
    file: Annotated[Path, argument("FILE", "A file that `gemel backup` wrote.")],
    db: Annotated[str, new_database],
    as_json: Json = False,
) -> None:
    """Create a corpus from a backup, in SQLite or PostgreSQL.

    Example: gemel restore site-backup.db --db restored.db
    """
    from gemel import api

    api.restore(file, db)
    print_result(
        {"db": shown(db), "file": str(file)}, f"{shown(db)}: restored from {file}", as_json=as_json
    )

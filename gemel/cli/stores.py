"""The options that report which corpus, and what of it."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

_METAVAR = "DB"
new_database = typer.Option(
    "--db",
    metavar=_METAVAR,
    show_default=False,
    help="Corpus: an SQLite file, created if missing, or postgresql://...",
)
Database = Annotated[
    str,
    typer.Option(
        "--db",
        metavar=_METAVAR,
        show_default=False,
        help="Corpus of `gemel index`: an SQLite file, or postgresql://...",
    ),
]
Count = Annotated[int, typer.Option("-k", metavar="K", min=1, help="Number of matches.")]
Where = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=VALUE",
        show_default=False,
        help="Only questions with this metadata value, of the type of its column (year=2024); "
        "null is no value, quotes make text. Repeatable.",
    ),
]


def shown(db: str) -> str:
    """Return the name of a corpus to print: an address without user, password and settings."""
    if "://" not in db:
        return db
    address = urlsplit(db)
    return f"{address.scheme}://{address.hostname or ''}{address.path}"


def read_values(given: list[str] | None, option: str) -> Mapping[str, Any] | None:
    """Read names and values as they are typed; None if there are none.

    A value has the type of its column in the corpus; see `Typed`.

    Raises:
        BadParameter: one has no name, or no sign of equality.
    """
    if not given:
        return None
    from gemel.store import Typed

    values: dict[str, Any] = {}
    for each in given:
        name, sign, value = each.partition("=")
        if not name or not sign:
            raise typer.BadParameter(f"expected NAME=VALUE, not {each!r}", param_hint=option)
        if name in values:
            raise typer.BadParameter(f"has {name} twice", param_hint=option)
        values[name] = Typed(value)
    return values

"""Options that choose a corpus and filter its questions."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

_METAVAR = "DB"
new_database = typer.Option(
    "--db",
    metavar=_METAVAR,
    show_default=False,
    help="The corpus: an SQLite file, created if missing, or postgresql://...",
)
Database = Annotated[
    str,
    typer.Option(
        "--db",
        metavar=_METAVAR,
        show_default=False,
        help="The corpus that `gemel index` created: an SQLite file, or postgresql://...",
    ),
]
Count = Annotated[int, typer.Option("-k", metavar="K", min=1, help="How many to show.")]
Where = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=VALUE",
        show_default=False,
        help="Only questions whose metadata has this value, of the type of its column (year=2024); "
        "null is no value, quotes make text. May be given several times.",
    ),
]


def shown(db: str) -> str:
    """Return the name of a corpus to print: an address without user, password and settings."""
    if "://" not in db:
        return db
    address = urlsplit(db)
    return f"{address.scheme}://{address.hostname or ''}{address.path}"


def read_values(given: list[str] | None, option: str) -> Mapping[str, Any] | None:
    """Parse NAME=VALUE options, None if there are none; for the types see `Typed`.

    Raises:
        BadParameter: a name or equals sign is missing.
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

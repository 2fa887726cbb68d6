"""`gemel key`: keys of a service."""

import dataclasses
import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from gemel.cli.console import note, print_result, printable
from gemel.cli.options import Database, Json, Verbs
from gemel.cli.signatures import argument

if TYPE_CHECKING:
    from gemel.store import KeyRecord

app = Verbs()

Scope = StrEnum("Scope", ["read", "write"])
Name = Annotated[str, argument("NAME", "Name of the key, such as “moderators”.")]


@app.command()
def add(
    name: Name,
    db: Database,
    scope: Annotated[
        Scope, typer.Option(help="What it is for: read to ask only, write to change things too.")
    ] = Scope.read,
    as_json: Json = False,
) -> None:
    """Create a key and print it; it cannot be shown again, only its hash is stored.

    Example: gemel key add moderators --scope write --db site.db
    """
    from gemel.store import open_store

    with open_store(db, create=False) as store:
        key = store.add_key(name, scope.value)
    note(
        f"a key for {printable(name)} that may {scope.value}; keep it now, it is not shown again, "
        "and send it as\nAuthorization: Bearer KEY, or give it to the page:"
    )
    entry = {"name": name, "scope": scope.value, "key": key}
    print_result(entry, key, as_json=as_json)


@app.command("list")
def list_keys(db: Database, as_json: Json = False) -> None:
    """List all keys.

    Example: gemel key list --db site.db
    """
    from gemel.store import open_store

    with open_store(db, create=False) as store:
        records = store.keys()
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(record) for record in records]))
    elif not records:
        note("no keys; gemel key add NAME --db DB makes one")
    else:
        typer.echo("\n".join(map(_line, records)))


@app.command()
def revoke(name: Name, db: Database, as_json: Json = False) -> None:
    """Revoke a key for good; services follow within two seconds.

    Example: gemel key revoke moderators --db site.db
    """
    from gemel.errors import DataError
    from gemel.store import open_store

    with open_store(db, create=False) as store:
        if not store.revoke_key(name):
            raise DataError(f"no good key is called {name!r}; gemel key list shows which there are")
    entry = {"name": name, "revoked": True}
    print_result(entry, f"{printable(name)}: revoked", as_json=as_json)


def _line(record: "KeyRecord") -> str:
    state = f"made {_day(record.created_at)}"
    if record.revoked_at is not None:
        state += f", revoked {_day(record.revoked_at)}"
    return f"{printable(record.name)}  {record.scope}  gemel_{record.prefix}_…  {state}"


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()

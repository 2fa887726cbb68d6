"""`gemel search` and `gemel check`."""

import dataclasses
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gemel.cli.exit_codes import ExitCode
from gemel.cli.match_text import describe_matches, describe_nearest
from gemel.cli.options import Json, ModelFolder, chosen_model
from gemel.cli.stores import Count, Database, Where, read_values

if TYPE_CHECKING:
    from gemel.corpus import Match

Asked = Annotated[
    str, typer.Argument(metavar="QUESTION", show_default=False, help="What is asked.")
]


def search(
    question: Asked,
    db: Database,
    model: ModelFolder = None,
    k: Count = 10,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Find the questions of a corpus that are nearest to one, the nearest first.

    Example: gemel search "How do I cook rice?" --db site.db
    """
    from gemel import api

    with api.open_index(db, chosen_model(model), create=False) as index:
        found = index.search(question, k, where=read_values(where, "--where"))
    typer.echo(_json(found) if as_json else describe_nearest(found))


def check(
    question: Asked,
    db: Database,
    model: ModelFolder = None,
    k: Count = 3,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Say whether a question was asked before, and as what.

    The likeliest come first; the exit code is 0 if one asks the same, 1 if none does.

    Example: gemel check "How do I cook rice?" --db site.db
    """
    from gemel import api

    with api.open_index(db, chosen_model(model), create=False) as index:
        found = index.check(question, k, where=read_values(where, "--where"))
    typer.echo(_json(found) if as_json else describe_matches(found))
    if not any(match.verdict.is_duplicate for match in found):
        raise typer.Exit(ExitCode.NO)


def _json(found: "list[Match]") -> str:
    return json.dumps([_entry(match) for match in found])


def _entry(match: "Match") -> dict[str, Any]:
    question = match.question
    kept = {"id": question.id, "question": question.text, "metadata": dict(question.metadata)}
    return kept | {"cosine": match.cosine} | dataclasses.asdict(match.verdict)

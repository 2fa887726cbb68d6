"""`gemel compare`."""

import dataclasses
import json
from typing import Annotated

import typer

from gemel.cli.options import Json, ModelFolder

__all__ = ["compare"]


def compare(
    first: Annotated[str, typer.Argument(metavar="QUESTION", show_default=False)],
    second: Annotated[str, typer.Argument(metavar="QUESTION", show_default=False)],
    model: ModelFolder,
    as_json: Json = False,
) -> None:
    """Say whether two questions ask the same.

    Example: gemel compare "How old are you?" "What is your age?" --model my-model
    """
    from gemel import api

    verdict = api.load(model).predict(first, second)
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(verdict)))
        return
    sign = ">=" if verdict.is_duplicate else "<"
    typer.echo(
        f"{verdict.answer}  "
        f"(probability {verdict.probability:.2f}, "
        f"similarity {verdict.similarity:.3f} {sign} threshold {verdict.threshold:.3f})"
    )

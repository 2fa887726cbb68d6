"""`gemel train`."""

import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gemel.cli.options import (
    BadRowsFile,
    Header,
    Label,
    Left,
    PairsFile,
    Quotes,
    Right,
    SkipBad,
    columns,
    rows_to_skip,
)
from gemel.cli.progress import TrainingProgress
from gemel.config import Config

__all__ = ["train"]


def train(
    pairs: PairsFile,
    out: Annotated[Path, typer.Option(show_default=False, help="The model folder to write.")],
    config: Annotated[
        Path | None, typer.Option(help="A TOML file of settings; defaults where it is silent.")
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Change one setting, as training.epochs=2."
        ),
    ] = None,
    validation: Annotated[
        Path | None,
        typer.Option(
            help="Pairs to choose epoch and threshold on; without it some of PAIRS are kept out."
        ),
    ] = None,
    left: Left = None,
    right: Right = None,
    label: Label = None,
    header: Header = None,
    quotes: Quotes = True,
    skip_bad: SkipBad = 0,
    bad_rows: BadRowsFile = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the model that stands at --out.")
    ] = False,
) -> None:
    """Learn from labelled pairs and write a model folder.

    Example: gemel train pairs.csv --out my-model --set training.epochs=3
    """
    from gemel import api

    settings = Config() if config is None else Config.from_toml(config)
    settings = settings.replace(assignments or [])
    console = Console(stderr=True)
    with TrainingProgress(console, settings.training.epochs) as progress:
        model = api.train(
            pairs,
            out,
            config=settings,
            validation=validation,
            columns=columns(left, right, label, header, quotes),
            skip_bad=rows_to_skip(skip_bad, bad_rows),
            reporter=progress,
            overwrite=overwrite,
        )
    decision = model.decision
    typer.echo(
        f"{out}: written after {model.training['seconds']:.0f} s; two questions count as the same "
        f"from similarity {decision.threshold:.3f} on\n"
        f'next: gemel compare "first question" "second question" --model {shlex.quote(str(out))}\n'
        f"      gemel evaluate other-pairs.csv --model {shlex.quote(str(out))}"
    )

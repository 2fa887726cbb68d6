"""`gemel train`."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from gemel.cli.options import PairsFile
from gemel.cli.progress import TrainingProgress
from gemel.cli.reading import Reading, reads_pairs
from gemel.config import Config

if TYPE_CHECKING:
    from gemel.folder import Model

__all__ = ["train"]


@reads_pairs
def train(
    pairs: PairsFile,
    reading: Reading,
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
    start: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="MODEL",
            help="Go on from this model, with its settings; its vocabulary grows by new words.",
        ),
    ] = None,
    logs: Annotated[
        Path | None,
        typer.Option(help="A folder for a log: training.jsonl, and events for TensorBoard."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a training that was stopped or killed.")
    ] = False,
    checkpoint_every: Annotated[
        float, typer.Option(metavar="SECONDS", help="Time between two checkpoints.", min=0)
    ] = 60.0,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="Replace the model, or the checkpoint, that stands at --out."
        ),
    ] = False,
) -> None:
    """Learn from labelled pairs and write a model folder.

    Example: gemel train pairs.csv --out my-model --set training.epochs=3
    """
    from gemel import api
    from gemel.folder import load_model

    begun = None if start is None else load_model(start)
    settings = _settings(config, begun).replace(assignments or [])
    console = Console(stderr=True)
    with TrainingProgress(console, settings.training.epochs) as progress:
        model = api.train(
            pairs,
            out,
            config=settings,
            validation=validation,
            columns=reading.columns,
            skip_bad=reading.skip_bad,
            start=begun,
            reporter=progress,
            logs=logs,
            checkpoint_every=checkpoint_every,
            resume=resume,
            overwrite=overwrite,
        )
    decision = model.decision
    typer.echo(
        f"{out}: written after {model.training['seconds']:.0f} s; two questions count as the same "
        f"from similarity {decision.threshold:.3f} on\n"
        f'next: gemel compare "first question" "second question" --model {shlex.quote(str(out))}\n'
        f"      gemel evaluate other-pairs.csv --model {shlex.quote(str(out))}"
    )


def _settings(config: Path | None, begun: "Model | None") -> Config:
    if config is not None:
        return Config.from_toml(config)
    return Config() if begun is None else begun.config

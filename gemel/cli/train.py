"""`gemel train`."""

import contextlib
import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gemel.cli.completion import complete_setting, complete_settings
from gemel.cli.console import notes_console, print_result
from gemel.cli.options import Json
from gemel.cli.progress import TrainingProgress
from gemel.cli.read_options import PairReadOptions, reads_pairs
from gemel.cli.shared_tables import comparison_rows
from gemel.cli.signatures import argument, option, takes
from gemel.config import REFINING, Config, TrainOptions
from gemel.data import BadRows
from gemel.errors import ConfigError
from gemel.pretrained import DEFAULT_MODEL

if TYPE_CHECKING:
    from gemel.folder import Model
    from gemel.training import Ranks, Refined


@contextlib.contextmanager
def together() -> Iterator["Ranks | None"]:
    """Join the others, where torchrun has started this process; see `gemel.training.joined`.

    Yields:
        The processes; None where there is only this one, which need not know torch yet.
    """
    if not {"WORLD_SIZE", "RANK"} & os.environ.keys():
        yield None
        return
    from gemel.training import joined

    with joined() as ranks:
        yield None if ranks.is_alone else ranks


@reads_pairs
@takes(TrainOptions)
def train(
    reading: PairReadOptions,
    options: TrainOptions,
    out: Annotated[Path, typer.Option(show_default=False, help="Model folder to write.")],
    pairs: Annotated[
        Path | None,
        argument(
            "PAIRS",
            "File of labelled question pairs: .csv, .tsv, .jsonl (also .gz), .parquet. "
            "With --add: known pairs, to replay and to measure forgetting.",
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE|NAME",
            autocompletion=complete_settings,
            help="TOML file of settings, or the name of settings that ship with gemel, such "
            "as finetune.",
        ),
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            autocompletion=complete_setting,
            help="Change a setting, such as training.epochs=2. Repeatable.",
        ),
    ] = None,
    add: Annotated[
        list[Path] | None,
        option(
            "FILE",
            "Train on these few pairs on top of --from, such as an export of `gemel "
            "review`. Repeatable.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Learn from labelled pairs and write a model folder.

    A few pairs more, such as people have decided, teach a model that is there: --from MODEL --add
    FILE. Its threshold is then fitted on the same pairs, each judged by a network that has not
    trained on it.

    Several processes, or graphics cards, learn as one: torchrun --nproc-per-node 2 -m gemel train
    pairs.csv --out my-model

    Example: gemel train pairs.csv --out my-model --set training.epochs=3
    """
    from gemel import api
    from gemel.folder import load_model

    with together() as ranks:
        is_first = ranks is None or ranks.is_first
        begun = None if options.start is None else load_model(options.start)
        if config is not None:
            settings = Config.from_toml(config)
        else:
            settings = begun.config.replace(REFINING if add else ()) if begun else Config()
        settings = settings.replace(assignments or [])
        console = notes_console()
        if add:
            if ranks is not None:
                raise ConfigError(
                    "--add trains on a few pairs in one process: start it without torchrun"
                )
            if begun is None:
                raise typer.BadParameter(
                    "a few pairs are learned on top of a model; name it with --from, as --from "
                    f"{DEFAULT_MODEL}",
                    param_hint="--add",
                )
            for name in ("validation", "vectors", "logs", "resume"):
                if getattr(options, name):
                    raise typer.BadParameter("does not go with --add", param_hint=f"--{name}")
            with TrainingProgress(console, settings.training.epochs) as progress:
                refined = api.refine(
                    add,
                    out,
                    start=begun,
                    pairs=pairs,
                    config=settings,
                    columns=reading.columns,
                    skip_bad=reading.skip_bad,
                    reporter=progress,
                    overwrite=options.overwrite,
                )
            print_result(_entry(refined.model, out), _comparison(refined, out), as_json=as_json)
            return
        if pairs is None:
            raise typer.BadParameter(
                "a file of pairs is needed; or --from MODEL --add FILE, to learn a few more",
                param_hint="PAIRS",
            )
        # The list of them is the first one's to write.
        bad_rows = reading.skip_bad if is_first else BadRows(reading.skip_bad.allowed, os.devnull)
        shown = TrainingProgress(console, settings.training.epochs) if is_first else None
        with shown or contextlib.nullcontext() as progress:
            model = api.train(
                pairs,
                out,
                options,
                start=begun,
                config=settings,
                columns=reading.columns,
                skip_bad=bad_rows,
                reporter=progress,
                ranks=ranks,
            )
        if not is_first:
            return
        name = shlex.quote(str(out))
        print_result(
            _entry(model, out),
            f"{out}: written after {model.training['seconds']:.0f} s; two questions count as the "
            f"same from similarity {model.decision.threshold:.3f} on\n"
            f'next: gemel compare "first question" "second question" --model {name}\n'
            f"      gemel evaluate other-pairs.csv --model {name}",
            as_json=as_json,
        )


def _entry(model: "Model", out: Path) -> dict[str, Any]:
    return {"model": str(out), "threshold": model.decision.threshold, **model.training}


def _comparison(refined: "Refined", out: Path) -> Iterator[str]:
    model, pairs = refined.model, refined.added.after.pairs
    yield (
        f"{out}: written after {model.training['seconds']:.0f} s; it trained on {len(pairs):,} "
        f"pairs, of which {pairs.prevalence:.1%} ask the same"
    )
    yield ""
    yield from comparison_rows(refined.added, "on these pairs", ranked=True)
    yield "each judged by a network that has not trained on it"
    if refined.known is not None:
        count = len(refined.known.after.pairs)
        yield ""
        yield from comparison_rows(refined.known, f"on {count:,} known before", ranked=True)
        yield "held out of PAIRS; what was forgotten shows here"
    name = shlex.quote(str(out))
    yield ""
    yield f"next: gemel reindex --db DB --model {name}"
    yield f"      gemel evaluate other-pairs.csv --model {name}"

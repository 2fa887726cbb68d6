"""`gemel encode`."""

import contextlib
import dataclasses
import json
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gemel.cli.console import note, notes_console
from gemel.cli.options import Json, ModelFolder, QuestionsFile, Threads, chosen_model
from gemel.cli.progress import WorkProgress
from gemel.cli.read_options import QuestionReadOptions, reads_questions
from gemel.config import BACKENDS, VECTOR_PRECISIONS

if TYPE_CHECKING:
    from gemel.inference import Encoded

Precision = StrEnum("Precision", [(name, name) for name in VECTOR_PRECISIONS])  # type: ignore[misc]
BackendName = StrEnum("BackendName", [(name, name) for name in BACKENDS])  # type: ignore[misc]
_FLOAT32, _AUTO = Precision("float32"), BackendName("auto")


@reads_questions
def encode(
    questions: QuestionsFile,
    out: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="File to write: .npy, with the ids next to it, or .parquet.",
        ),
    ],
    reading: QuestionReadOptions,
    model: ModelFolder = None,
    precision: Annotated[Precision, typer.Option(help="Type of the vectors.")] = _FLOAT32,
    threads: Threads = None,
    backend: Annotated[
        BackendName,
        typer.Option(help="Implementation and precision; see Precision in docs/speed.md."),
    ] = _AUTO,
    resume: Annotated[
        bool, typer.Option("--resume", help="Resume an interrupted encoding.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Overwrite an existing file.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Encode a file of questions to a file of vectors, in order.

    Vectors have unit length (in int8 the largest number is 127): their dot product is the cosine.
    An interrupted encoding can be resumed.

    Example: gemel encode questions.txt --out vectors.npy
    """
    from gemel import api
    from gemel.inference import available_cores

    engine = api.load(chosen_model(model), backend=backend.value)
    used = engine.backend
    note(f"backend: {used.name} ({used.precision}), {used.why}")
    with _stopping(out), WorkProgress(notes_console()) as progress:
        done = api.encode(
            questions,
            out,
            engine,
            columns=reading.columns,
            skip_bad=reading.skip_bad,
            precision=precision.value,
            threads=threads or available_cores(),
            resume=resume,
            overwrite=overwrite,
            progress=progress,
        )
    reading.warn()
    typer.echo(json.dumps(dataclasses.asdict(done), default=str) if as_json else _text(done))


@contextlib.contextmanager
def _stopping(out: Path) -> Iterator[None]:
    """Tell how to resume after an interruption."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(
            f"gemel: {out}.partial holds what is done: type the same command with --resume to go "
            "on",
            err=True,
        )
        raise


def _text(done: "Encoded") -> str:
    text = f"{done.path}: {done.vectors:,} vectors of {done.dim} numbers, {done.precision}"
    return text if done.ids is None else f"{text}\n{done.ids}: their ids, in the same order"

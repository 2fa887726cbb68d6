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
            help="Where the vectors go: .npy, with the ids next to it, or .parquet.",
        ),
    ],
    reading: QuestionReadOptions,
    model: ModelFolder = None,
    precision: Annotated[Precision, typer.Option(help="Of the numbers in a vector.")] = _FLOAT32,
    threads: Threads = None,
    backend: Annotated[
        BackendName,
        typer.Option(help="What computes, and how exactly: see Precision in docs/speed.md."),
    ] = _AUTO,
    resume: Annotated[
        bool, typer.Option("--resume", help="resume an encoding that was stopped.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Overwrite an existing file.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Turn a file of questions into a file of vectors, in order, however long it is.

    Vectors have length 1 (of int8 the largest number is 127): the product of two is their cosine.
    What is done is stored next to the file, so that an encoding that was stopped can continue.

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
    """Report how to continue, if a user stops it."""
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

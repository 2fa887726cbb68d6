"""`gemel encode`."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gemel.cli.console import hint_if_stopped, note, print_result
from gemel.cli.options import Json, ModelFolder, QuestionsFile, Threads, chosen_model, thread_count
from gemel.cli.progress import WorkProgress
from gemel.cli.read_options import QuestionReadOptions, reads_questions
from gemel.cli.signatures import option, overwrites, switch
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
        Path, option("FILE", "File to write: .npy, with the ids next to it, or .parquet.")
    ],
    reading: QuestionReadOptions,
    model: ModelFolder = None,
    precision: Annotated[Precision, typer.Option(help="Type of the vectors.")] = _FLOAT32,
    threads: Threads = None,
    backend: Annotated[
        BackendName,
        typer.Option(help="Implementation and precision; see Precision in docs/speed.md."),
    ] = _AUTO,
    resume: Annotated[bool, switch("Resume an interrupted encoding.", "--resume")] = False,
    overwrite: Annotated[bool, overwrites("an existing file")] = False,
    as_json: Json = False,
) -> None:
    """Encode a file of questions to a file of vectors, in order.

    Vectors have unit length (in int8 the largest number is 127): their dot product is the cosine.
    An interrupted encoding can be resumed.

    Example: gemel encode questions.txt --out vectors.npy
    """
    from gemel import api

    engine = api.load(chosen_model(model), backend=backend.value)
    used = engine.backend
    note(f"backend: {used.name} ({used.precision}), {used.why}")
    hint = f"{out}.partial holds what is done: type the same command with --resume to continue"
    with hint_if_stopped(lambda: [hint]), WorkProgress() as progress:
        done = api.encode(
            questions,
            out,
            engine,
            columns=reading.columns,
            skip_bad=reading.skip_bad,
            precision=precision.value,
            threads=thread_count(threads),
            resume=resume,
            overwrite=overwrite,
            progress=progress,
        )
    reading.warn()
    print_result(done, _text(done), as_json=as_json)


def _text(done: "Encoded") -> str:
    text = f"{done.path}: {done.vectors:,} vectors of {done.dim} numbers, {done.precision}"
    return text if done.ids is None else f"{text}\n{done.ids}: their ids, in the same order"

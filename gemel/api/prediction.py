"""The verbs that answer."""

from collections.abc import Iterator
from pathlib import Path

from gemel.api.inputs import open_engine
from gemel.data import BadRows, Columns, QuestionColumns, Rows, Source
from gemel.folder import Model
from gemel.inference import Compared, Encoded, Engine, compare_stream, encode_file
from gemel.pretrained import DEFAULT_MODEL
from gemel.text import Progress


def load(model: str | Path = DEFAULT_MODEL, *, backend: str = "auto") -> Engine:
    """Open a model folder: `load("my-model").predict("first question", "second question")`.

    Args:
        model: the folder, or the name of a model that ships with gemel.
        backend: what computes; see `Engine`.

    Raises:
        FolderError: no such folder, or one that is damaged.
        ConfigError: no such backend, or not on this machine.
    """
    return Engine.load(model, backend=backend)


def compare(
    pairs: str | Path | Source | Rows,
    model: str | Path | Model | Engine = DEFAULT_MODEL,
    *,
    columns: Columns | None = None,
    skip_bad: int | BadRows = 0,
) -> Iterator[Compared]:
    """Yield verdicts on the unlabelled pairs of a file or stream, in order, in constant memory.

    A label is ignored.
    """
    return compare_stream(open_engine(model), pairs, columns, skip_bad)


def encode(
    questions: str | Path,
    out: str | Path,
    model: str | Path | Model | Engine = DEFAULT_MODEL,
    *,
    columns: QuestionColumns | None = None,
    skip_bad: int | BadRows = 0,
    precision: str = "float32",
    threads: int = 1,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Encoded:
    """Encode a file of questions to a file of vectors, in order, in constant memory.

    Args:
        out: a `.npy` file, with the ids next to it, or a `.parquet` file.
        precision: type of the vectors: "float32", "float16" or "int8".
        resume: resume an interrupted encoding.
    """
    return encode_file(
        open_engine(model),
        questions,
        out,
        columns=columns,
        skip_bad=skip_bad,
        precision=precision,
        threads=threads,
        resume=resume,
        overwrite=overwrite,
        progress=progress,
    )

"""Public functions about files of pairs: audit, split, sample, download."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from gemel.api.inputs import open_pairs
from gemel.data import (
    Audit,
    BadRows,
    Columns,
    Pairs,
    Rows,
    SplitReport,
    audit_files,
    split_file,
    write_sample,
)
from gemel.public_data import Fetched, RetryPolicy, fetch
from gemel.text import Progress


def audit(
    *pairs: str | Path | Pairs | Rows, columns: Columns | None = None, skip_bad: int | BadRows = 0
) -> Audit:
    """Audit labelled pairs before training, and the overlap of several files.

    Args:
        pairs: files, frames or pairs; training pairs first.
    """
    bad_rows = BadRows.of(skip_bad)
    return audit_files([open_pairs(some, columns, bad_rows) for some in pairs])


def split(
    pairs: str | Path,
    out: str | Path,
    *,
    parts: Mapping[str, float] | None = None,
    folds: int | None = None,
    seed: int = 0,
    columns: Columns | None = None,
    skip_bad: int | BadRows = 0,
) -> SplitReport:
    """Split a file into parts so that no question is in two of them.

    Args:
        pairs: a CSV, TSV, JSON Lines or Parquet file, whose rows are copied unchanged.
        out: new folder: `NAME.csv` for each part, or `fold-1/train.csv` and so on.
        parts: name and share of each part; train 0.8, validation 0.1, test 0.1 if None.
        folds: number of splits into `train` and `test`; each row is in one `test`.
        seed: seed of the split; the order of the rows makes no difference.
    """
    return split_file(
        pairs, out, parts=parts, folds=folds, seed=seed, columns=columns, skip_bad=skip_bad
    )


sample = write_sample


def download(
    name: str,
    to: str | Path,
    *,
    origin: str | Path | None = None,
    sha256: Sequence[str] = (),
    overwrite: bool = False,
    retries: RetryPolicy | None = None,
    progress: Progress | None = None,
) -> Fetched:
    """Download a public file of question pairs: `download("quora", "quora").parts`.

    An interrupted download resumes when repeated. The terms are in `TERMS.txt` next to the files,
    their origin in `SOURCE.json`.

    Args:
        name: "quora", "glue-qqp", "paws" or "banking77".
        to: the folder, created if missing.
        origin: a local file or address instead of the publisher's; for a corpus of several files
            their folder.
        sha256: expected checksums, one a file, instead of those that gemel knows.
        retries: timeout and number of tries.
    """
    return fetch(
        name,
        Path(to),
        origin=None if origin is None else str(origin),
        sha256=sha256,
        overwrite=overwrite,
        retries=retries,
        progress=progress,
    )

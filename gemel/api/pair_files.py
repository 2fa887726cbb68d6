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
    SampleReport,
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
    """Look at labelled pairs before learning from them, and at what several files share.

    Args:
        pairs: files, frames or pairs, as `train` takes them; first what a model is to train on.
        columns: the columns, if not the usual ones.
        skip_bad: number of bad rows to skip, of all files; see `read_pairs`.

    Raises:
        DataError: pairs cannot be read, or there are none.
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
    """Deal the rows of a file into parts so that no question is in two of them.

    Args:
        pairs: a CSV, TSV, JSON Lines or Parquet file, whose rows are copied unchanged.
        out: the folder to make: `NAME.csv` for each part, or `fold-1/train.csv` and so on.
        parts: name and share of each part; train 0.8, validation 0.1, test 0.1 if None.
        folds: how many times to split into `train` and `test`; each row is in one `test`.
        seed: another seed, another split; the order of the rows makes no difference.
        columns: the columns, if not the usual ones.
        skip_bad: number of bad rows to skip; see `read_pairs`.

    Raises:
        ConfigError: shares, names, folds or a seed without meaning.
        DataError: the file cannot be read, a part would be empty, or `out` holds something.
    """
    return split_file(
        pairs, out, parts=parts, folds=folds, seed=seed, columns=columns, skip_bad=skip_bad
    )


def sample(out: str | Path) -> SampleReport:
    """Write the help-desk sample: `train.tsv` to train on, `held-out.tsv` to be measured on.

    No question, and no group of questions that ask the same, is in both. The few near misses
    between the two are in neither.

    Args:
        out: the folder to make.

    Raises:
        DataError: `out` holds something.
    """
    return write_sample(out)


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
    """Fetch a public file of question pairs: `download("quora", "quora").parts`.

    An interrupted download resumes when repeated. The terms are next to the files
    in `TERMS.txt`, where they came from in `SOURCE.json`.

    Args:
        name: "quora", "glue-qqp", "paws" or "banking77".
        to: the folder to put it in; made if it is not there.
        origin: a file fetched by hand, or the address of a mirror, instead of the publisher's; of
            a corpus of several files the folder that has them.
        sha256: what the sums must be, one a file, instead of those that gemel knows.
        overwrite: whether files that are in the way may be overwritten.
        retries: timeout and number of tries.
        progress: `progress(done, total)` callback, in is done.

    Raises:
        ConfigError: no such corpus, or no such sum.
        DataError: it cannot be had, is another file, or something is in the way.
        OSError: it cannot be written.
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

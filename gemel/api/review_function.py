"""The verbs about pairs that people have decided."""

from pathlib import Path

from gemel.corpus import Exported, check_review_file, write_reviews
from gemel.store import open_store


def export_reviews(db: str | Path, path: str | Path, *, overwrite: bool = False) -> Exported:
    """Write the decided pairs of a corpus into a file, which `fit` and `train` read.

    A row has `question1`, `question2`, `is_duplicate` (1 or 0), `reviewer`, `decided_at` (UTC),
    `id1` and `id2`, in the order they were decided. Skipped pairs are left out.

    Args:
        db: an SQLite file, or `postgresql://…`.
        path: a `.csv`, `.tsv` or `.jsonl` file, written whole or not at all.
        overwrite: whether a file that stands there may be replaced.

    Returns:
        How many were written, and how many left out.

    Raises:
        StoreError: the corpus is not there, damaged, or a newer gemel's.
        DataError: the file is of no known kind, or stands there.
        OSError: it cannot be written; what stood there stays.
    """
    check_review_file(path, overwrite=overwrite)
    with open_store(str(db), create=False) as store:
        return write_reviews(store, path)

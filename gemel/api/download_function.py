"""The verb that fetches public data."""

from collections.abc import Sequence
from pathlib import Path

from gemel.public_data import Fetched, Patience, fetch
from gemel.text import Progress


def download(
    name: str,
    to: str | Path,
    *,
    origin: str | Path | None = None,
    sha256: Sequence[str] = (),
    overwrite: bool = False,
    patience: Patience | None = None,
    progress: Progress | None = None,
) -> Fetched:
    """Fetch a public file of question pairs: `download("quora", "quora").parts`.

    What has come stays if it breaks off, and the same call goes on. The terms lie beside the files
    in `TERMS.txt`, where they came from in `SOURCE.json`.

    Args:
        name: "quora", "glue-qqp", "paws" or "banking77".
        to: the folder to put it in; made if it is not there.
        origin: a file fetched by hand, or the address of a mirror, instead of the publisher's; of
            a corpus of several files the folder that has them.
        sha256: what the sums must be, one a file, instead of those that gemel knows.
        overwrite: whether files that stand in the way may be replaced.
        patience: with the server.
        progress: is told how much is done.

    Raises:
        ConfigError: no such corpus, or no such sum.
        DataError: it cannot be had, is another file, or something stands in the way.
        OSError: it cannot be written.
    """
    return fetch(
        name,
        Path(to),
        origin=None if origin is None else str(origin),
        sha256=sha256,
        overwrite=overwrite,
        patience=patience,
        progress=progress,
    )

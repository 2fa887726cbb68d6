"""The verb that brings in what other tools wrote."""

from pathlib import Path

from gemel.api.inputs import open_pairs
from gemel.data import BadRows, Columns, Pairs, Rows
from gemel.evaluation import warn_of_findings
from gemel.exchange.trax_model import FromTrax, model_from_trax
from gemel.folder import check_place, save_model
from gemel.text import Progress


def import_trax(
    checkpoint: str | Path,
    vocabulary: str | Path,
    out: str | Path,
    *,
    validation: str | Path | Pairs | Rows | None = None,
    columns: Columns | None = None,
    skip_bad: int | BadRows = 0,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> FromTrax:
    """Make a model folder of a checkpoint of the notebook's network, as Trax wrote it.

    The model gives Trax's own vectors, of padding too, which runs through the LSTM. The pickle is
    read, not run.

    Args:
        checkpoint: `model.pkl.gz`; of newer ones `model.weights.npy.gz` lies beside it.
        vocabulary: a JSON object of token and id, or a text file with a token on every line, in
            the order of their ids.
        out: where the folder shall be.
        validation: labelled pairs to fit threshold and probabilities on; if None, the threshold is
            the notebook's 0.7, a guess, and so are the probabilities.
        columns: the columns of `validation`, where they are not the usual ones.
        skip_bad: how many bad rows of it may be passed over; see `read_pairs`.
        overwrite: whether a model that stands at `out` may be replaced.
        progress: is told how far the fitting is.

    Returns:
        The model that was written, and what was found in bringing it in.

    Raises:
        FolderError: something stands at `out` that may not be replaced.
        DataError: a file cannot be read, or checkpoint and vocabulary are not of one network.
        OSError: the folder cannot be written; what stood there stays.
    """
    check_place(out, overwrite=overwrite)
    found = model_from_trax(checkpoint, vocabulary)
    if validation is not None:
        found = found.fit(open_pairs(validation, columns, BadRows.of(skip_bad)), progress)
    save_model(found.model, out, overwrite=overwrite)
    if found.fitted is not None:
        warn_of_findings(found.fitted.findings)
    return found

"""An evaluation as a page."""

import base64
import dataclasses
import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from gemel.errors import DataError, MissingExtraError
from gemel.evaluation import MEANINGS, Judged, Report, in_plain_words, probes_in_plain_words
from gemel.files import check_writable, new_folder
from gemel.pages.templates import open_template
from gemel.plots import (
    draw_precision_recall,
    draw_reliability,
    draw_roc,
    draw_similarities,
    render,
)
from gemel.version import __version__

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PAGE = "index.html"
_DATA = "report.json"
_TEMPLATE = "evaluation.html"
_SIGN = b"by gemel</title>"
"""What a page that this module wrote holds."""


def check_page(folder: str | Path) -> None:
    """Find out, before long work, whether a page can be made and written.

    Args:
        folder: where it will lie; an older report there is replaced.

    Raises:
        MissingExtraError: matplotlib or Jinja is not installed.
        DataError: something is there that is no report.
        OSError: nothing can be written there.
    """
    folder = Path(folder)
    open_template(_TEMPLATE)
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingExtraError("a page", "report")
    if folder.exists() and not folder.is_dir():
        raise DataError("is a file; expected a folder for the report", path=folder)
    if folder.exists() and folder.resolve() == Path.cwd():
        raise DataError("is the current folder; name one inside it", path=folder)
    if folder.is_mount():
        raise DataError(
            "is a mount point, which cannot be replaced; name a folder inside it", path=folder
        )
    found = sorted(file.name for file in folder.iterdir()) if folder.exists() else []
    if found and not (set(found) == {_PAGE, _DATA} and _SIGN in (folder / _PAGE).read_bytes()):
        raise DataError(
            f"holds {', '.join(found[:3])}, which is no report of gemel; choose another folder",
            path=folder,
        )
    check_writable(folder)


def write_page(
    report: Report,
    judged: Judged,
    beside: Mapping[str, Float[np.ndarray, "pairs"]],
    folder: str | Path,
) -> None:
    """Write a report as `index.html` and as `report.json`, both or none.

    Args:
        report: the figures.
        judged: what they were made of, for the plots.
        baseline: the scores of others, by name.
        folder: where; see `check_page`.

    Raises:
        OSError: it cannot be written; what stood there stays.
    """
    probes = report.robustness.probes if report.robustness else ()
    page = open_template(_TEMPLATE).render(
        report=report,
        name=Path(report.data).name,
        sentences=[*(each.text for each in report.findings), *in_plain_words(report)],
        probe_sentences=list(probes_in_plain_words(probes)),
        meanings=MEANINGS,
        answers=list(reversed(report.answers)),
        version=__version__,
        plots={
            "precision_recall": _picture(draw_precision_recall(judged, beside)),
            "roc": _picture(draw_roc(judged, beside)),
            "similarities": _picture(draw_similarities(judged)),
            "reliability": _picture(draw_reliability(judged)),
        },
    )
    with new_folder(Path(folder)) as fresh:
        (fresh / _PAGE).write_text(page, encoding="utf-8", errors="replace")
        content = json.dumps(dataclasses.asdict(report), indent=1)
        (fresh / _DATA).write_text(content + "\n", encoding="ascii")


def _picture(figure: "Figure") -> str:
    """Return an address that holds the picture itself."""
    return "data:image/svg+xml;base64," + base64.b64encode(render(figure, "svg")).decode("ascii")

"""Self-contained HTML pages: an evaluation, duplicate groups."""

import base64
import dataclasses
import importlib.util
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from gemel.errors import DataError, MissingExtraError
from gemel.evaluation import MEANINGS, Judged, Report, in_plain_words, probes_in_plain_words
from gemel.files import check_writable, new_folder
from gemel.plots import draw_precision_recall, draw_reliability, draw_roc, draw_similarities, render
from gemel.version import __version__

if TYPE_CHECKING:
    from jinja2 import Template
    from matplotlib.figure import Figure

_PAGE = "index.html"
_DATA = "report.json"
_EVALUATION = "evaluation.html"
_GROUPS = "groups.html"
_SIGN = b"by gemel</title>"
"""Identifies a page of gemel."""
_SHOWN = 1000
"""Groups on a page."""
_MEMBERS = 1000
"""Members of a group on a page."""


def _open_template(name: str) -> "Template":
    """Return a template that escapes every value."""
    try:
        import jinja2
    except ModuleNotFoundError as error:
        raise MissingExtraError("a page", "report") from error
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["words"] = lambda name: name.replace("_", " ")
    environment.filters["percent"] = lambda share: f"{share:.1%}"
    environment.filters["count"] = lambda number: f"{number:,.0f}"
    return environment.get_template(name)


def check_page(folder: str | Path) -> None:
    """Check, before long work, that a report can be written to a folder.

    Raises:
        MissingExtraError: matplotlib or Jinja is not installed.
        DataError: the folder has other files than an older report.
        OSError: the folder is not writable.
    """
    folder = Path(folder)
    _open_template(_EVALUATION)
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingExtraError("a page", "report")
    if folder.exists() and not folder.is_dir():
        raise DataError("is a file; expected a folder for the report", path=folder)
    if folder.exists() and folder.resolve() == Path.cwd():
        raise DataError("is the current folder; name one inside it", path=folder)
    if folder.is_mount():
        what = "is a mount point, which cannot be replaced; name a folder inside it"
        raise DataError(what, path=folder)
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
    baselines: Mapping[str, Float[np.ndarray, "pairs"]],
    folder: str | Path,
) -> None:
    """Write `index.html` and `report.json`, both or none, over an older report if there is one.

    Args:
        report: the metrics.
        judged: pairs and scores, for the plots.
        baselines: baseline scores by name.
        folder: see `check_page`.
    """
    probes = report.robustness.probes if report.robustness else ()
    page = _open_template(_EVALUATION).render(
        report=report,
        name=Path(report.data).name,
        sentences=[*(each.text for each in report.findings), *in_plain_words(report)],
        probe_sentences=list(probes_in_plain_words(probes)),
        meanings=MEANINGS,
        answers=list(reversed(report.answers)),
        version=__version__,
        plots={
            "precision_recall": _data_url(draw_precision_recall(judged, baselines)),
            "roc": _data_url(draw_roc(judged, baselines)),
            "similarities": _data_url(draw_similarities(judged)),
            "reliability": _data_url(draw_reliability(judged)),
        },
    )
    with new_folder(Path(folder)) as fresh:
        (fresh / _PAGE).write_text(page, encoding="utf-8", errors="replace")
        content = json.dumps(dataclasses.asdict(report), indent=1)
        (fresh / _DATA).write_text(content + "\n", encoding="ascii")


def _data_url(figure: "Figure") -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(render(figure, "svg")).decode("ascii")


def check_groups_page() -> None:
    """Raise `MissingExtraError`, before long work, if Jinja is not installed."""
    _open_template(_GROUPS)


def render_groups(
    groups: Sequence[Sequence[Mapping[str, Any]]],
    *,
    questions: int,
    exact: int,
    gone: int,
    probability: float,
    linkage: str,
    floor: float,
    templates: Sequence[tuple[str, int]] = (),
    left_out: int = 0,
) -> str:
    """Return a page of duplicate groups.

    Args:
        groups: members of each group: `id`, `text` and `probability`; the central one first.
        questions: number of questions compared.
        exact: number of exact copies among them.
        gone: number of questions that deduplication removes.
        probability: threshold of a duplicate pair.
        linkage: see `find_duplicates`.
        floor: least cosine of the scored pairs.
        templates: an example, and the number of questions that differ from it only in numbers.
        left_out: close pairs that were not scored.
    """
    return _open_template(_GROUPS).render(
        groups=groups[:_SHOWN],
        most=_MEMBERS,
        all_groups=len(groups),
        grouped=sum(map(len, groups)),
        questions=questions,
        exact=exact,
        gone=gone,
        probability=probability,
        linkage=linkage,
        floor=floor,
        templates=templates,
        left_out=left_out,
        version=__version__,
    )

"""The picture of an audit, as one would look at it."""

import itertools
import subprocess
import sys

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from gemel.data import Pairs, QuestionPair, audit_files
from gemel.plots import draw_audit
from gemel.plots.canvas import render


def audit_of(*files):
    return audit_files([Pairs.collect(QuestionPair(*row, 1) for row in rows) for rows in files])


ONE_PAIR = [("who?", "what is it?", True)]
ALL_OTHER = [(f"{n}", f"{n} {n}", False) for n in range(30)]
MANY = [
    (f"the q{n % 400}", f"the q{(n * n) % 390}" + " and so on" * (n % 13), n % 3 == 0)
    for n in range(30_000)
]


def texts_of(figure):
    """Every text that can be seen, with its place on the sheet."""
    FigureCanvasAgg(figure).draw()
    found = {}
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip():
            found[text] = text.get_window_extent()
    # Ticks beyond the ends of an axis are kept by matplotlib but not drawn.
    for axes in figure.findobj(lambda artist: hasattr(artist, "get_xticklabels")):
        for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            low, high = sorted(limits)
            for tick in axis.get_major_ticks():
                if not low <= tick.get_loc() <= high:
                    found.pop(tick.label1, None)
                    found.pop(tick.label2, None)
    return {text: place for text, place in found.items() if place.width > 0}


@pytest.mark.parametrize("files", [[ONE_PAIR], [ALL_OTHER], [MANY], [ONE_PAIR, MANY]])
def test_no_text_is_on_another_or_off_the_sheet(files):
    figure = draw_audit(audit_of(*files))
    places = texts_of(figure)
    assert len(places) > 30 * len(files)
    sheet = figure.bbox
    for text, place in places.items():
        assert sheet.x0 <= place.x0 <= place.x1 <= sheet.x1, text
        assert sheet.y0 <= place.y0 <= place.y1 <= sheet.y1, text
    for (one, here), (two, there) in itertools.combinations(places.items(), 2):
        assert not here.overlaps(there), (one, two)


def test_it_can_be_read_alone():
    audit = audit_of(MANY)
    (report,) = audit.files
    shown = "\n".join(text.get_text() for text in texts_of(draw_audit(audit)))
    for expected in (
        f"pairs: {report.pairs:,} pairs of {report.questions:,} different questions",
        f"{report.duplicates:,}  (33.3%)",
        f"labelled 1, median {report.lengths_in_duplicates.median}",
        f"{report.vocabulary.words:,} in the end, {report.vocabulary.words_seen_once:,} of them",
        f"{report.groups:,} of two or more questions; the largest has",
        "words and marks in a question",
        "different questions read",
        "groups of that size",
    ):
        assert expected in shown


def test_drawing_leaves_the_rest_of_matplotlib_alone():
    code = (
        "import sys, matplotlib; before = matplotlib.rcParams.copy()\n"
        "import gemel; from gemel.data import Pairs; from gemel.plots.canvas import render\n"
        "from gemel.plots import draw_audit\n"
        "render(draw_audit(gemel.audit(Pairs.of(['a'], ['b'], [True]))))\n"
        "assert dict.__eq__(matplotlib.rcParams, before)\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_the_same_audit_is_the_same_picture():
    audit = audit_of(ALL_OTHER)
    assert render(draw_audit(audit)) == render(draw_audit(audit))


def test_a_name_with_dollars_is_no_formula(tmp_path):
    pairs = Pairs.of(["a"], ["b"], [True], path=tmp_path / "a$b_{$.csv")
    assert render(draw_audit(audit_files([pairs]))).startswith(b"\x89PNG")

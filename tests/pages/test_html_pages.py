import dataclasses
import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest

from gemel.data import Pairs
from gemel.errors import DataError
from gemel.evaluation import (
    evaluate,
    fit_decision,
    judge,
    measure_robustness,
    probes_in_plain_words,
)
from gemel.pages import check_page, write_page

HOSTILE = "<script>alert(1)</script> & \"quoted\" 'too' </td> \u202e\ud800 {{ 7 * 7 }}"
VOID = {"meta", "img", "br", "link"}


class Reader(HTMLParser):
    """Collects tags, addresses and text; every tag must be closed."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.addresses, self.text = [], set(), [], ""

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.addresses += [value for name, value in attributes if name in ("src", "href", "action")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def found():
    random = np.random.default_rng(0)
    labels = random.random(60) < 0.5
    left = [f"{HOSTILE} {n}" for n in range(60)]
    right = [f"what is {n}?" for n in range(60)]
    pairs = Pairs.of(left, right, labels)
    known = dict(zip(zip(left, right, strict=True), random.random(60), strict=True))

    def score(left, right):
        return np.array([known.get(pair, 0.5) for pair in zip(left, right, strict=True)])

    decision = fit_decision(score(left, right), pairs)
    judged = judge(pairs, score, decision)
    baselines = {"TF-IDF": random.random(60)}
    report = evaluate(judged, baselines=baselines, rounds=20)
    robust = measure_robustness(pairs, score, decision, limit=40)
    return dataclasses.replace(report, robustness=robust), judged, baselines


@pytest.fixture(scope="module")
def page(found, tmp_path_factory):
    folder = tmp_path_factory.mktemp("page") / "report"
    write_page(*found, folder)
    return folder


def read(folder):
    reader = Reader()
    reader.feed((folder / "index.html").read_text(encoding="utf-8"))
    assert not reader.open
    return reader


def test_all_of_it_is_in_one_file(page):
    reader = read(page)
    assert sorted(file.name for file in page.iterdir()) == ["index.html", "report.json"]
    assert len(reader.addresses) == 4
    assert all(address.startswith("data:image/svg+xml;base64,") for address in reader.addresses)
    assert not {"script", "link", "iframe", "form"} & reader.tags
    assert "@import" not in (page / "index.html").read_text(encoding="utf-8")


def test_questions_are_text_whatever_they_hold(page):
    text = read(page).text
    assert "<script>alert(1)</script> & \"quoted\" 'too' </td> \u202e? {{ 7 * 7 }}" in text


def test_every_figure_is_there(page, found):
    text = " ".join(read(page).text.split())
    report = found[0]
    for name, figure in report.figures.items():
        shown = f"{figure.value:.3f} {figure.low:.3f} to {figure.high:.3f}"
        assert f"{name.replace('_', ' ')} {shown}" in text
    assert "TF-IDF: average precision" in text
    for mistake in (*report.false_positives, *report.false_negatives):
        assert f"what is {mistake.right.split()[-1]}" in text
    for effect in report.robustness.effects:
        assert effect.description in text
    assert "On 40 of the 60 pairs, sampled. Both questions" in text
    for sentence in probes_in_plain_words(report.robustness.probes):
        assert sentence in text
    for found in report.robustness.probes:
        for one in found.kinds:
            shown = f"{one.name} {one.different} {one.told_apart:.1%} {one.same}"
            assert f"{shown} {one.kept_together:.1%} {one.accuracy:.3f}" in text


def test_the_json_next_to_it_states_the_same(page, found):
    content = json.loads((page / "report.json").read_text())
    assert content == json.loads(json.dumps(dataclasses.asdict(found[0])))


def test_a_perfect_model_without_rivals_has_a_page_too(found, tmp_path):
    judged = found[1]
    pairs = judged.pairs
    scores = pairs.labels.astype(float)
    judged = judge(pairs, lambda left, right: scores, fit_decision(scores, pairs))
    write_page(evaluate(judged, rounds=5), judged, {}, tmp_path / "r")
    text = " ".join(read(tmp_path / "r").text.split())
    assert "Worst false positives None." in text
    assert "Robustness" not in text


def test_an_older_report_is_replaced_and_nothing_else_is(found, page, tmp_path):
    before = (page / "index.html").read_bytes()
    check_page(page)
    write_page(*found, page)
    assert len((page / "index.html").read_bytes()) == len(before)
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(DataError, match=r"holds thesis\.txt, which is no report"):
        check_page(tmp_path)
    with pytest.raises(DataError, match="is a file; expected a folder"):
        check_page(tmp_path / "thesis.txt")
    check_page(tmp_path / "new" / "place")
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_current_folder_is_not_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="is the current folder"):
        check_page(".")


@pytest.mark.parametrize("missing", ["jinja2", "matplotlib"])
def test_without_its_packages_it_states_what_to_type(missing, tmp_path):
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from gemel.pages import check_page\n"
        f"check_page({str(tmp_path / 'r')!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert re.search(r"MissingExtraError: .*pip install 'gemel\[report\]'", done.stderr)


def test_a_page_of_somebody_else_is_not_replaced(page, tmp_path):
    for file in page.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    check_page(tmp_path)
    (tmp_path / "index.html").write_text("<title>coverage</title>")
    with pytest.raises(DataError, match="which is no report of gemel"):
        check_page(tmp_path)


def test_a_mount_point_is_found_out_before_the_work():
    with pytest.raises(DataError, match="is a mount point"):
        check_page("/")

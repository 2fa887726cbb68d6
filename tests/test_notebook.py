"""What a notebook shows of a result: one line, or a table in which no text is markup."""

import html
import re

import pytest

import gemel
from gemel import api
from gemel.data import Pairs
from gemel.inference import Engine

HOSTILE = "<script>alert(1)</script> & how old"


@pytest.fixture
def results(tmp_path, tiny_model):
    engine = Engine(tiny_model)
    (tmp_path / "pairs.csv").write_text(
        "question1,question2,is_duplicate\n"
        + "".join(f"how old {n}?,what age {n}?,1\nwhere {n}?,who {n}?,0\n" for n in range(20))
    )
    with api.open_index(str(tmp_path / "x.db"), engine) as index:
        index.add(HOSTILE, id="<b>")
        index.add(f"{HOSTILE}!", id="c")
        duplicates = index.duplicates(floor=-1.0, probability=0.001)
        return {
            "Engine": engine,
            "Model": tiny_model,
            "Decision": tiny_model.decision,
            "Verdict": engine.predict("how old", "what age"),
            "Explanation": engine.explain(HOSTILE, "what age"),
            "Match": index.search("how old")[0],
            "DuplicateIndex": index,
            "Duplicates": duplicates,
            "Group": duplicates.groups[0],
            "Pairs": Pairs.of([HOSTILE], ["b"], [True]),
            "Report": gemel.evaluate(tmp_path / "pairs.csv", engine.model, rounds=20, seen=True),
            "SplitReport": gemel.split(tmp_path / "pairs.csv", tmp_path / "parts", folds=2),
            "Audit": gemel.audit(tmp_path / "pairs.csv"),
        }


def test_one_line_and_a_table(results):
    for name, result in results.items():
        line = repr(result)
        assert line.startswith(f"{name}("), line
        assert "\n" not in line
        assert len(line) < 500, (name, len(line))
        table = result._repr_html_()
        assert table.startswith(f"<table><caption>{name}</caption><tr>")
        assert "<script>" not in table
        assert set(re.findall(r"</?([a-z]+)", table)) == {"table", "caption", "tr", "td"}, name


def test_the_figures_that_count(results):
    verdict = results["Verdict"]
    assert repr(verdict) == (
        f"Verdict(answer={verdict.answer!r}, probability={verdict.probability:.4g}, "
        f"similarity={verdict.similarity:.4g}, threshold=0.75)"
    )
    assert html.escape(HOSTILE) in results["Group"]._repr_html_()
    assert "questions=2, groups=1, grouped=2" in repr(results["Duplicates"])
    assert repr(results["Pairs"]) == "Pairs(pairs=1, questions=2, prevalence=1)"
    assert "x.db" in repr(results["DuplicateIndex"])


def test_a_long_table_ends():
    from gemel.notebook import shown

    @shown(lambda it: {"many": 30, "text": "x" * 200}, lambda it: ((n, "y") for n in range(30)))
    class Many:
        pass

    assert repr(Many()) == f"Many(many=30, text='{'x' * 117}...')"
    assert Many()._repr_html_().count("<tr>") == 2 + 20 + 1
    assert "and 10 more" in Many()._repr_html_()

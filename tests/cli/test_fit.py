"""`gemel fit` and what `gemel evaluate` gives of it, on a model of four questions' words."""

import json

import pytest

from gemel.folder import load_model, save_model

QUESTIONS = [
    f"{word} {n}" for word in ("how old are", "reset my", "why is the sky") for n in range(30)
]


def write_pairs(path, shift):
    rows = ["question1,question2,is_duplicate"]
    for n, question in enumerate(QUESTIONS):
        other = QUESTIONS[(n + shift) % len(QUESTIONS)]
        rows.append(f"{question},{other},{int(question[:4] == other[:4] and n % 7 > 0)}")
    path.write_text("\n".join(rows))
    return path


@pytest.fixture
def model(tiny_model, tmp_path):
    save_model(tiny_model, tmp_path / "m", picture=b"a picture")
    return tmp_path / "m"


@pytest.fixture
def pairs(tmp_path):
    return write_pairs(tmp_path / "pairs.csv", shift=20)


def test_it_replaces_the_decision_and_nothing_else(model, pairs, tiny_model, run):
    before = {file.name: file.read_bytes() for file in model.iterdir()}
    code, out, _ = run("fit", pairs, "--model", model, "--objective", "f1")
    assert code == 0
    lines = " ".join(out.split())
    assert f"{model}: decision fitted on 90 pairs, of which 28.9% ask the same" in lines
    assert "best for f1" in lines
    assert f"threshold 0.7500 {load_model(model).decision.threshold:.4f}" in lines
    assert f"gemel evaluate other-pairs.csv --model {model}" in lines
    after = {file.name: file.read_bytes() for file in model.iterdir()}
    changed = {name for name in before if before[name] != after[name]}
    assert (set(before), changed) == (set(after), {"decision.json", "config.json", "README.md"})
    fitted = load_model(model)
    assert fitted.config.decision == fitted.decision.settings
    assert fitted.decision.settings.objective == "f1"
    assert fitted.training == tiny_model.training


def test_it_reads_the_model_once(model, pairs, run, monkeypatch):
    read = []

    def count(path):
        read.append(path)
        return load_model(path)

    for module in ("gemel.folder", "gemel.inference.engine"):
        monkeypatch.setattr(f"{module}.load_model", count)
    assert run("fit", pairs, "--model", model)[0] == 0
    assert read == [model]


def test_every_answer_goes_by_it(model, pairs, run):
    code, out, _ = run("fit", pairs, "--model", model, "--costs", "3,1,0.3", "--json")
    decision = json.loads(out)
    assert code == 0
    assert decision["settings"]["objective"] == "costs"
    assert decision["lower"] < decision["upper"]
    verdict = json.loads(run("compare", "how old", "why sky", "--model", model, "--json")[1])
    assert verdict["threshold"] == decision["threshold"]
    others = write_pairs(pairs.with_name("others.csv"), shift=27)
    report = json.loads(run("evaluate", others, "--model", model, "--json")[1])
    assert report["thresholds"] == [decision["threshold"]]
    assert "a review" in report["protocol"]
    assert report["answers"][1]["pairs"] > 0


def test_the_objective_stays_until_another_is_named_and_the_prevalence_does_not(model, pairs, run):
    run("fit", pairs, "--model", model, "--precision", 0.6, "--prevalence", 0.1)
    settings = load_model(model).decision.settings
    assert (settings.objective, settings.precision, settings.prevalence) == ("precision", 0.6, 0.1)
    assert load_model(model).decision.prevalence == 0.1
    run("fit", pairs, "--model", model)
    settings = load_model(model).decision.settings
    assert (settings.objective, settings.precision, settings.prevalence) == ("precision", 0.6, 0)
    assert load_model(model).decision.prevalence == pytest.approx(26 / 90)


def test_fitted_pairs_are_not_measured_on_but_may_be_fitted_on_again(model, pairs, run):
    assert run("fit", pairs, "--model", model)[0] == 0
    code, _, err = run("evaluate", pairs, "--model", model)
    assert code == 2
    assert "these are the very pairs that the threshold was fitted on" in err
    assert run("fit", pairs, "--model", model, "--objective", "f1")[0] == 0


def test_pairs_that_the_model_was_trained_on_are_refused(tiny_model, tmp_path, pairs, run):
    import dataclasses

    from gemel import read_pairs

    record = {**tiny_model.training, "earlier_data": [read_pairs(pairs).digest]}
    save_model(dataclasses.replace(tiny_model, training=record), tmp_path / "t")
    code, _, err = run("fit", pairs, "--model", tmp_path / "t")
    assert code == 2
    assert "these are the very pairs that the model was trained on" in err
    assert run("fit", pairs, "--model", tmp_path / "t", "--seen")[0] == 0


def test_a_precision_that_no_threshold_reaches_is_reported(model, pairs, run):
    pairs.write_text(pairs.read_text() + "\nhow old,how old,0")
    code, _, err = run("fit", pairs, "--model", model, "--precision", 1)
    assert code == 0
    assert f"warning: {pairs}: on these pairs no threshold has a precision of 1;" in err
    assert load_model(model).decision.threshold == 1.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--costs", "5,1"], "'5,1' is not three numbers with commas, as 5,1,0.3"),
        (["--costs", "5,1,x"], "is not three numbers"),
        (["--costs", "5,-1,1"], "decision.false_negative_cost must be above 0"),
        (["--precision", "1.5"], "decision.precision must be above 0 and at most 1, not 1.5"),
        (["--precision", "0.9", "--objective", "f1"], "is for the objective precision, not f1"),
        (["--precision", "0.9", "--costs", "1,1,1"], "is for the objective precision, not costs"),
        (["--prevalence", "1"], "is a share between 0 and 1, not 1"),
        (["--prevalence", "36"], "is a share between 0 and 1, not 36"),
    ],
)
def test_what_has_no_meaning_is_refused_before_anything_changes(
    options, message, model, pairs, run
):
    before = (model / "decision.json").read_bytes()
    code, _, err = run("fit", pairs, "--model", model, *options)
    assert code == 2
    assert message in " ".join(err.replace("│", " ").split())
    assert (model / "decision.json").read_bytes() == before


def test_evaluate_weighs_ranks_tfidf_baseline_and_writes_a_page(model, pairs, tmp_path, run):
    options = ["--model", model, "--prevalence", 0.5, "--report", tmp_path / "r"]
    code, out, err = run("evaluate", pairs, *options)
    assert code == 0
    assert "warning" not in err
    lines = " ".join(out.split())
    for expected in (
        "figures weighed as if 50.0% did",
        "of TF-IDF, on the same pairs",
        "typed differently",
        "questions that are not the same as themselves: 0 of 90",
        f"{tmp_path / 'r' / 'index.html'}: written; open it in a browser",
    ):
        assert expected in lines
    assert (tmp_path / "r" / "index.html").exists()
    report = json.loads((tmp_path / "r" / "report.json").read_text())
    assert report["weighed_as"] == 0.5
    for probes in report["robustness"]["probes"]:
        kinds = ", ".join(f"{kind['name']} {kind['told_apart']:.0%}" for kind in probes["kinds"])
        assert f"it tells {probes['told_apart']:.0%} apart ({kinds})" in lines
    code, _, err = run("evaluate", pairs, "--model", model, "--report", pairs)
    assert code == 2
    assert "is a file; expected a folder for the report" in err


def test_the_worst_mistakes_name_their_lines(model, pairs, run):
    _, out, _ = run("evaluate", pairs, "--model", model, "--json")
    report = json.loads(out)
    rows = pairs.read_text().splitlines()
    for kind, label in (("false_positives", "0"), ("false_negatives", "1")):
        for mistake in report[kind]:
            row = f"{mistake['left']},{mistake['right']},{label}"
            assert rows[mistake["line"] - 1] == row


def test_a_question_without_spaces_is_whole_in_a_pipe(model, pairs, run):
    long = "질문" * 200
    pairs.write_text(pairs.read_text() + f"\n{long},{long},0")
    _, out, _ = run("evaluate", pairs, "--model", model)
    lines = [line for line in out.splitlines() if "질문질문" in line]
    assert len(lines) == 2
    assert all(long in line for line in lines)


def write_groups(path, swapped=False):
    """Questions whose letters report which group they are of; between groups nothing is alike."""
    words = ["password", "invoice", "holiday", "printer", "salary", "window"]
    rows = ["question1,question2,is_duplicate"]
    for n in range(60):
        word, other = words[n % 6], words[(n + 1 + n // 6 % 5) % 6]
        rows.append(f"my {word} {n},the {word} {n + 1},{int(not swapped)}")
        rows.append(f"my {word} {n},the {other} {n + 2},{int(swapped)}")
    path.write_text("\n".join(rows))
    return path


def test_inverted_labels_are_warned_of_and_refused_if_strict(tmp_path, run):
    pairs, out = write_groups(tmp_path / "swapped.csv", swapped=True), tmp_path / "out"
    code, _, err = run("fit", pairs, "--out", out, "--strict")
    assert (code, out.exists()) == (2, False)
    assert "nothing was written" in err.splitlines()[-1]
    code, printed, err = run("fit", pairs, "--out", out, "--json")
    assert (code, out.exists(), "slope" in json.loads(printed)) == (0, True, True)
    (warning,) = [line for line in err.splitlines() if line.startswith("warning: ")]
    assert warning.startswith(f"warning: {pairs}: the labels look inverted")
    assert "--same 0" in warning
    report = run("evaluate", pairs, "--json")
    assert "the labels look inverted" in report[2]
    assert [each["name"] for each in json.loads(report[1])["findings"]] == ["inverted-labels"]
    assert "look inverted" not in run("fit", pairs, "--same", 0, "--out", out, "--overwrite")[2]


def test_python_issues_warnings_and_gives_the_findings(tmp_path):
    import gemel

    pairs = write_groups(tmp_path / "swapped.csv", swapped=True)
    with pytest.warns(gemel.GemelWarning, match="labels look inverted"):
        fitted = gemel.fit(pairs, out=tmp_path / "out")
    assert [each.name for each in fitted.findings] == ["inverted-labels"]
    with (
        pytest.warns(gemel.GemelWarning),
        pytest.raises(gemel.DataError, match=r"strict .*inverted-labels"),
    ):
        gemel.fit(pairs, out=tmp_path / "other", strict=True)
    assert not (tmp_path / "other").exists()
    with pytest.warns(gemel.GemelWarning, match="labels look inverted"):
        gemel.evaluate(pairs, rounds=1)
    with pytest.warns(gemel.GemelWarning, match="labels look inverted"):
        gemel.export(tmp_path / "exported", to="sentence-transformers", validation=pairs)

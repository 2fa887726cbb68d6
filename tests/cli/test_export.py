"""`gemel export`, and what it says of questions that cannot agree."""

import dataclasses
import json

import pytest

from gemel.exchange import model_export as exporting
from gemel.folder import save_model

QUESTIONS = [f"How old is zebra{letter}?" for letter in "abcdefghijklm"] + ["How old are you?"]


@pytest.fixture
def model(tiny_model, tmp_path):
    path = tmp_path / "model"
    save_model(tiny_model, path)
    return path


@pytest.fixture
def questions(tmp_path):
    path = tmp_path / "questions.txt"
    path.write_text("\n".join(QUESTIONS) + "\n")
    return path


@pytest.fixture(autouse=True)
def without_the_library(monkeypatch):
    """Spare the command the other library, which tests of the exchange ask."""
    monkeypatch.setattr(exporting, "installed_version", lambda _: None)


def test_what_cannot_agree_is_counted_shown_and_listed(model, questions, tmp_path, run):
    out, listed = tmp_path / "out", tmp_path / "new" / "others.jsonl"
    asked = ["export", "--to", "sentence-transformers", "--model", model, "--check", questions]
    code, text, err = run(*asked, "--out", out)
    assert code == 0
    assert f"{out}: a model for sentence-transformers, 18 words\n" in text
    assert "1 of 14 questions are read alike; not compared: sentence-transformers is not" in text
    assert "13 cannot agree:\n  13: words without a row\n" in text
    assert text.count("row: zebra") == 10
    assert "and 3 more; --disagreements FILE.jsonl lists all\n" in text
    assert "--words QUESTIONS, with --overwrite, gives their unknown words vectors" in err
    code, text, _ = run(*asked, "--out", out, "--overwrite", "--disagreements", listed)
    assert code == 0
    assert f"all of them: {listed}\n" in text
    found = [json.loads(line) for line in listed.read_text().splitlines()]
    assert [each["text"] for each in found] == QUESTIONS[:13]
    assert found[1]["words"] == ["zebrab"]


def test_words_of_questions_get_rows(model, questions, tmp_path, run):
    out = tmp_path / "out"
    asked = ["export", "--to", "onnx", "--model", model, "--check", questions, "--words", questions]
    code, text, err = run(*asked, "--out", out, "--int8")
    assert code == 0
    assert f"{out}: a model for onnx, 31 words, 13 of them not in the vocabulary\n" in text
    assert "14 of 14 questions agree: with ONNX Runtime the cosine of any two is" in text
    assert "model_int8.onnx: cosine with gemel's vectors " in text
    assert "--words" not in err
    assert (out / "model_int8.onnx").is_file()
    code, text, _ = run(*asked, "--out", out, "--json", "--overwrite")
    figures = json.loads(text)
    assert code == 0
    assert (figures["questions"], figures["compared"], figures["disagreements"]) == (14, 14, [])
    assert figures["added_words"][:2] == ["zebraa", "zebrab"]
    assert figures["cosine_difference"] < 1e-5
    assert not (out / "model_int8.onnx").exists()


def test_a_head_that_stays_behind_is_reported(tiny_model, tmp_path, run):
    import numpy as np

    config = tiny_model.config.replace(["network.head=2", "training.loss=joint"])
    shapes = {
        "hidden.weight": (2, 9),
        "hidden.bias": (2,),
        "last.weight": (1, 2),
        "last.bias": (1,),
    }
    head = {f"head.{name}": np.ones(shape, np.float32) for name, shape in shapes.items()}
    weights = {**tiny_model.weights, **head}
    save_model(dataclasses.replace(tiny_model, config=config, weights=weights), tmp_path / "model")
    asked = ["export", "--to", "sentence-transformers", "--model", tmp_path / "model"]
    code, _, err = run(*asked, "--out", tmp_path / "out")
    assert code == 0
    assert "the threshold in its gemel.json is not one of the cosine" in " ".join(err.split())
    pairs = tmp_path / "pairs.csv"
    rows = (f"how old,old {'how' if same else 'are'},{same}\n" for same in (0, 1) * 4)
    pairs.write_text("".join(["question1,question2,is_duplicate\n", *rows]))
    asked += ["--out", tmp_path / "out", "--overwrite", "--validation", pairs]
    code, text, err = run(*asked)
    assert (code, "gemel.json" in err) == (0, False)
    decision = json.loads((tmp_path / "out" / "gemel.json").read_text())["decision"]
    fitted = f"{decision['threshold']:.4f} of the cosine, best for accuracy, fitted on 8 pairs\n"
    assert f"\nthreshold {fitted}" in text
    figures = json.loads(run(*asked, "--json")[1])
    assert figures["threshold_holds_for_cosine"] is decision["holds_for_cosine"] is True
    assert (figures["threshold"], figures["pairs"]) == (decision["threshold"], 8)


def test_questions_of_a_column_and_bad_rows(model, tmp_path, run):
    path = tmp_path / "questions.csv"
    path.write_text("who,asked\n1,How old are you?\n2\n")
    asked = ["export", "--to", "sentence-transformers", "--model", model, "--check", path]
    asked += ["--out", tmp_path / "out", "--question", "asked"]
    code, _, err = run(*asked)
    assert code == 2
    assert "questions.csv:3: has 1 columns; expected 2" in " ".join(err.split())
    code, text, err = run(*asked, "--skip-bad", 1, "--bad-rows", tmp_path / "bad.jsonl")
    assert code == 0
    assert "1 of 1 questions are read alike" in text
    assert "warning: 1 bad row" in err
    asked += ["--words", path, "--overwrite"]
    code, _, err = run(*asked, "--skip-bad", 1, "--bad-rows", tmp_path / "bad.jsonl")
    assert (code, "warning: 1 bad row" in err) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--to", "sentence-transformers", "--int8"], "int8 is for onnx"),
        (["--to", "sentence-transformers", "--disagreements", "x.txt"], "expected a name ending"),
        (["--to", "tensorflow"], "'tensorflow' is not one of"),
        (["--to", "onnx", "--check", "missing.csv"], "missing.csv"),
        (["--to", "onnx", "--validation", "missing.csv"], "missing.csv"),
    ],
)
def test_what_cannot_be_done_is_reported_and_nothing_written(
    arguments, message, model, tmp_path, run
):
    code, text, err = run("export", *arguments, "--model", model, "--out", tmp_path / "out")
    assert (code, text) == (2, "")
    assert message in " ".join(err.split())
    assert [path.name for path in tmp_path.iterdir()] == ["model"]

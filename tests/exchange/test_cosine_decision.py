"""A decision for what an export gives: fitted on labelled pairs, for the cosine alone."""

import dataclasses
import json

import numpy as np
import pytest

from gemel.api.exchange_functions import export
from gemel.data import read_pairs
from gemel.errors import DataError
from gemel.exchange.agreement import open_tokenizer
from gemel.exchange.onnx_file import OnnxAnswers

WORDS = ["how", "old", "are", "you", "what", "is", "your", "age", "if", "may", "ask", "do", "use"]


@pytest.fixture(scope="module")
def pairs():
    """Pairs of which most that ask the same have a word in common more than others."""
    random = np.random.default_rng(6)

    def pair(same):
        left, right = (random.choice(WORDS, 4).tolist() for _ in range(2))
        return " ".join(left), " ".join([*left[: 1 + 2 * same], *right]), int(same)

    return read_pairs([pair(bool(number % 3)) for number in range(600)])


@pytest.mark.parametrize(
    "more", [["network.head=3", "training.loss=joint"], ["text.spelling_buckets=7"], []]
)
def test_no_threshold_of_the_folders_own_cosines_is_better(model_with, pairs, tmp_path, more):
    heard = []
    done = export(
        tmp_path / "out",
        model_with(*more),
        to="onnx",
        check=pairs.texts,
        validation=pairs,
        progress=lambda *news: heard.append(news),
    )
    texts = done.agreement.texts
    assert texts > 1000
    assert ("reading questions", 1024, texts) in heard
    assert ("comparing vectors", texts, texts) in heard
    decision = json.loads((done.path / "gemel.json").read_text())["decision"]
    assert decision["holds_for_cosine"] is done.holds_for_cosine is True
    assert decision["of_similarity"] == "cosine"
    assert (decision["pairs"], decision["data"]) == (600, pairs.digest)
    read = open_tokenizer(done.path)
    answers = OnnxAnswers((done.path / "model.onnx").read_bytes())
    left, right = (answers(read(texts)) for texts in (pairs.left_texts, pairs.right_texts))
    cosines = (left * right).sum(axis=1)

    def verdicts_right_from(cut):
        return int(((cosines >= cut) == pairs.labels).sum())

    best = max(map(verdicts_right_from, [*cosines.tolist(), 2]))
    # One pair may lie so near that rounding puts it on the other side.
    assert verdicts_right_from(decision["threshold"]) >= best - 1
    assert verdicts_right_from(0.75) < best - 1  # the model's own
    assert float(answers.notes["gemel_threshold"]) == decision["threshold"]
    assert answers.notes["gemel_threshold_holds_for_cosine"] == "true"
    card = (done.path / "README.md").read_text()
    assert f"from a cosine of **{decision['threshold']:.4f}** on" in card
    assert "Fitted on 600\nlabelled pairs, best for accuracy." in card
    assert ("gemel itself decides by more" in card) is bool(more)


def test_pairs_that_cannot_be_fitted_on_are_refused(model_with, pairs, tmp_path):
    model = model_with("network.head=3", "training.loss=joint")
    seen = dataclasses.replace(model, training={"data": pairs.digest})
    with pytest.raises(DataError, match=r"the model was trained on, which .*; take others$"):
        export(tmp_path / "out", seen, validation=pairs)
    with pytest.raises(DataError, match="both labels, 0 and 1, are needed"):
        export(tmp_path / "out", model, validation=[("how old", "your age", 1)] * 2)
    with pytest.raises(DataError, match=r"pairs\.csv: no such file"):
        export(tmp_path / "out", model, validation=tmp_path / "pairs.csv")
    assert list(tmp_path.iterdir()) == []

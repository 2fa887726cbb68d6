"""`gemel import`: a checkpoint of the notebook, and what a person does next."""

import json
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

import gemel
from gemel.api.exchange_functions import import_trax
from gemel.errors import DataError
from gemel.folder import load_model

GOLDEN = Path(__file__).parents[1] / "golden"
OLD = GOLDEN / "trax_old_model.pkl.gz"


@pytest.fixture
def vocabulary(tmp_path):
    path = tmp_path / "vocabulary.json"
    ids = {"<PAD>": 1, **{f"w{number}": number for number in range(2, 51)}, "asked": 0, "too": 0}
    path.write_text(json.dumps(ids))
    return path


@pytest.fixture
def pairs(tmp_path):
    random = np.random.default_rng(2)
    path = tmp_path / "pairs.csv"
    rows = []
    for number in range(60):
        left, right = (" ".join(f"w{n}" for n in random.integers(2, 50, 5)) for _ in range(2))
        rows.append(f"{left},{left if number % 2 else right},{number % 2}")
    path.write_text("\n".join(["question1,question2,is_duplicate", *rows]) + "\n")
    return path


def test_without_pairs_the_threshold_is_a_guess_and_what_to_type_next_fits_it(
    vocabulary, pairs, tmp_path, run
):
    out = tmp_path / "my model"
    code, text, err = run("import", OLD, "--vocabulary", vocabulary, "--out", out)
    assert code == 0
    assert text.splitlines()[0] == (
        f"{out}: 49 words, vectors of 8 numbers; padding counts, as in the notebook"
    )
    assert "threshold 0.7: the notebook's, a guess" in text
    assert f"next: gemel fit validation.csv --model '{out}'" in text
    assert 'its last word, "w50", has the row of the word before' in err
    assert "2 tokens of the vocabulary have the id of unknown words" in err
    model = load_model(out)
    assert (model.decision.threshold, model.decision.pairs) == (0.7, 0)
    assert "That is a guess, fitted on\nnothing" in (out / "README.md").read_text()
    assert run("fit", pairs, "--model", out)[0] == 0
    assert load_model(out).decision.pairs == 60
    assert "That is a guess" not in (out / "README.md").read_text()
    code, text, _ = run("compare", "w3 w4 w5", "w3 w4 w5", "--model", out)
    assert (code, text.startswith("the same")) == (0, True)


def test_with_pairs_the_decision_is_that_of_fit(vocabulary, pairs, tmp_path, run):
    out, later = tmp_path / "model", tmp_path / "later"
    given = ["--vocabulary", vocabulary, "--out", out, "--validation", pairs]
    code, text, _ = run("import", OLD, *given)
    assert code == 0
    assert "fitted on 60 pairs; before is the notebook's" in text
    assert [line.split()[0] for line in text.splitlines() if line.endswith("1.0000")]
    run("import", OLD, "--vocabulary", vocabulary, "--out", later)
    run("fit", pairs, "--model", later)
    assert load_model(later).decision == load_model(out).decision
    figures = json.loads(run("import", OLD, *given, "--overwrite", "--json")[1])
    assert figures["threshold"] == load_model(out).decision.threshold
    assert (figures["fitted"], figures["pairs"], figures["words"]) == (True, 60, 49)
    code, _, err = run("import", OLD, *given)
    assert code == 2
    assert "--overwrite" in err


def test_it_is_trained_further(vocabulary, pairs, tmp_path, run):
    out = tmp_path / "model"
    run("import", OLD, "--vocabulary", vocabulary, "--out", out)
    text = pairs.read_text()
    pairs.write_text(text + "w3 brandnew,w3 brandnew thing,1\n" * 2)
    settings = ["--set", "training.epochs=1", "--set", "training.batch_size=16"]
    code, _, err = run("train", pairs, "--from", out, "--out", tmp_path / "on", *settings)
    assert code == 0, err
    assert "brandnew" in load_model(tmp_path / "on").tokenizer.vocabulary


class Hostile:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.system, (f"touch {self.mark}",)


def test_a_hostile_checkpoint_does_nothing(vocabulary, tmp_path, run):
    mark = tmp_path / "harm"
    path = tmp_path / "model.pkl.gz"
    path.write_bytes(pickle.dumps({"flat_weights": [Hostile(mark)]}))
    code, text, err = run("import", path, "--vocabulary", vocabulary, "--out", tmp_path / "out")
    assert (code, text) == (2, "")
    assert "names posix.system" in err
    assert not mark.exists()
    assert not (tmp_path / "out").exists()


def test_a_vocabulary_of_another_network_is_refused(tmp_path, run):
    path = tmp_path / "v.json"
    path.write_text('{"<PAD>": 1, "a": 2}')
    code, _, err = run("import", OLD, "--vocabulary", path, "--out", tmp_path / "out")
    assert code == 2
    assert "has 2 tokens with ids up to 2, but the checkpoint's embedding has 50 rows" in err
    path.write_bytes(pickle.dumps({"a": 2}))
    code, _, err = run("import", OLD, "--vocabulary", path, "--out", tmp_path / "out")
    assert code == 2
    assert "json.dump(vocabulary, open('vocabulary.json', 'w'))" in " ".join(err.split())


def test_in_python(vocabulary, pairs, tmp_path):
    shutil.copy(GOLDEN / "trax_new_model.pkl.gz", tmp_path / "m.pkl.gz")
    with pytest.raises(DataError, match=r"m.weights.npy.gz, next to it"):
        import_trax(tmp_path / "m.pkl.gz", vocabulary, tmp_path / "out")
    shutil.copy(GOLDEN / "trax_new_model.weights.npy.gz", tmp_path / "m.weights.npy.gz")
    found = import_trax(
        tmp_path / "m.pkl.gz", vocabulary, tmp_path / "out", validation=gemel.read_pairs(pairs)
    )
    assert found.fitted.before.decisions[0].threshold == 0.7
    assert gemel.load(tmp_path / "out").model.decision == found.model.decision

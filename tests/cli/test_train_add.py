"""From decided pairs to a model that has trained on them, and to a threshold."""

import csv
import subprocess
import sys

import numpy as np
import pytest

import gemel
from gemel.data import Pairs
from gemel.folder import load_model
from gemel.store import NewReview
from gemel.training import learn

WORDS = ["cat", "dog", "car", "tea", "sun", "map", "hat", "pen", "bed", "cup"]
FAST = ["--set", "training.epochs=1", "--set", "training.learning_rate=0.01"]


def rows(count, seed, first=0):
    random = np.random.default_rng(seed)
    for number in range(first, first + count):
        one = WORDS[random.integers(len(WORDS))]
        two = one if number % 2 else WORDS[random.integers(len(WORDS))]
        yield f"where is the {one} {number}", f"I look for my {two} {number}", int(one == two)


def write(path, pairs):
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["question1", "question2", "is_duplicate"])
        writer.writerows(pairs)
    return path


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("add")
    config = gemel.Config().replace(
        ["network.d_model=8", "text.min_count=1", "training.epochs=1", "training.batch_size=16"]
    )
    known = list(rows(200, 0))
    write(folder / "known.csv", known)
    model = learn(Pairs.of(*zip(*known, strict=True)), config)
    gemel.folder.save_model(model, folder / "model")
    with gemel.open_index(folder / "site.db", model) as index:
        reviews = []
        for number, (left, right, label) in enumerate(rows(60, 1)):
            ids = index.add(left, id=f"l{number}"), index.add(right, id=f"r{number}")
            answer = "skipped" if number % 10 == 0 else ("different", "same")[label]
            reviews.append(
                NewReview(left_id=ids[0], right_id=ids[1], answer=answer, reviewer="a, b")
            )
        index.store.decide(reviews)
    exported = gemel.export_reviews(folder / "site.db", folder / "reviews.csv")
    assert (exported.same + exported.different, exported.skipped) == (54, 6)
    return folder


@pytest.fixture(autouse=True)
def here(place, monkeypatch):
    monkeypatch.chdir(place)


def one_pair(place):
    lines = (place / "reviews.csv").read_text().splitlines()
    (place / "one.csv").write_text("\n".join(lines[:2]))


def figures(out):
    return {line.rsplit(maxsplit=2)[0]: line.split()[-2:] for line in out.splitlines() if line}


def test_a_model_learns_from_decided_pairs(run, place):
    code, out, err = run(
        "train", "--from", "model", "--add", "reviews.csv", "--out", "learned", *FAST
    )
    assert code == 0, err
    assert "learned: written after" in out
    assert "it trained on 54 pairs" in out
    assert "each judged by a network that has not trained on it" in out
    learned, before = load_model("learned"), load_model("model")
    shown = figures(out)
    assert shown["threshold"] == [
        f"{before.decision.threshold:.4f}",
        f"{learned.decision.threshold:.4f}",
    ]
    assert {"accuracy", "precision", "recall", "f1", "average precision", "log-loss"} <= set(shown)
    assert learned.decision.pairs == 54
    assert learned.config.training.epochs == 1
    assert "part 4 of 4" in err
    assert "learned before" not in out
    again = run("train", "--from", "model", "--add", "reviews.csv", "--out", "learned", *FAST)
    assert again[0] == 2
    assert "holds a model already; add --overwrite" in again[2]
    refused = run("fit", "reviews.csv", "--model", "learned")
    assert refused[0] == 2
    assert "the very pairs that the model was trained on" in refused[2]


def test_known_pairs_show_what_was_forgotten(run, place):
    more = write(place / "more.csv", rows(40, 2, first=100))
    arguments = ["known.csv", "--from", "model", "--add", "reviews.csv", "--add", more]
    code, out, err = run("train", *arguments, "--out", "both", *FAST)
    assert code == 0, err
    assert "it trained on 94 pairs" in out
    kept_out = load_model("model").training["validation_pairs"]
    assert f"on {kept_out} known before" in out
    assert "held out of PAIRS; what was forgotten shows here" in out


def test_a_threshold_is_fitted_on_decided_pairs(run, place):
    code, out, err = run("fit", "reviews.csv", "--model", "model", "--out", "fitted")
    assert code == 0
    assert "warning: reviews.csv: " in err  # they are few
    assert "decision fitted on 54 pairs" in out
    fitted = load_model("fitted").decision
    assert fitted.pairs == fitted.evidence.pairs == 54
    one_pair(place)
    code, _, err = run("fit", "one.csv", "--model", "model", "--out", "none")
    assert code == 2
    assert "are all" in err
    assert "both labels, 0 and 1, are needed; decide more pairs (gemel review)" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "m"], "a file of pairs is needed; or --from MODEL --add FILE"),
        (["--from", "model", "--out", "m"], "a file of pairs is needed"),
        (["--add", "reviews.csv", "--out", "m"], "name it with --from, as --from quora-en"),
        (
            ["--add", "reviews.csv", "--from", "model", "--out", "m", "--resume"],
            "does not go with --add",
        ),
        (
            ["--add", "one.csv", "--from", "model", "--out", "m"],
            "decide more (gemel review), or fit the threshold alone (gemel fit)",
        ),
    ],
)
def test_what_cannot_be_learned_states_what_to_do(run, place, arguments, message):
    one_pair(place)
    code, _, err = run("train", *arguments)
    assert code == 2
    plain = " ".join(err.replace("│", " ").split())
    assert message in plain
    assert not (place / "m").exists()


WITHOUT_TORCH = "import sys; sys.modules['torch'] = None; from gemel.cli import main; main()"


def test_without_torch_it_states_what_to_install():
    """In a process of its own: what has been imported once stays where it was imported."""
    arguments = ["train", "--from", "model", "--add", "reviews.csv", "--out", "m"]
    told = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 2
    assert "pip install 'gemel[train]'" in told.stderr

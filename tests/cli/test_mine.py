"""`gemel mine`, and training on what it writes."""

import contextlib
import csv
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import gemel
from gemel.data import Pairs
from gemel.folder import save_model
from gemel.mining import hard_negatives
from gemel.training import learn

WORDS = ["cat", "dog", "car", "tea", "sun", "map", "hat", "pen", "bed", "cup"]
TINY = ["network.d_model=8", "text.min_count=1", "training.epochs=1", "training.batch_size=16"]


def chains():
    """Ten chains of six questions; only those that follow each other are labelled."""
    for word in WORDS:
        names = [f"where is the {word} {number}" for number in range(6)]
        yield from ((one, other, 1) for one, other in itertools.pairwise(names))
    for one, other in itertools.pairwise(WORDS):
        yield f"where is the {one} 0", f"where is the {other} 0", 0


def write(path, rows, names=("question1", "question2", "is_duplicate")):
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([names, *rows])
    return path


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mine")
    write(folder / "pairs.csv", chains())
    pairs = Pairs.of(*zip(*chains(), strict=True))
    some = pairs.select(pairs.lines % 2 == 0)
    save_model(learn(pairs, gemel.Config().replace(TINY), validation=some), folder / "model")
    return folder


def read(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def word_of(question):
    return question.split()[3]


def test_from_pairs_to_a_model_that_learned_from_harder_ones(place, tmp_path, run):
    out = tmp_path / "my mined.csv"
    code, text, err = run("mine", place / "pairs.csv", "--out", out, "--model", place / "model")
    assert (code, err) == (0, "")
    rows = read(out)
    assert len(rows) == 150
    for row in rows:
        assert word_of(row["anchor"]) == word_of(row["positive"])
        # The chain's other end is tied to the anchor by up to five pairs.
        assert word_of(row["anchor"]) != word_of(row["negative"])
    assert f"{out}: 150 rows (triplet); 150 of 150 negatives wanted for 50 anchors" in text
    assert "the anchor itself " in text
    assert "in the anchor's duplicate group" in text
    assert "fewer than were wanted" not in text
    assert f"next: gemel train '{out}' --out my-model" in text
    sets = [part for setting in TINY for part in ("--set", setting)]
    code, text, err = run(
        "train", out, "--validation", place / "pairs.csv", "--out", tmp_path / "new", *sets
    )
    assert (code, "written after" in text) == (0, True)


def test_figures_for_programs(place, tmp_path, run):
    out = tmp_path / "mined.jsonl"
    arguments = ["--form", "labeled-pair", "--count", 2, "--max-score", 0.9, "--range-max", 9]
    code, text, _ = run(
        "mine", place / "pairs.csv", "--out", out, "--model", place / "model", *arguments, "--json"
    )
    assert code == 0
    figures = json.loads(text)
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert figures["rows"] == len(rows)
    assert figures["negatives"] == sum(row["is_duplicate"] == 0 for row in rows)
    assert figures["positives"] == sum(row["is_duplicate"] == 1 for row in rows) == 50
    assert (figures["anchors"], figures["wanted"], figures["depth"]) == (50, 100, 9)
    assert figures["skipped"]["same_text"] == 50
    assert figures["negative_scores"]["most"] <= 0.9
    assert figures["negative_scores"]["count"] == figures["negatives"]
    labelled = {frozenset(row[:2]) for row in chains() if not row[2]}
    found = [{row["question1"], row["question2"]} for row in rows if not row["is_duplicate"]]
    assert figures["labelled"] == sum(each in labelled for each in found)


def test_anchors_that_fall_short_are_counted_and_reported(place, tmp_path, run):
    common = [place / "pairs.csv", "--model", place / "model", "--count", 3, "--overwrite"]
    corpus = tmp_path / "corpus.csv"
    names = [f"where is the {word} {n}" for word in WORDS[:2] for n in (0, 7)]
    write(corpus, [[name] for name in ["Where is the  cat 0", *names]], ["what"])
    common += ["--corpus", corpus, "--question", "what"]
    seen = {}
    for form, name in [("triplet", "a.csv"), ("n-tuple", "b.csv"), ("labeled-pair", "c.csv")]:
        out = tmp_path / name
        text = run("mine", *common, "--form", form, "--out", out, "--json")[1]
        seen[form] = json.loads(text), read(out)
    figures, rows = seen["triplet"]
    # Of the four questions of the corpus one is a cat's of the pairs, and one a dog's.
    assert (figures["candidates"], figures["few"], figures["none"]) == (4, 0, 0)
    assert {row["negative"] for row in rows} <= {*names}
    figures, rows = seen["n-tuple"]
    assert set(rows[0]) == {"anchor", "positive", "negative_1", "negative_2", "negative_3"}
    assert len(rows) == 50
    # Now four are wanted, and cats and dogs find three.
    out = tmp_path / "d.csv"
    text = run("mine", *common, "--count", 4, "--form", "n-tuple", "--out", out)[1]
    assert "10 anchors have fewer than were wanted, and 0 have none: 10 were left out" in text
    assert len(read(tmp_path / "d.csv")) == 40
    limit = ["--max-score", -0.999, "--out", tmp_path / "e.csv"]
    code, _, err = run("mine", *common, *limit)
    assert code == 2
    assert "no anchor of 50 has a negative; of" in err
    assert "by max_score" in err
    assert not (tmp_path / "e.csv").exists()


def test_the_same_seed_the_same_file(place, tmp_path, run):
    def mine(name, seed, threads):
        arguments = ["--sampling", "random", "--seed", seed, "--threads", threads]
        model = ["--model", place / "model", "--out", tmp_path / name]
        assert run("mine", place / "pairs.csv", *model, *arguments)[0] == 0
        return (tmp_path / name).read_bytes()

    assert mine("a.csv", 3, 1) == mine("b.csv", 3, 2) != mine("c.csv", 4, 1)


def test_what_the_model_calls_the_same_may_be_left_out(place, tmp_path, run, monkeypatch):
    monkeypatch.setattr(hard_negatives, "_JUDGED", 100)
    common = [place / "pairs.csv", "--model", place / "model", "--range-max", 50, "--count", 1]
    free = json.loads(run("mine", *common, "--out", tmp_path / "a.csv", "--json")[1])
    engine = gemel.load(place / "model")
    rows = read(tmp_path / "a.csv")
    likely = sorted(engine.predict(row["anchor"], row["negative"]).probability for row in rows)
    bound = likely[len(likely) // 2]
    out = ["--out", tmp_path / "b.csv", "--max-probability", bound]
    bounded = json.loads(run("mine", *common, *out, "--json")[1])
    assert bounded["skipped"]["max_probability"] > 0 == free["skipped"]["max_probability"]
    labelled = {frozenset(row[:2]) for row in chains() if not row[2]}
    for row in read(tmp_path / "b.csv"):
        if frozenset((row["anchor"], row["negative"])) not in labelled:
            verdict = engine.predict(row["anchor"], row["negative"])
            assert verdict.probability <= bound + 5e-3  # vectors are kept as float16


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--range-min", 5, "--range-max", 5], "range_min must be below range_max, not 5"),
        (["--range-min", 5, "--range-max", 6], "too few for a count of 3; raise range_max"),
        (["--relative-margin", 5], "is a share of the positive's score, 0 to 1, not 5"),
        (["--absolute-margin", -0.5], "is a difference of two scores, 0 to 2, not -0.5"),
        (["--min-score", 0.5, "--max-score", 0.4], "no candidate can be both"),
        (["--count", 0], "Invalid value for '--count'"),
        (["--form", "pairs"], "'pairs' is not one of 'triplet', 'n-tuple'"),
        (["--form", "labeled-list"], "name a .jsonl or .parquet file"),
        (["--question", "q"], "goes with --corpus"),
        (["--sampling", "best"], "'best' is not one of 'top', 'random'"),
        (["--corpus", "nowhere.txt"], "nowhere.txt"),
        (["--model", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_done_is_reported_and_nothing_written(
    arguments, message, place, tmp_path, run
):
    out = tmp_path / "mined.csv"
    code, text, err = run(
        "mine", place / "pairs.csv", "--out", out, "--model", place / "model", *arguments
    )
    assert (code, text) == (2, "")
    assert message in " ".join(err.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "has a header but no pairs"),
        ([("a b", "c d", 0)], "none of its 1 pairs is labelled as asking the same"),
        ([("a b", "A  b", 1)], "of its 1 duplicates none has two different questions"),
        ([("a b", "c d", 1)], "no anchor of 1 has a negative"),
    ],
)
def test_pairs_that_are_no_use(rows, message, place, tmp_path, run):
    pairs = write(tmp_path / "pairs.csv", rows)
    out = tmp_path / "mined.csv"
    code, _, err = run("mine", pairs, "--out", out, "--model", place / "model")
    assert code == 2
    assert message in err
    assert not out.exists()


def test_no_file_is_replaced_unasked_and_the_pairs_never_are(place, tmp_path, run):
    pairs = write(tmp_path / "pairs.csv", chains())
    out = tmp_path / "mined.csv"
    out.write_text("old")
    model = ["--model", place / "model"]
    assert "add --overwrite" in run("mine", pairs, "--out", out, *model)[2]
    assert out.read_text() == "old"
    assert run("mine", pairs, "--out", out, *model, "--overwrite")[0] == 0
    assert len(read(out)) == 150
    before = pairs.read_bytes()
    err = run("mine", pairs, "--out", pairs, *model, "--overwrite")[2]
    assert "cannot be written over with its own negatives" in err
    assert pairs.read_bytes() == before


def test_bad_rows_of_both_files_are_counted_together(place, tmp_path, run):
    pairs = write(tmp_path / "pairs.csv", [*chains(), ("a", "b", "maybe")])
    corpus = write(
        tmp_path / "corpus.csv", [["what is tea?"], ["\u200b"], ["where?"]], ["question"]
    )
    common = [pairs, "--model", place / "model", "--corpus", corpus, "--count", 1]
    listed = ["--bad-rows", tmp_path / "bad.jsonl", "--out", tmp_path / "mined.csv"]
    assert run("mine", *common, *listed, "--skip-bad", 1)[0] == 2
    code, _, err = run("mine", *common, *listed, "--skip-bad", 2)
    assert (code, "2 bad rows were skipped" in err) == (0, True)
    assert len((tmp_path / "bad.jsonl").read_text().splitlines()) == 2


def test_frames_and_lists_are_mined_as_files_are(place, tmp_path):
    engine = gemel.load(place / "model")
    corpus = ["what is tea?", "where is the cat 9", "who has a map?"]
    (tmp_path / "corpus.txt").write_text("\n".join(corpus))
    gemel.mine(place / "pairs.csv", tmp_path / "a.csv", engine, corpus=tmp_path / "corpus.txt")
    gemel.mine(list(chains()), tmp_path / "b.csv", engine, corpus=corpus)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    with pytest.raises(gemel.DataError, match="list, row 2: the question is empty"):
        gemel.mine(list(chains()), tmp_path / "c.csv", engine, corpus=["a", ""])


def is_in(descriptor, folder):
    with contextlib.suppress(OSError):  # closed meanwhile
        return descriptor.readlink().is_relative_to(folder)
    return False


def test_stopped_by_hand_nothing_is_left(place, tmp_path):
    rows = [(f"where is {n} of {n % 97}", f"what is {n} at {n % 89}", 1) for n in range(6_000)]
    pairs = write(tmp_path / "pairs.csv", rows)
    out = tmp_path / "there" / "mined.csv"
    out.parent.mkdir()
    arguments = ["mine", pairs, "--out", out, "--model", place / "model", "--range-max", 2000]
    process = subprocess.Popen(
        [sys.executable, "-m", "gemel", *map(str, arguments)],
        stderr=subprocess.PIPE,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        text=True,
    )
    until = time.monotonic() + 600
    files = Path(f"/proc/{process.pid}/fd")
    while not any(is_in(file, out.parent) for file in files.iterdir()):
        assert time.monotonic() < until
        time.sleep(0.05)  # until the file that will get the name is there
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=600)
    assert process.returncode == 130, err
    assert "stopped; what was there is as it was" in err
    assert list(out.parent.iterdir()) == []

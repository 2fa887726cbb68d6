"""The verbs on frames and rows give what they give on a file of the same."""

import subprocess
import sys

import datasets
import pandas as pd
import polars as pl
import pytest

import gemel
from gemel.folder import save_model

ROWS = [(f"how w{n % 7} are {n}", f"how w{n * (n % 3) % 7} is {n}", n % 2) for n in range(60)]
FRAME = pd.DataFrame(ROWS, columns=["question1", "question2", "is_duplicate"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory, tiny_model):
    place = tmp_path_factory.mktemp("frames")
    FRAME.to_csv(place / "p.csv", index=False)
    save_model(tiny_model, place / "m")
    return place


@pytest.fixture(scope="module")
def of_file(folder):
    """What the verbs give on the file."""
    engine = gemel.load(folder / "m")
    figures = gemel.evaluate(folder / "p.csv", engine, rounds=5).figures
    verdicts = [each.verdict for each in gemel.compare(folder / "p.csv", engine)]
    assert gemel.audit(folder / "p.csv").files[0].pairs == 60
    decision = gemel.fit(folder / "p.csv", folder / "m", out=folder / "fitted").decision
    return figures, verdicts, decision


FORMS = {
    "pandas": lambda: FRAME,
    "polars": lambda: pl.DataFrame(ROWS, schema=list(FRAME.columns), orient="row"),
    "datasets": lambda: datasets.Dataset.from_pandas(FRAME),
    "tuples": lambda: list(ROWS),
    "generator": lambda: iter(ROWS),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_measuring_judging_and_fitting(folder, of_file, form, tmp_path):
    engine = gemel.load(folder / "m")
    figures, verdicts, decision = of_file
    assert gemel.evaluate(form(), engine, rounds=5).figures == figures
    assert gemel.audit(form()).files[0].pairs == 60
    found = list(gemel.compare(form(), engine))
    assert [each.verdict for each in found] == verdicts
    assert [each.line for each in found] == list(range(1, 61))
    assert gemel.fit(form(), folder / "m", out=tmp_path / "f").decision == decision


def test_training_on_a_frame_gives_the_model_that_its_file_gives(folder, tmp_path):
    config = gemel.Config().replace(
        ["training.epochs=1", "training.validation_fraction=0.3", "network.d_model=4"]
    )
    (tmp_path / "v.jsonl").write_text(FRAME[40:].to_json(orient="records", lines=True))
    kept = tmp_path / "v.jsonl"
    by_file = gemel.train(folder / "p.csv", tmp_path / "a", config=config, validation=kept)
    by_frame = gemel.train(FRAME, tmp_path / "b", config=config, validation=iter(ROWS[40:]))
    assert by_frame.fingerprint == by_file.fingerprint
    assert by_frame.training["data"] == by_file.training["data"]


def test_several_frames_are_learned_one_after_the_other(tmp_path, folder):
    from gemel.api.inputs import open_several
    from gemel.data import BadRows

    for several in ([FRAME[:40], folder / "p.csv"], [FRAME[:40], FORMS["polars"]()]):
        assert [len(each) for each in open_several(several, None, BadRows())] == [40, 60]
    for one in (FRAME, ROWS, str(folder / "p.csv")):
        assert [len(each) for each in open_several(one, None, BadRows())] == [60]


QUESTIONS = ["How old are you?", "Why is the sky blue?", "how old are you ?"]
TEXTS = {
    "list": list,
    "pandas": lambda texts: pd.Series(texts, index=list("xyz")),
    "polars": lambda texts: pl.Series(texts),
    "datasets": lambda texts: datasets.Dataset.from_dict({"q": texts})["q"],
}


@pytest.mark.parametrize("form", TEXTS.values(), ids=list(TEXTS))
def test_questions_of_a_column(folder, form, tmp_path):
    found = gemel.dedupe(form(QUESTIONS), folder / "m")
    assert found.ids == ["0", "1", "2"]
    assert found.copies.tolist() == [0, 1, 0]
    assert gemel.index(form(QUESTIONS), tmp_path / "s.db", folder / "m").added == 3
    with gemel.open_index(tmp_path / "s.db", folder / "m") as corpus:
        assert {match.question.id for match in corpus.check("How old are you?")[:2]} == {"0", "2"}
    with pytest.raises(gemel.DataError, match=r"row 2.*: has null as question"):
        gemel.dedupe(form(["a", None, "b"]), folder / "m")


def test_questions_of_a_frame(folder, tmp_path):
    frame = pd.DataFrame({"title": QUESTIONS, "qid": [7, 8, 9], "forum": ["a", "b", "a"]})
    assert gemel.dedupe(frame, folder / "m").ids == ["7", "8", "9"]
    columns = gemel.QuestionColumns(kept=("forum",))
    assert gemel.index(frame, tmp_path / "s.db", folder / "m", columns=columns).added == 3
    with gemel.open_index(tmp_path / "s.db", folder / "m") as corpus:
        found = corpus.search("How old are you?", where={"forum": "b"})
        assert [match.question.id for match in found] == ["8"]
    twice = frame.assign(qid=[7, 8, 7])
    with pytest.raises(gemel.DataError, match=r"^DataFrame, row 3 \(index 2\): has the id '7'"):
        gemel.dedupe(twice, folder / "m")


def test_blanks_are_let_through_in_lists_and_refused_in_frames(folder):
    assert gemel.dedupe(["", "a", " "], folder / "m").copies.tolist() == [0, 1, 0]
    with pytest.raises(gemel.DataError, match=r"row 1 \(index 0\): the question is empty"):
        gemel.dedupe(pd.DataFrame({"text": ["", "a"]}), folder / "m")


def test_what_goes_from_file_to_file_is_reported(tmp_path):
    """In a process of its own: the checks of the suite would refuse the argument before."""
    code = (
        "import gemel\n"
        "for verb in (gemel.split, gemel.encode):\n"
        "    try:\n"
        "        verb([('a', 'b', 1)], 'out.npy')\n"
        "    except gemel.DataError as error:\n"
        "        print(error)\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    split, encode = done.stdout.splitlines()
    assert split.startswith("list: is no file, and a split copies the rows of one; write it into")
    assert encode == "list: is no file; Engine.encode takes texts, and gives their vectors"
    assert list(tmp_path.iterdir()) == []

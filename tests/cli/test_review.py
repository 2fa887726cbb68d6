import csv
import io
import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest

import gemel
from gemel.data import read_pairs
from gemel.store import NewReview, open_store

QUESTIONS = [
    "How do I cook rice?",
    "What is the best way to cook rice?",
    "How can I cook rice well?",
    "How do I cook pasta?",
    "How do I cook an egg?",
    "What is the best way to cook an egg?",
    "How should I cook rice?",
    "How do I cook brown rice?",
    "How do I boil an egg?",
]


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with gemel.open_index("site.db") as index:
        for number, text in enumerate(QUESTIONS):
            index.add(text, id=str(number))
    return "site.db"


@pytest.fixture
def review(corpus, run, monkeypatch):
    def call(keys, *options):
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{key}\n" for key in keys)))
        return run("review", "--db", corpus, "--reviewer", "ann", "--seed", "3", *options)

    return call


def decisions(corpus):
    with open_store(corpus) as store:
        return [review for lot in store.reviews() for review in lot]


def test_answers_are_kept_with_what_the_model_said(review, corpus):
    code, out, _ = review("sdk", "--count", "3")
    assert code == 0
    same, different, skipped = decisions(corpus)
    assert [each.answer for each in (same, different, skipped)] == ["same", "different", "skipped"]
    model = gemel.load().model
    with gemel.open_index(corpus) as index:
        said = {
            (index.store.find([score.left])[0].text, index.store.find([score.right])[0].text): score
            for group in index.duplicates(probability=0.01, linkage="connected").scores()
            for score in group
        }
    for each in (same, different, skipped):
        assert (each.reviewer, each.model) == ("ann", model.fingerprint)
        score = said[each.left.text, each.right.text]
        assert each.probability == pytest.approx(score.probability, abs=1e-6)
        assert each.similarity == pytest.approx(score.similarity, abs=1e-6)
        assert each.said_same == (each.similarity >= model.decision.threshold)
        assert f"  {each.left.text}\n  {each.right.text}\n" in out
    agreed = same.said_same + (not different.said_same)
    assert (
        f"decided: 2 (1 the same, 1 not the same), 1 skipped; the model agreed on {agreed} of 2"
        in out
    )
    assert "gemel review --db site.db --export reviews.csv" in out


def test_no_pair_comes_twice_until_none_is_left(review, corpus):
    while "no pair is left to decide" not in (out := review("s" * 4, "--count", "4")[1]):
        pass
    asked = [frozenset((each.left.id, each.right.id)) for each in decisions(corpus)]
    assert len(asked) == len(set(asked)) > 5
    assert f"site.db: no pair is left to decide; {len(asked)} were decided" in out


def test_what_was_answered_by_mistake_is_taken_back(review, corpus):
    _, out, _ = review("usudus", "--count", "2")
    assert "undo: nothing was answered yet" in out
    assert out.count("is taken back") == 2
    assert [each.answer for each in decisions(corpus)] == ["same"]
    assert "decided: 1 (1 the same, 0 not the same)" in out


@pytest.mark.parametrize("end", ["q", ""])
def test_who_quits_keeps_what_was_decided(review, corpus, end):
    code, out, _ = review(["x", "s", *end], "--count", "5")
    assert code == 0
    assert out.count("s the same · d not the same") == 2  # at the start, and for the x
    assert len(decisions(corpus)) == 1
    assert "decided: 1 (1 the same" in out


def test_the_model_is_quoted_after_the_answer_only(review):
    _, out, _ = review("s", "--count", "1")
    asked, _, told = out.partition("same or different? ")
    assert "probability" not in asked
    assert told.startswith("the same  (the model: ")


class Quicker(io.StringIO):
    """A user else acts while a person thinks."""

    def __init__(self, act):
        super().__init__("s\ns\n")
        self.act = act

    def readline(self):
        self.act()
        self.act = lambda: None
        return super().readline()


def test_what_others_do_meanwhile_is_respected(corpus, run, monkeypatch):
    def act():
        with open_store(corpus) as store:
            rows = [each.id for lot in store.scan() for each in lot]
            store.decide(
                [
                    NewReview(left_id=one, right_id=other, answer="different", reviewer="bob")
                    for number, one in enumerate(rows)
                    for other in rows[:number]
                ]
            )

    monkeypatch.setattr(sys, "stdin", Quicker(act))
    code, out, _ = run("review", "--db", corpus, "--reviewer", "ann", "--count", "2")
    assert code == 0
    assert "not stored: " in out
    assert "bob decided on" in out
    assert {each.reviewer for each in decisions(corpus)} == {"bob"}


def test_a_question_that_is_gone_cannot_be_decided_about(corpus, run, monkeypatch):
    def act():
        with open_store(corpus) as store:
            store.remove([str(number) for number in range(len(QUESTIONS))])

    monkeypatch.setattr(sys, "stdin", Quicker(act))
    code, out, _ = run("review", "--db", corpus, "--reviewer", "ann", "--count", "2")
    assert code == 0
    assert out.count("not stored: ") == 2
    assert "no question has the id" in out


def test_no_one_cannot_decide(run, corpus):
    for name in ("", " ", "n" * 201):
        code, _, err = run("review", "--db", corpus, "--reviewer", name)
        assert code == 2
        assert "expected a name of up to 200 letters" in err


def test_a_corpus_must_be_there(run, tmp_path):
    assert run("review", "--db", tmp_path / "none.db", "--reviewer", "ann")[0] == 2


def test_decided_pairs_are_written_as_pairs(review, run, corpus, tmp_path):
    review("sdks", "--count", "4")
    expected = [
        (each.left.text, each.right.text, each.answer == "same")
        for each in decisions(corpus)
        if each.answer != "skipped"
    ]
    for kind in ("csv", "tsv", "jsonl"):
        path = tmp_path / "new" / f"reviews.{kind}"
        code, out, _ = run("review", "--db", corpus, "--export", path)
        assert code == 0
        assert f"reviews.{kind}: 3 decided pairs written, 2 the same, 1 not; 1 skipped" in out
        assert f"gemel train --from MODEL --add {path} " in out
        pairs = read_pairs(path)
        found = zip(pairs.left_texts, pairs.right_texts, pairs.labels.tolist(), strict=True)
        assert list(found) == expected
    code, out, _ = run("review", "--db", corpus, "--export", "-")
    assert out.encode() == (tmp_path / "new" / "reviews.csv").read_bytes()
    rows = list(csv.DictReader(io.StringIO(out)))
    columns = ["question1", "question2", "is_duplicate", "reviewer", "decided_at", "id1", "id2"]
    assert list(rows[0]) == columns
    first = decisions(corpus)[0]
    assert (rows[0]["reviewer"], rows[0]["id1"], rows[0]["id2"]) == (
        "ann",
        first.left.id,
        first.right.id,
    )
    when = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(first.decided_at))
    assert rows[0]["decided_at"] == when


def test_a_file_that_is_there_stays(review, run, corpus, tmp_path):
    review("s", "--count", "1")
    (tmp_path / "r.csv").write_text("mine")
    code, _, err = run("review", "--db", corpus, "--export", "r.csv")
    assert code == 2
    assert "exists already; name another file, or add --overwrite" in err
    assert (tmp_path / "r.csv").read_text() == "mine"
    assert run("review", "--db", corpus, "--export", "r.csv", "--overwrite")[0] == 0
    assert run("review", "--db", corpus, "--export", "r.xlsx")[0] == 2
    assert run("review", "--db", corpus, "--export", tmp_path)[0] == 2


def test_where_nothing_was_decided_an_export_states_how_to(run, corpus, tmp_path):
    code, out, _ = run("review", "--db", corpus, "--export", tmp_path / "r.csv")
    assert code == 0
    assert "0 decided pairs written" in out
    assert "next: gemel review --db DB decides some" in out


class Terminal:
    """The command in a terminal of its own."""

    def __init__(self, *arguments):
        self.place, inner = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gemel", *arguments],
            stdin=inner,
            stdout=inner,
            stderr=inner,
            start_new_session=True,
            preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0),
        )
        os.close(inner)
        self.seen = ""

    def wait_for(self, text, times=1, limit=600):
        end = time.monotonic() + limit
        while self.seen.count(text) < times:
            assert time.monotonic() < end, self.seen
            if select.select([self.place], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self.place, 65536).decode()
                except OSError:  # the other end is closed
                    break
        assert self.seen.count(text) >= times, self.seen

    def press(self, keys):
        os.write(self.place, keys.encode())


def test_in_a_terminal_one_key_is_enough_and_ctrl_c_keeps_what_was_decided(corpus):
    there = Terminal("review", "--db", corpus, "--reviewer", "ann", "--count", "5")
    there.wait_for("same or different? ")
    there.press("\x1b[D")  # an arrow to the left, whose last letter is no answer
    there.wait_for("same or different? ", 2)
    there.press("D")
    there.wait_for("same or different? ", 3)
    assert [each.answer for each in decisions(corpus)] == ["different"]  # kept at once
    there.press("s")
    there.wait_for("same or different? ", 4)
    there.press("\x03")
    there.wait_for("decided: 2 (1 the same, 1 not the same), 0 skipped")
    assert there.process.wait(600) == 0
    assert len(decisions(corpus)) == 2
    assert "Traceback" not in there.seen


def test_killed_in_the_midst_it_has_kept_what_was_decided(corpus):
    there = Terminal("review", "--db", corpus, "--reviewer", "ann", "--count", "5")
    there.wait_for("same or different? ")
    there.press("s")
    there.wait_for("same or different? ", 2)
    os.kill(there.process.pid, signal.SIGKILL)
    there.process.wait(600)
    assert [each.answer for each in decisions(corpus)] == ["same"]


def test_what_a_terminal_would_obey_is_shown_harmlessly(review, corpus):
    with gemel.open_index(corpus) as index:
        index.add("How do I cook \x1b[31mrice?", id="hostile")
    out = review("s" * 40, "--count", "40")[1]
    assert "\x1b" not in out
    assert "How do I cook \ufffd[31mrice?" in out

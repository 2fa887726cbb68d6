"""The options that report how a file is read, and the notes on it."""

import json

import numpy as np
import pytest


@pytest.fixture
def pairs(tmp_path):
    def put(text, name="pairs.csv"):
        (tmp_path / name).write_bytes(text.encode())
        return tmp_path / name

    return put


HEADER = "question1,question2,is_duplicate\n"


def labels_of(run, path, *options):
    code, out, err = run("audit", path, "--json", *options)
    assert code == 0, err
    (found,) = json.loads(out)["files"]
    return (found["pairs"], found["duplicates"]), err


def test_a_separator_that_the_name_does_not_tell_is_shown(pairs, run):
    path = pairs("sep=;\r\nquestion1;question2;is_duplicate\r\na, b;c;ja\r\n;;\r\nd;e;nein\r\n")
    found, err = labels_of(run, path, "--same", "ja")
    assert found == (2, 1)
    assert err == f"{path}: separator: ';'\n{path}: 1 empty row skipped\n"
    assert labels_of(run, path, "--same", "ja", "--quiet")[1] == ""
    assert labels_of(run, path, "--same", "ja", "--delimiter", "semicolon")[1].count("\n") == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "pairs.csv:2: has the label 'ja'; expected 0 or 1, yes or no, or a class name"),
        (["--same", "oui"], "pairs.csv:3: has the label 'nein'; expected two labels, 'oui'"),
        (["--same", ""], "same is empty; expected the label of pairs that ask the same"),
        (["--delimiter", "colon"], "'colon' is no delimiter; expected one character, or comma"),
        (["--delimiter", ";"], "pairs.csv:1: has no columns question1, question2, is_duplicate"),
    ],
)
def test_what_cannot_be_read_is_reported_with_what_to_do(options, message, pairs, run):
    path = pairs(HEADER + "a,b,ja\nc,d,nein\n")
    code, out, err = run("audit", path, *options)
    assert (code, out) == (2, "")
    assert message in " ".join(err.split())
    if not options:
        assert "--same LABEL" in err


def test_yes_and_no_need_no_option(pairs, run):
    path = pairs("\ufeff" + HEADER.replace("\n", "\r\n") + "a,b,Yes\r\nc,d,No\r\ne,f,NO\r\n")
    assert labels_of(run, path) == ((3, 1), "")
    assert labels_of(run, path, "--same", "no") == ((3, 2), "")


def test_options_are_passed_to_the_next_command(pairs, run, tmp_path):
    rows = "".join(f"a{n}|b{n}|{'AB'[n % 2]}\n" for n in range(100))
    path = pairs("question1|question2|is_duplicate\n" + rows)
    options = ["--same", "A", "--delimiter", "|", "--html", "keep"]
    code, out, err = run("split", path, "--out", tmp_path / "parts", *options)
    assert (code, err) == (0, "")
    assert "--out my-model --same A --delimiter pipe --html keep\n" in out
    again = [tmp_path / "parts" / "train.csv", "--same", "A", "--delimiter", "pipe"]
    assert labels_of(run, *again)[0][0] == 80


def test_html_is_removed_and_counted_unless_it_is_to_stay(pairs, run, tmp_path):
    path = pairs("Isn&#39;t it?\nIsn't it?\nWhat is &lt;br&gt;?\n", "questions.txt")
    note = f"{path}: HTML entities decoded in 2 of 3 questions; --html keep leaves them\n"
    vectors = {}
    for mode in ("auto", "keep"):
        out = tmp_path / f"{mode}.npy"
        code, _, err = run("encode", path, "--model", "quora-en", "--out", out, "--html", mode)
        assert code == 0
        assert (note in err) == (mode == "auto")
        vectors[mode] = np.load(out)
    alike, unlike = vectors["auto"], vectors["keep"]
    assert (alike[0] == alike[1]).all()
    assert not (unlike[0] == unlike[1]).all()


def test_a_corpus_holds_what_is_decoded(pairs, run, tmp_path):
    path = pairs("id\tquestion\n7\tIsn&#39;t it?\n8\t<p>R&amp;D?</p>\n", "questions.csv")
    db = tmp_path / "site.db"
    assert run("index", path, "--db", db, "--model", "quora-en")[0] == 0
    code, out, _ = run("search", "Isn't it?", "--db", db, "--model", "quora-en", "--json")
    assert code == 0
    assert "Isn't it?" in out
    assert "&#39;" not in out

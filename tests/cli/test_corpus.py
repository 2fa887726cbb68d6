import json

import pytest

from gemel.folder import save_model

ROWS = ["id,question,forum", "1,How old are you?,people", "2,Why is the sky blue?,sky"]


@pytest.fixture
def corpus(tmp_path, tiny_model, monkeypatch, run):
    save_model(tiny_model, tmp_path / "model")
    (tmp_path / "q.csv").write_text("\n".join(ROWS) + "\n")
    monkeypatch.chdir(tmp_path)

    def call(*options, model=True):
        given = ["--model", "model"] if model else []
        return run(*options, "--db", "site.db", *given)

    code, out, _ = call("index", "q.csv", "--keep", "forum")
    assert (code, out) == (0, "site.db: 2 questions added; it holds 2\n")
    return call


def test_index_is_begun_twice(corpus, tmp_path):
    assert corpus("index", "q.csv", "--keep", "forum")[1] == (
        "site.db: 0 questions added, 2 were there already; it holds 2\n"
    )
    (tmp_path / "q.csv").write_text("\n".join(ROWS).replace("old", "young") + "\n")
    code, _, err = corpus("index", "q.csv", "--keep", "forum")
    assert code == 2
    assert "q.csv:2: has the id '1'" in err
    found = json.loads(corpus("index", "q.csv", "--keep", "forum", "--replace", "--json")[1])
    assert found == {"added": 0, "replaced": 1, "there": 1, "questions": 2}


def test_search(corpus):
    code, out, _ = corpus("search", "how old are you?", "-k", "1")
    assert code == 0
    assert "How old are you?" in out
    assert "sky" not in out
    (match,) = json.loads(corpus("search", "old", "--where", "forum=sky", "--json")[1])
    assert (match["id"], match["metadata"]) == ("2", {"forum": "sky"})
    assert {"cosine", "probability", "similarity", "answer", "threshold"} <= match.keys()
    assert "nothing: no question is stored" in corpus("search", "old", "--where", "forum=x")[1]


def test_check_answers_by_its_exit_code_too(corpus, monkeypatch):
    code, out, _ = corpus("check", "How old are you?")
    assert code == 0
    assert out.startswith("duplicate\n")
    code, out, _ = corpus("check", "How old are you?", "--where", "forum=x")
    assert code == 1
    assert out.startswith("no duplicate: no question is stored")


def test_add_and_remove(corpus):
    code, out, _ = corpus("add", "What is new?", "--with", "votes=3", "--with", 'size="3"')
    name = out.strip()
    assert code == 0
    (match,) = json.loads(corpus("search", "What is new?", "-k", "1", "--json")[1])
    assert (match["id"], match["metadata"]) == (name, {"votes": 3, "size": "3"})
    code, out, err = corpus("remove", name, "nowhere", model=False)
    assert (code, out) == (1, "site.db: 1 question removed\n")
    assert "not there: nowhere" in err
    assert corpus("remove", "1", "2", model=False)[:2] == (0, "site.db: 2 questions removed\n")


@pytest.mark.parametrize("value", ["votes", "=3", ""])
def test_values_have_names(corpus, value):
    code, _, err = corpus("search", "old", "--where", value)
    assert code == 2
    assert "expected NAME=VALUE" in err


def test_a_name_occurs_once(corpus):
    code, _, err = corpus("search", "old", "--where", "a=1", "--where", "a=2")
    assert code == 2
    assert "has a twice" in err


def test_backup_restore_and_another_model(corpus, run):
    assert run("backup", "b.db", "--db", "site.db")[0] == 0
    code, _, err = run("backup", "b.db", "--db", "site.db")
    assert code == 2
    assert "exists already" in err
    assert run("restore", "b.db", "--db", "new.db")[0] == 0
    code, _, err = run("search", "old", "--db", "new.db")
    assert code == 2
    assert "gemel reindex" in err
    code, out, _ = run("reindex", "--db", "new.db")
    assert (code, out) == (0, "new.db: 2 questions have vectors of quora-en now\n")
    assert run("reindex", "--db", "new.db")[1].startswith("new.db: nothing to do")
    assert run("search", "old", "--db", "new.db")[0] == 0


def test_duplicates(corpus):
    corpus("add", "How old are you?", "--id", "twin")
    code, out, _ = corpus("duplicates", "--probability", "1", "--out", "g.csv")
    assert code == 0
    assert "3 questions: 2 have a duplicate, in 1 group; 1 could go" in out
    assert "g.csv: written" in out


@pytest.mark.parametrize("verb", [["search", "x"], ["check", "x"], ["add", "x"], ["duplicates"]])
def test_a_corpus_that_is_not_there(run, tmp_path, monkeypatch, verb):
    monkeypatch.chdir(tmp_path)
    code, _, err = run(*verb, "--db", "nowhere.db")
    assert code == 2
    assert "nowhere.db: no such store; `gemel index QUESTIONS --db FILE` makes one" in err
    assert not (tmp_path / "nowhere.db").exists()

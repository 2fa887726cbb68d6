"""Metadata on the command line: `--keep`, `--with` and `--where` agree on types."""

import json

import pytest

from gemel.pretrained import DEFAULT_MODEL

ROWS = (
    "nr,question,board,since,votes,closed\n"
    "1,How do I fix a flat tyre?,bikes,1998.0,007,false\n"
    "2,How do I patch a bike tube?,13,,12,true\n"
    "3,Where do I buy a tyre?,13,2003.0,3,true\n"
)


@pytest.fixture
def corpus(run, tmp_path, monkeypatch):
    """A function that calls a verb of a corpus with columns of every type."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "q.csv").write_text(ROWS)

    def call(*words):
        return run(*words, "--db", "c.db", "--model", DEFAULT_MODEL)

    keep = [word for name in ("board", "since", "votes", "closed") for word in ("--keep", name)]
    code, _, err = call("index", "q.csv", "--id", "nr", *keep)
    assert code == 0, err
    return call


def found(corpus, *where):
    words = [word for each in where for word in ("--where", each)]
    code, out, err = corpus("search", "How do I fix a tyre?", "--json", *words)
    assert code == 0, err
    return sorted(match["id"] for match in json.loads(out))


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (["since=1998"], ["1"]),
        (["since=null"], ["2"]),
        (["board=13"], ["2", "3"]),
        (['board="13"'], ["2", "3"]),
        (["board=13", "closed=true", "since=2003"], ["3"]),
        (["votes=007"], ["1"]),
        (["votes=12"], ["2"]),
        (["votes=7"], []),
        (["closed=False"], ["1"]),
    ],
)
def test_a_filter_has_the_type_of_its_column(corpus, where, expected):
    assert found(corpus, *where) == expected


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("since=soon", "c.db: since holds integers; got the text 'soon'; filter by an integer"),
        ("closed=maybe", "c.db: closed holds true and false; got the text 'maybe'"),
        ("bord=13", "no question has metadata named 'bord'; did you mean 'board'?"),
    ],
)
@pytest.mark.parametrize("verb", ["search", "check"])
def test_a_filter_that_cannot_fit_is_an_error(corpus, verb, where, message):
    code, out, err = corpus(verb, "How?", "--where", where)
    assert (code, out) == (2, "")
    assert message in err


def test_what_is_added_has_the_type_of_its_column(corpus):
    values = ["board=7", "since=2024", "votes=5", "closed=true"]
    given = [word for each in values for word in ("--with", each)]
    assert corpus("add", "How do I true a wheel?", "--id", "4", *given)[0] == 0
    assert found(corpus, "board=7", "since=2024", "votes=5", "closed=true") == ["4"]
    code, _, err = corpus("add", "How do I true a wheel?", "--with", "since=soon")
    assert code == 2
    assert "since holds integers; got the text 'soon'; give an integer, or put it in double" in err
    assert corpus("add", "How old is it?", "--id", "5", "--with", 'since="soon"')[0] == 0
    assert found(corpus, "since=soon") == ["5"]


def test_a_type_that_is_given_is_kept_to(corpus, tmp_path):
    (tmp_path / "r.csv").write_text("nr,question,since,x:y\n7,What is a hub?,n/a,1\n")
    code, _, err = corpus("index", "r.csv", "--id", "nr", "--keep", "since")
    assert code == 2
    assert "r.csv:2: has the text 'n/a' as since, and the corpus holds integers" in err
    assert "--keep since:text" in err
    code, _, err = corpus("index", "r.csv", "--id", "nr", "--keep", "since:float")
    assert "r.csv:2: has 'n/a' as since; expected a number" in err
    given = ("--keep", "since:text", "--keep", "x:y")
    assert corpus("index", "r.csv", "--id", "nr", *given)[0] == 0
    assert found(corpus, "since=n/a", "x:y=1") == ["7"]

import json

import pytest


@pytest.fixture
def db(tmp_path, run):
    questions = tmp_path / "questions.txt"
    questions.write_text("How old are you?\n")
    run("index", questions, "--db", tmp_path / "site.db")
    return tmp_path / "site.db"


def test_a_key_is_printed_alone_and_once(db, run):
    code, key, err = run("key", "add", "ann", "--scope", "write", "--db", db)
    assert code == 0
    assert key.startswith("gemel_")
    assert len(key.split()) == 1
    assert key.strip() not in err
    assert "Authorization: Bearer KEY" in err
    code, text, _ = run("key", "list", "--db", db)
    assert text.startswith("ann  write  gemel_")
    assert key.strip() not in text


def test_a_revoked_key_stays_in_the_list(db, run):
    run("key", "add", "ann", "--db", db)
    assert run("key", "revoke", "ann", "--db", db)[:2] == (0, "ann: revoked\n")
    (record,) = json.loads(run("key", "list", "--db", db, "--json")[1])
    assert (record["name"], record["scope"]) == ("ann", "read")
    assert record["revoked_at"]
    code, _, err = run("key", "revoke", "ann", "--db", db)
    assert code == 2
    assert "no good key is called 'ann'" in err


def test_no_keys(db, run):
    code, text, err = run("key", "list", "--db", db)
    assert (code, text) == (0, "")
    assert "gemel key add NAME --db DB makes one" in err

"""What programs read: each verb's result as JSON, on standard output and nowhere else."""

import json

import pytest

from gemel.cli.application import app

FAST = [
    *("--set", "training.epochs=1", "--set", "training.validation_fraction=0.2"),
    *("--set", "network.d_model=8", "--set", "training.batch_size=16"),
]


@pytest.fixture
def answer(run):
    """Call a verb with --json and --quiet; what it prints is JSON, and it is given."""

    def call(*arguments, code=0):
        found = run(*arguments, "--json", "--quiet")
        assert found[0] == code
        # Warnings, as of a training on few pairs, are for people.
        assert all(line.startswith("warning: ") for line in found[2].splitlines())
        return json.loads(found[1])

    return call


@pytest.fixture
def db(tmp_path, run):
    questions = tmp_path / "questions.txt"
    questions.write_text("How old are you?\nWhere is the station?\n")
    assert run("index", questions, "--db", tmp_path / "site.db")[0] == 0
    return tmp_path / "site.db"


def test_every_verb_but_the_service_has_it(run):
    names = [each.name for each in app.registered_commands]
    assert "doctor" in names
    without = [name for name in names if "--json" not in run(name, "--help")[1]]
    assert without == ["serve"]


def test_changes_of_a_corpus(db, answer, run):
    assert answer("add", "What is that?", "--db", db, "--id", "q9") == {"id": "q9", "db": str(db)}
    assert answer("remove", "q9", "--db", db)["removed"] == ["q9"]
    code, out, err = run("remove", "1", "q9", "--db", db, "--json", "-q")
    assert (code, json.loads(out)["removed"], json.loads(out)["missing"]) == (1, ["1"], ["q9"])
    assert err == "gemel: not there: q9; gemel search QUESTION --db DB shows ids\n"


def test_backup_restore_and_reindex(db, tmp_path, answer):
    file, other = tmp_path / "backup.db", tmp_path / "other.db"
    assert answer("backup", file, "--db", db) == {"file": str(file), "db": str(db)}
    assert answer("restore", file, "--db", other) == {"db": str(other), "file": str(file)}
    found = answer("reindex", "--db", other)
    assert found == {"db": str(other), "model": "quora-en", "questions": 0}


def test_keys(db, answer):
    made = answer("key", "add", "ann", "--scope", "write", "--db", db)
    assert (made["name"], made["scope"], made["key"][:6]) == ("ann", "write", "gemel_")
    assert answer("key", "revoke", "ann", "--db", db) == {"name": "ann", "revoked": True}
    (kept,) = answer("key", "list", "--db", db)
    assert kept["revoked_at"]


def test_reviews(db, tmp_path, answer, run):
    file = tmp_path / "reviews.csv"
    found = answer("review", "--db", db, "--export", file)
    assert found == {"file": str(file), "same": 0, "different": 0, "skipped": 0}
    code, out, err = run("review", "--db", db, "--json")
    assert (code, out) == (2, "")
    assert "goes with --export FILE" in err


def test_training(tmp_path, answer):
    pairs = tmp_path / "pairs.csv"
    rows = [f"where is the {n}?,I look for {n if n % 2 else n + 1},{n % 2}" for n in range(80)]
    pairs.write_text("question1,question2,is_duplicate\n" + "\n".join(rows))
    out = tmp_path / "m"
    found = answer("train", pairs, "--out", out, *FAST)
    decision = json.loads((out / "decision.json").read_text())
    assert found["model"] == str(out)
    assert found["threshold"] == pytest.approx(decision["threshold"])
    assert [epoch["epoch"] for epoch in found["epochs"]] == [1]

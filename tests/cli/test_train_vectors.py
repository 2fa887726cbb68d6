"""`gemel train --vectors`."""

import pytest


@pytest.fixture
def pairs(tmp_path):
    path = tmp_path / "pairs.csv"
    topics = ["cat", "dog", "car", "tea", "sun", "map"]
    rows = [
        f"where is the {topics[n % 6]} {n % 3}?,a {topics[(n if n % 2 else n // 8) % 6]}?,"
        f"{int(n % 6 == (n if n % 2 else n // 8) % 6)}"
        for n in range(96)
    ]
    path.write_text("\n".join(["question1,question2,is_duplicate", *rows]) + "\n")
    return path


def test_the_command(pairs, tmp_path, run):
    vectors = tmp_path / "glove.4d.txt"
    vectors.write_text("cat 1 2 3 4\ndog 2 3 4 5\n")
    given = [pairs, "--out", tmp_path / "model", "--vectors", vectors]
    code, _, err = run("train", *given)
    assert code == 2
    assert "add --set network.d_model=4" in " ".join(err.split())
    others = tmp_path / "others.csv"
    others.write_text(pairs.read_text().replace("where is", "where was"))
    small = ["--validation", others, "--set", "network.d_model=4", "--set", "training.epochs=1"]
    code, _, err = run("train", *given, *small)
    assert code == 0, err
    assert f"{vectors} (text): 2 of " in err
    code, _, err = run("train", *given, *small, "--from", tmp_path / "model", "--overwrite")
    assert code == 2
    assert "leave one of the two out" in " ".join(err.split())
    add = ["--from", tmp_path / "model", "--add", pairs, "--vectors", vectors]
    code, _, err = run("train", "--out", tmp_path / "other", *add)
    assert code == 2
    assert "does not go with --add" in " ".join(err.split())

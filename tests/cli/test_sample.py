"""`gemel sample`, and what a person does next."""

import json
import shlex


def test_the_table_and_what_comes_next(tmp_path, run):
    out = tmp_path / "my desk"
    code, text, err = run("sample", "--out", out)
    assert (code, err) == (0, "")
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[:3] == [
        "pairs labelled 1 questions groups near misses",
        f"{out}/train.tsv 2,293 33.4% 586 169 353",
        f"{out}/held-out.tsv 638 33.4% 168 49 100",
    ]
    assert "25 near misses are between the two and are in neither; no question is in both" in (
        " ".join(lines)
    )
    names = ("train.tsv", "held-out.tsv", "questions.txt", "settings.toml")
    train, held_out, questions, settings = (shlex.quote(str(out / name)) for name in names)
    assert text.endswith(
        f"\nnext: gemel train {train} --config {settings} --out my-model\n"
        f"      gemel evaluate {held_out} --model my-model\n"
        f"      gemel index {questions} --db site.db --model my-model\n"
    )
    assert {path.name for path in out.iterdir()} == set(names)


def test_json_states_what_is_there(tmp_path, run):
    report = json.loads(run("sample", "--out", tmp_path / "desk", "--json")[1])
    paths = [part["path"] for part in report["parts"]]
    assert paths == [str(tmp_path / "desk" / f"{name}.tsv") for name in ("train", "held-out")]
    audit = json.loads(run("audit", *paths, "--json")[1])
    for part, file in zip(report["parts"], audit["files"], strict=True):
        assert {name: part[name] for name in ("pairs", "duplicates", "questions", "groups")} == {
            name: file[name] for name in ("pairs", "duplicates", "questions", "groups")
        }
    assert [found["overlap"]["shared_questions"] for found in audit["overlaps"]] == [0]


def test_a_place_that_holds_something_is_refused(tmp_path, run, monkeypatch):
    (tmp_path / "thesis.txt").write_text("years of work")
    code, out, err = run("sample", "--out", tmp_path)
    assert (code, out) == (2, "")
    assert err == f"gemel: {tmp_path}: holds something already; name a new folder\n"
    monkeypatch.chdir(tmp_path)
    assert "is the current folder; name one inside it" in run("sample", "--out", ".")[2]
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_package_has_the_same_verb(tmp_path):
    import gemel

    report = gemel.sample(tmp_path / "desk")
    assert isinstance(report, gemel.SampleReport)
    assert [part.pairs for part in report.parts] == [2293, 638]

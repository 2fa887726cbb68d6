"""`gemel audit`, read as an untrusted user would."""

import json
import subprocess
import sys

import pytest

from gemel.samples import HELPDESK

WITHOUT_MATPLOTLIB = (
    "import sys; sys.modules['matplotlib'] = None; from gemel.cli import main; main()"
)


@pytest.fixture
def files(tmp_path):
    train, test = tmp_path / "train.csv", tmp_path / "test.csv"
    header = "question1,question2,is_duplicate\n"
    chain = "".join(f"step {n},step {n + 1},1\n" for n in range(4))
    train.write_text(f"{header}{chain}step 0,step 4,0\nStep 1,step 0,1\nyes,yes,0\n??,no,0\n")
    test.write_text(f"{header}step  0,elsewhere,0\nno,??,1\nnew,newer,1\n")
    return train, test


def test_every_finding_is_counted_and_its_lines_named(files, run):
    code, out, err = run("audit", files[0])
    assert (code, err) == (0, "")
    lines = " ".join(out.split())
    for expected in (
        "train.csv: 8 pairs of 8 different questions",
        "labelled 1: the same 5 62.5%",
        "labelled 0: not the same 3 37.5%",
        "a side without letter or digit 1 12.5% line 9",
        "there before, with the same label 1 12.5% line 7",
        "there with both labels 0 0.0%",
        "0, but a chain of 1s links the two 1 12.5% line 6",
        "a question with itself 1 12.5% line 8 of these labelled 0 1 12.5% line 8",
        "in pairs of both labels 2 25.0%",
        "its ends are 4 pairs labelled 1 apart, or more",
        "line 6: 0 step 0 = line 2 step 1 = line 3 step 2 = line 4 step 3 = line 5 step 4",
        "components, linked by pairs of either label: 3 the largest has 5 questions and 6 pairs",
    ):
        assert expected in lines


def test_what_is_not_shown_is_reported(tmp_path, run):
    path = tmp_path / "many.csv"
    rows = "".join(f"q{n},q{n},1\n" for n in range(1234))
    path.write_text(f"question1,question2,is_duplicate\n{rows}")
    assert "lines 2, 3, 4 and 1,231 more" in run("audit", path)[1]
    report = json.loads(run("audit", path, "--json")[1])
    assert report["files"][0]["self_pairs"]["lines"] == list(range(2, 1236))


def test_a_split_made_by_somebody_else_is_measured(files, run):
    code, out, _ = run("audit", *files)
    assert code == 0
    lines = " ".join(out.split())
    assert f"of {files[1]}, in {files[0]} different questions 3 50.0% of 6" in lines
    assert "pairs with such a question 2 66.7% of 3 pairs, in either order 1 33.3% of 3" in lines
    assert "in" not in json.loads(run("audit", files[0], "--json")[1])["overlaps"]
    (overlap,) = json.loads(run("audit", *files, "--json")[1])["overlaps"]
    assert overlap["overlap"]["shared_pairs"] == 1


def test_the_sample_is_clean_and_one_component(run):
    lines = " ".join(run("audit", HELPDESK)[1].split())
    assert "2,956 pairs of 754 different questions" in lines
    assert "either label: 1 the largest has 754 questions and 2,956 pairs, 100.0% of all" in lines


def test_a_text_cannot_command_the_terminal(tmp_path, run):
    path = tmp_path / "evil.csv"
    path.write_text("question1,question2,is_duplicate\na\x1b[2Jb,c,1\nc,d,1\n")
    out = run("audit", path)[1]
    assert "\x1b" not in out
    assert "a [2jb" in out


@pytest.mark.parametrize(
    ("kind", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("PDF", b"%PDF")]
)
def test_a_picture_of_the_kind_that_its_name_has(kind, start, files, tmp_path, run):
    picture = tmp_path / "new" / f"audit.{kind}"
    code, out, _ = run("audit", files[0], "--plot", picture)
    assert code == 0
    assert out.endswith(f"{picture}: written\n")
    assert picture.read_bytes().startswith(start)


def test_a_picture_leaves_the_json_alone(files, tmp_path, run):
    out = run("audit", files[0], "--plot", tmp_path / "audit.png", "--json")[1]
    assert json.loads(out)["files"][0]["pairs"] == 8
    assert (tmp_path / "audit.png").exists()


def test_a_place_for_no_picture_is_reported_before_anything_is_read(files, tmp_path, run):
    for picture, message in (
        (tmp_path / "audit.docx", "is no kind of picture; expected a name ending in ."),
        (tmp_path / "audit", "is no kind of picture"),
    ):
        code, out, err = run("audit", *files, "--plot", picture)
        assert (code, out) == (2, "")
        assert message in err
    (tmp_path / "folder.png").mkdir()
    assert "is a folder" in run("audit", *files, "--plot", tmp_path / "folder.png")[2]
    code, out, err = run("audit", *files, "--plot", files[0] / "audit.png")
    assert (code, out) == (2, "")
    assert "Not a directory" in err


def test_without_matplotlib_all_but_the_picture_is_there(files, tmp_path):
    def call(*arguments):
        command = [sys.executable, "-c", WITHOUT_MATPLOTLIB, "audit", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert call(files[0]).returncode == 0
    refused = call(files[0], "--plot", tmp_path / "audit.png")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == (
        "gemel: drawing requires packages that are not installed: pip install 'gemel[plots]'\n"
    )


def test_labels_that_may_be_the_wrong_way_round(tmp_path, run):
    path = tmp_path / "turned.csv"
    path.write_text("question1,question2,is_duplicate\nhow,how,0\nwhy,Why,0\nwhy,how,1\n")
    assert (
        "perhaps 0 gives here that two questions ask the same: then add --same 0"
        in run("audit", path)[1]
    )
    out = run("audit", path, "--same", "0")[1]
    assert "--same" not in out
    assert "labelled 1: the same                        2   66.7%" in out


def test_the_numbers_of_a_vocabulary_stand_apart(run):
    _, out, _ = run("audit", HELPDESK)
    words = next(line for line in out.splitlines() if line.startswith("  words"))
    assert [len(number) <= 5 for number in words.split()[1:]] == [True] * 10

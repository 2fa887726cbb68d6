"""`gemel compare`, with real files and pipes."""

import csv
import gzip
import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemel.cli.compare import write_rows
from gemel.data import read_pairs
from gemel.decision import ANSWERS, Verdict
from gemel.folder import save_model
from gemel.inference import Compared, Engine

HEADER = ["answer", "probability", "similarity", "question1", "question2"]
PAIRS = [("How old are you?", "What is your age?"), ("Why is the sky blue?", "How?")]
ODD = ["a\tb", "two\nlines", "one\rtwo", 'report "a"', "😀", "안녕", "e\u0301\u2028x", "'", "\\t"]


@pytest.fixture(scope="module")
def model(tmp_path_factory, tiny_model):
    folder = tmp_path_factory.mktemp("compare") / "m"
    save_model(tiny_model, folder)
    return folder


@pytest.fixture(scope="module")
def engine(tiny_model):
    return Engine(tiny_model)


def piped(model, *arguments, text="", **settings):
    command = [sys.executable, "-m", "gemel", "compare", *arguments, "--model", model]
    content = text if isinstance(text, bytes) else text.encode()
    return subprocess.run(
        list(map(os.fspath, command)), input=content, capture_output=True, check=False, **settings
    )


def lines_of(pairs, separator="\t"):
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=separator).writerows(pairs)
    return stream.getvalue()


def rows_of(printed):
    return list(csv.reader(io.StringIO(printed, newline=""), "excel-tab"))


def agrees(row, engine):
    verdict = engine.predict(row[3], row[4])
    assert row[0] == verdict.answer
    assert float(row[1]) == pytest.approx(verdict.probability, abs=1e-5)
    assert float(row[2]) == pytest.approx(verdict.similarity, abs=2e-6)


def test_two_questions_are_a_line(model, engine, run):
    code, out, err = run("compare", *PAIRS[0], "--model", model)
    verdict = engine.predict(*PAIRS[0])
    assert (code, err) == (0, "")
    assert out == (
        f"{verdict.answer}  (probability {verdict.probability:.2f}, similarity "
        f"{verdict.similarity:.3f} {'>=' if verdict.is_duplicate else '<'} threshold 0.750)\n"
    )
    assert run("compare", *PAIRS[0][::-1], "--model", model)[1] == out


def test_the_example_in_the_help_is_a_command(run, tmp_path):
    code, out, _ = run("compare", "--help")
    example = out.split("Example: ")[1].splitlines()[0]
    assert code == 0
    line = f'gemel() {{ "{sys.executable}" -m gemel "$@"; }}; {example}'
    done = subprocess.run(
        ["/bin/sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert done.stderr.startswith("model: quora-en, ships with gemel")
    assert done.stdout.startswith(ANSWERS)


@pytest.mark.parametrize("name", ["p.csv", "p.tsv", "p.tsv.gz", "p.jsonl", "p.parquet"])
def test_a_file_is_a_row_a_pair(model, engine, run, tmp_path, name):
    if name.endswith("parquet"):
        import pyarrow
        from pyarrow.parquet import write_table

        left, right = zip(*PAIRS, strict=True)
        write_table(pyarrow.table({"question1": left, "question2": right}), tmp_path / name)
    elif name.endswith("jsonl"):
        keys = ("question1", "question2", "label")
        rows = [json.dumps(dict(zip(keys, (*pair, "?"), strict=True))) for pair in PAIRS]
        (tmp_path / name).write_text("\n".join(rows))
    else:
        rows = [("question2", "is_duplicate", "question1")]
        rows += [(right, "maybe", left) for left, right in PAIRS]
        content = lines_of(rows, "," if name == "p.csv" else "\t").encode()
        (tmp_path / name).write_bytes(gzip.compress(content) if ".gz" in name else content)
    code, out, err = run("compare", tmp_path / name, "--model", model)
    assert (code, err) == (0, "")
    header, *rows = rows_of(out)
    assert header == HEADER
    assert [tuple(row[3:]) for row in rows] == PAIRS
    for row in rows:
        agrees(row, engine)


@pytest.mark.parametrize("options", [[], ["--format", "csv"], ["--format", "jsonl"]])
def test_standard_input_is_read(model, engine, options):
    if "jsonl" in options:
        text = "\n".join(json.dumps({"anchor": one, "positive": two}) for one, two in PAIRS)
    else:
        text = lines_of(PAIRS, "," if options else "\t")
    done = piped(model, "-", "--json", *options, text=text)
    assert (done.returncode, done.stderr) == (0, b"")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    for number, (entry, pair) in enumerate(zip(found, PAIRS, strict=True), 1):
        verdict = engine.predict(*pair)
        assert entry == {
            "answer": verdict.answer,
            "probability": pytest.approx(verdict.probability, abs=1e-5),
            "similarity": pytest.approx(verdict.similarity, abs=2e-6),
            "is_duplicate": verdict.is_duplicate,
            "threshold": 0.75,
            "question1": pair[0],
            "question2": pair[1],
            "line": number,
        }


def test_verdicts_come_while_the_pipe_is_still_open(model):
    command = [sys.executable, "-m", "gemel", "compare", "-", "--model", os.fspath(model)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(b"how old?\thow new?\n" * 5000)
        process.stdin.flush()
        assert process.stdout.readline().decode().split() == HEADER
        process.stdin.close()
        assert len(process.stdout.readlines()) == 5000
    assert process.returncode == 0


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_reader_that_has_seen_enough_ends_it_quietly(model, tmp_path, options):
    (tmp_path / "p.tsv").write_text("question1\tquestion2\n" + "how old?\thow new?\n" * 20_000)
    command = [sys.executable, "-m", "gemel", "compare", tmp_path / "p.tsv", "--model", model]
    process = subprocess.Popen(
        list(map(os.fspath, command + options)), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout.readline()
    process.stdout.close()
    with process:
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_a_full_disk_is_one_line(model):
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "gemel", "compare", "-", "--model", os.fspath(model)],
            input=b"how\told\n",
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (done.returncode, done.stderr) == (
        2,
        b"gemel: No space left on device; free space, or name a place on another disk\n",
    )


def test_a_terminal_sees_how_far_it_is_and_a_file_only_verdicts(model, tmp_path):
    (tmp_path / "p.tsv").write_text("question1\tquestion2\n" + "how old?\thow new?\n" * 2500)
    command = [sys.executable, "-m", "gemel", "compare", tmp_path / "p.tsv", "--model", model]
    ours, theirs = pty.openpty()
    with (tmp_path / "out").open("wb") as out:
        done = subprocess.run(list(map(os.fspath, command)), stdout=out, stderr=theirs, check=False)
    os.close(theirs)
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert done.returncode == 0
    assert "2,000" in shown
    assert len((tmp_path / "out").read_text().splitlines()) == 2501


texts = st.text(st.characters(codec="utf-8"), max_size=9) | st.sampled_from(ODD)


class Output(io.BytesIO):
    """Takes the place of standard output."""

    buffer = property(lambda self: self)


@given(st.lists(st.tuples(texts, texts), min_size=1), st.booleans())
@settings(max_examples=50)
def test_every_text_survives_the_table_and_the_json(tmp_path_factory, pairs, as_json):
    verdict = Verdict(
        answer="ask a person", similarity=0.5, probability=0.25, is_duplicate=False, threshold=0.75
    )
    out = Output()
    rows = [Compared(*pair, line, verdict) for line, pair in enumerate(pairs, 1)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        write_rows(iter(rows), as_json=as_json)
    printed = out.getvalue().decode()
    if as_json:
        entries = [json.loads(line) for line in printed.split("\n")[:-1]]
        assert [(entry["question1"], entry["question2"]) for entry in entries] == pairs
        return
    header, *table = rows_of(printed)
    assert header == HEADER
    assert table == [["ask a person", "0.250000", "0.500000", *pair] for pair in pairs]
    assert "\r\n" not in printed.replace(
        "\r\n", "", sum(text.count("\r\n") for text in sum(pairs, ()))
    )
    path = tmp_path_factory.getbasetemp() / "labelled.tsv"
    path.write_bytes(printed.replace("ask a person", "1").replace("answer", "label", 1).encode())
    assert [
        *zip(*(read_pairs(path).left_texts, read_pairs(path).right_texts), strict=True)
    ] == pairs


def test_an_error_states_where_and_what_came_before_it_stays(model, run, tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("question1,question2\nhow,old\n \u200b,why\nwho,why\nx,\n")
    code, out, err = run("compare", path, "--model", model)
    assert code == 2
    problem = r"the first question has no word or mark, only ' \u200b'"
    assert err == f"gemel: {path}:3: {problem}; expected one word at least\n"
    assert [row[3:] for row in rows_of(out)] == [HEADER[3:], ["how", "old"]]
    listing = ["--skip-bad", 2, "--bad-rows", tmp_path / "list"]
    code, out, err = run("compare", path, "--model", model, *listing)
    assert (code, err) == (0, f"warning: 2 bad rows were skipped, listed in {tmp_path / 'list'}\n")
    assert [row[3] for row in rows_of(out)] == ["question1", "how", "who"]
    listed = [json.loads(line) for line in (tmp_path / "list").read_text().splitlines()]
    assert [(entry["line"], entry["text"]) for entry in listed] == [
        (3, " \u200b,why\n"),
        (5, "x,\n"),
    ]


def test_bad_rows_of_standard_input_are_listed_in_a_file_of_its_own(model, tmp_path):
    done = piped(model, "-", "--skip-bad", "1", text="a\tb\nc\n", cwd=tmp_path)
    assert done.returncode == 0
    assert b"listed in standard-input.bad-rows.jsonl" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["standard-input.bad-rows.jsonl"]


def test_a_closed_standard_input_or_output_is_one_line(model):
    for what, closed, message in (
        ("-", "<&-", "standard input: is closed"),
        ("-", ">&-", "output is closed"),
        ("how old", ">&-", "output is closed"),
    ):
        line = f'echo a | "{sys.executable}" -m gemel compare {what} --model {model} {closed}'
        done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert message in done.stderr
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["", "how"], "gemel: the first question is empty; expected one word at least\n"),
        (["how", " \t"], r"gemel: the second question has no word or mark, only ' \t'; expected"),
        (["how", "\u200b", "--explain"], r"the second question has no word or mark, only '\u200b'"),
        (
            ["how " * 201, "old", "--explain"],
            "the first question has 201 words and marks; up to 20",
        ),
        (["how old?"], "gemel: 'how old?' is one question, or a file of no known kind; give two"),
        (["none.csv"], "gemel: none.csv: no such file; "),
        (["p.csv", "--explain"], "takes two questions, not many pairs"),
        (["-", "--explain"], "takes two questions, not many pairs"),
        (["p.csv", "--format", "csv"], "is for standard input; give -"),
        (["-", "how", "--format", "csv"], "is for standard input; give -"),
        (["how", "old", "--left", 1], "options for a file of pairs, but two questions"),
        (["how", "old", "--skip-bad", 1], "options for a file of pairs, but two questions"),
        (["p.csv", "--bad-rows", "list"], "add --skip-bad N"),
    ],
)
def test_what_makes_no_sense_is_reported(model, run, arguments, message):
    code, out, err = run("compare", *arguments, "--model", model)
    assert (code, out) == (2, "")
    assert message in err


def test_questions_of_any_letters_get_an_answer(model):
    for options in (["--json"], ["--explain"]):
        done = piped(model, "café \x1b[31m\x07", "\x7f?", *options)
        assert (done.returncode, done.stderr) == (0, b"")
        assert b"\x1b" not in done.stdout
        assert b"nan" not in done.stdout.lower()


def test_a_letter_that_the_terminal_has_not_is_no_traceback(model):
    environment = os.environ | {"PYTHONIOENCODING": "latin-1"}
    done = piped(model, "안녕", "how old", "--explain", env=environment)
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"\uc548" in done.stdout


@pytest.mark.parametrize("columns", [30, 80])
def test_an_explanation_in_words(model, engine, run, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    asked = ("How old is a zebra 안\u0301녕?", "antidisestablishmentarianism-" + "x" * 99)
    code, out, err = run("compare", *asked, "--explain", "--model", model)
    explanation = engine.explain(*asked)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == run("compare", *asked, "--model", model)[1].rstrip()
    shown = [line.split() for line in lines if line.startswith("    ") and "(" not in line]
    shares = [*explanation.left, *explanation.right]
    for words, each in zip(shown, shares, strict=True):
        assert words[0].rstrip("*")[:5] == each.word[:5]
        assert ("*" in "".join(words[:2])) != each.is_known
        number = next(word for word in words[1:] if word[0] in "+-" and "." in word)
        assert float(number) == pytest.approx(each.share, abs=0.0006)
        bar = words[-1] if "." not in words[-1] else ""
        assert set(bar) <= {"+" if each.share > 0 else "-"}
    longest = max(shown, key=lambda words: len(words[-1]) if "." not in words[-1] else 0)
    strongest = max(shares, key=lambda each: abs(each.share))
    assert longest[0].rstrip("*")[:5] == strongest.word[:5]
    assert max(len(" ".join(line)) for line in shown) <= columns
    verdict = explanation.verdict
    sign = -1 if verdict.answer == "not the same" else 1
    most = max(shares, key=lambda each: sign * each.share)
    assert lines[-1].startswith(f'"{most.word[:5]}')
    assert lines[-1].endswith(" most against it")


def test_an_explanation_for_programs(model, engine, run):
    asked = ("How old is a zebra?", "age")
    found = json.loads(run("compare", *asked, "--explain", "--json", "--model", model)[1])
    explanation = engine.explain(*asked)
    words = found.pop("words")
    assert found == json.loads(run("compare", *asked, "--json", "--model", model)[1])
    for key, shares in (("question1", explanation.left), ("question2", explanation.right)):
        assert words[key] == [
            {"word": each.word, "share": each.share, "is_known": each.is_known} for each in shares
        ]

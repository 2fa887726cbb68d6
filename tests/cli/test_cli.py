"""The whole workflow by its commands, as a user would type them."""

import functools
import json
import signal
import subprocess
import sys

import pytest

WITHOUT_TORCH = "import sys; sys.modules['torch'] = None; from gemel.cli import main; main()"
TOPICS = ["cat", "dog", "car", "tea", "sun", "map", "hat", "pen"]
FAST = [
    *("--set", "training.epochs=2", "--set", "training.validation_fraction=0.2"),
    *("--set", "network.d_model=8", "--set", "training.batch_size=16"),
]


def write_pairs(path, start=0, count=160):
    rows = ["question1,question2,is_duplicate"]
    for n in range(start, start + count):
        one, two = TOPICS[n % 8], TOPICS[(n if n % 2 else n // 8) % 8]
        rows.append(f"where is the {one} {n}?,I look for a {two} {n},{int(one == two)}")
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("road")
    return write_pairs(folder / "train.csv"), write_pairs(folder / "test.csv", 1000), folder / "m"


@pytest.fixture(scope="module")
def model(files):
    train, _, out = files
    command = [sys.executable, "-m", "gemel", "train", train, "--out", out, *FAST]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out, done


def test_train_shows_progress_and_states_what_comes_next(model):
    out, done = model
    assert "epoch 1/2" in done.stderr
    assert "pairs/s" in done.stderr
    assert "average precision" in done.stderr
    assert f"{out}: written" in done.stdout
    assert f'gemel compare "first question" "second question" --model {out}' in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert sorted(path.name for path in out.iterdir()) == [
        *("README.md", "config.json", "decision.json", "loss.png"),
        *("model.safetensors", "tokenizer.json", "training.json"),
    ]


def test_compare(model, run):
    code, out, err = run("compare", "where is the cat?", "I look for a cat", "--model", model[0])
    assert (code, err) == (0, "")
    assert out.startswith(("the same  (probability ", "not the same  (probability "))
    code, out, _ = run("compare", "a", "b", "--model", model[0], "--json")
    verdict = json.loads(out)
    assert set(verdict) == {"answer", "similarity", "probability", "is_duplicate", "threshold"}
    assert verdict["is_duplicate"] == (verdict["similarity"] >= verdict["threshold"])


def test_evaluate(files, model, run):
    code, out, _ = run("evaluate", files[1], "--model", model[0])
    assert code == 0
    assert "160 pairs" in out
    assert "stored in the model, best for accuracy" in out
    assert "average precision" in out
    code, out, _ = run("evaluate", files[1], "--model", model[0], "--json", "--halves")
    report = json.loads(out)
    assert len(report["thresholds"]) == 2
    confusion = report["confusion"]
    assert sum(confusion.values()) == 160
    right = (confusion["true_positives"] + confusion["true_negatives"]) / 160
    assert report["figures"]["accuracy"]["value"] == pytest.approx(right)


def test_the_training_file_flatters(files, model, run):
    code, _, err = run("evaluate", files[0], "--model", model[0])
    assert code == 2
    assert "these are the very pairs that the model was trained on" in err
    assert run("evaluate", files[0], "--model", model[0], "--seen")[0] == 0


def test_a_model_is_not_replaced_by_accident(files, model, run):
    before = (model[0] / "model.safetensors").read_bytes()
    code, _, err = run("train", files[0], "--out", model[0], *FAST)
    assert code == 2
    assert "holds a model already; add --overwrite" in err
    assert (model[0] / "model.safetensors").read_bytes() == before


def test_overwrite_replaces_a_model(files, tmp_path, run):
    out = tmp_path / "m"
    assert run("train", files[0], "--out", out, *FAST)[0] == 0
    before = (out / "model.safetensors").read_bytes()
    again = run("train", files[0], "--out", out, *FAST, "--set", "training.seed=5", "--overwrite")
    assert again[0] == 0
    assert (out / "model.safetensors").read_bytes() != before
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_a_folder_of_something_else_is_never_replaced(files, tmp_path, run):
    (tmp_path / "thesis.txt").write_text("years of work")
    code, _, err = run("train", files[0], "--out", tmp_path, "--overwrite", *FAST)
    assert code == 2
    assert "is there and is not a gemel model" in err
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        ("", "is empty"),
        ("question1,question2,is_duplicate\n", "has a header but no pairs"),
        ("a,b,c\nx,y,1\n", r"it has: a, b, c; name them with --left, --right and --label"),
        ("question1,question2,is_duplicate\nx,y,1\n", "are all duplicates; both labels"),
        ("question1,question2,is_duplicate\nx,y,0\n", "are all non-duplicates; both labels"),
        ("question1,question2,is_duplicate\nx,y,maybe\n", ":2: has the label 'maybe'"),
    ],
)
def test_bad_pairs_are_one_clear_line(content, message, tmp_path, model, run):
    path = tmp_path / "pairs.csv"
    if content is not None:
        path.write_text(content)
    for arguments in (["train", path, "--out", tmp_path / "m"], ["evaluate", path]):
        extra = ["--model", model[0]] if arguments[0] == "evaluate" else []
        code, out, err = run(*arguments, *extra)
        assert (code, out) == (2, "")
        assert err.startswith(f"gemel: {path}")
        assert message in err
        assert err.count("\n") == 1
    assert not (tmp_path / "m").exists()


def test_settings_by_file_and_by_hand(files, tmp_path, run):
    settings = tmp_path / "settings.toml"
    settings.write_text("[training]\nepoch = 3\n")
    code, _, err = run("train", files[0], "--out", tmp_path / "m", "--config", settings)
    assert code == 2
    assert "no setting training.epoch; did you mean 'epochs'?" in err
    code, _, err = run("train", files[0], "--out", tmp_path / "m", "--set", "training.epochs=0")
    assert code == 2
    assert "training.epochs must be a whole number from 1 to 100,000, not 0" in err


def test_no_such_model(run, tmp_path):
    code, _, err = run("compare", "a", "b", "--model", tmp_path / "nowhere")
    assert code == 2
    assert "no such model folder; `gemel train` makes one" in err


def test_columns_by_name(files, tmp_path, model, run):
    path = tmp_path / "other.csv"
    path.write_text(files[1].read_text().replace("question1,question2,is_duplicate", "a,b,same"))
    names = ["--left", "a", "--right", "b", "--label", "same"]
    assert run("evaluate", path, "--model", model[0], *names)[0] == 0


def test_columns_by_place(files, tmp_path, model, run):
    path = tmp_path / "other.tsv"
    rows = files[1].read_text().replace("?,", '?"\t').replace(",", "\t").splitlines()
    path.write_text("\n".join(rows))
    options = ["--model", model[0], "--no-quotes", "--left", 1, "--right", 2, "--label", 3]
    code, _, err = run("evaluate", path, *options)
    assert code == 2
    assert (
        f"{path}:1: has the columns question1, question2, is_duplicate; it is the first row" in err
    )
    assert "add --header" in err
    assert "160 pairs" in run("evaluate", path, *options, "--header")[1]
    path.write_text("\n".join(rows[1:]))
    assert "160 pairs" in run("evaluate", path, *options)[1]


def test_bad_rows_are_skipped_when_asked_to_and_reported(files, tmp_path, model, run):
    bad = tmp_path / "bad.csv"
    bad.write_text(files[1].read_text() + "\nx,y\nx,y,maybe\n")
    folder = ["--model", model[0]]
    code, _, err = run("evaluate", bad, *folder, "--skip-bad", 1, "--bad-rows", tmp_path / "list")
    assert code == 2
    assert f"{bad}:163: has the label 'maybe'; expected 0 or 1, yes or no, or a class name" in err
    assert "(1 bad row was skipped" in err
    listing = ["--skip-bad", 2, "--bad-rows", tmp_path / "list"]
    code, out, err = run("evaluate", bad, *folder, *listing, "--json")
    assert (code, json.loads(out)["pairs"]) == (0, 160)
    assert err == f"warning: 2 bad rows were skipped, listed in {tmp_path / 'list'}\n"
    listed = (tmp_path / "list").read_text().splitlines()
    assert [json.loads(line)["line"] for line in listed] == [162, 163]
    training = ["--out", tmp_path / "m", *FAST, *listing]
    code, _, err = run("train", bad, "--validation", files[0], *training)
    assert code == 0
    assert f"warning: 2 bad rows were skipped, listed in {tmp_path / 'list'}\n" in err


def test_a_list_of_bad_rows_without_leave_to_skip_any(files, tmp_path, model, run):
    arguments = ["--model", model[0], "--bad-rows", tmp_path / "list"]
    code, _, err = run("evaluate", files[1], *arguments)
    assert code == 2
    assert "add --skip-bad N" in err


def test_version_and_help(run):
    code, out, _ = run("--version")
    assert (code, out.splitlines()[0]) == (0, "gemel 0.1.0")
    for verb in ("sample", "audit", "split", "train", "evaluate", "compare"):
        code, out, _ = run(verb, "--help")
        assert code == 0
        assert f"Example: gemel {verb}" in out


def test_answering_needs_no_torch_and_training_states_what_it_needs(files, model):
    def call(*arguments):
        command = [sys.executable, "-c", WITHOUT_TORCH, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert call("compare", "a", "b", "--model", model[0]).returncode == 0
    assert call("evaluate", files[1], "--model", model[0]).returncode == 0
    refused = call("train", files[0], "--out", model[0].parent / "n")
    assert refused.returncode == 2
    assert refused.stderr == (
        "gemel: training requires packages that are not installed: pip install 'gemel[train]'\n"
    )


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_a_training_told_to_stop_can_be_resumed(number, files, tmp_path, run):
    command = [sys.executable, "-m", "gemel", "train", files[0], "--out", tmp_path / "m", *FAST]
    command += ["--set", "training.epochs=100000", "--set", "training.patience=100000"]
    command = list(map(str, command))
    # Tests that run in the background may ignore Ctrl-C, and so would the process they start.
    heed = functools.partial(signal.signal, number, signal.SIG_DFL)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=heed) as process:
        try:
            while "epoch 1/" not in (line := process.stderr.readline()):
                assert line, "it ended before its first epoch"
            process.send_signal(number)
            _, rest = process.communicate(timeout=600)
        finally:
            process.kill()
    assert process.returncode == 130
    last = rest.splitlines()[-1]
    assert last.startswith("gemel: stopped in epoch ")
    assert last.endswith(
        "m.checkpoint holds all of it: type the same command with --resume to continue"
    )
    assert "Traceback" not in rest
    assert [file.name for file in tmp_path.iterdir()] == ["m.checkpoint"]

    code, _, error = run(*command[3:])
    assert code == 2
    assert "holds a training that was not finished; add --resume to resume it" in error
    code, _, error = run(*command[3:], "--resume", "--set", "training.epochs=3")
    assert code == 2
    assert "training.epochs was 100000 and is now 3; continue with what it was" in error
    code, _, error = run(*command[3:], "--overwrite", "--set", "training.epochs=1")
    assert code == 0
    assert [file.name for file in tmp_path.iterdir()] == ["m"]

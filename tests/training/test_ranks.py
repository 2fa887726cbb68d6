"""Training on several real processes, which communicate by gloo."""

import contextlib
import functools
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import psutil
import pytest
import safetensors.numpy
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributed import HashStore

import gemel
from gemel.cli import main
from gemel.data import Batches, PairGraph, Pairs
from gemel.errors import ConfigError, DataError, TrainingError
from gemel.pretrained import DEFAULT_MODEL
from gemel.text import TOKENS, TokenTable
from gemel.training import Ranks, joined
from gemel.training import ranks as joining
from gemel.training.ranks import Barrier, OthersGoneError

HERE = Path(__file__).parent
TORCHRUN = [str(Path(sys.executable).with_name("torchrun")), "--master-port", "{port}"]
NAMES = ("WORLD_SIZE", "RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def environment(**changes):
    """That of a process which torchrun has not started, and that takes one core."""
    mine = {name: value for name, value in os.environ.items() if name not in NAMES}
    return mine | {"OMP_NUM_THREADS": "1"} | changes


# Shares of the work.


@given(st.lists(st.integers(1, 99), min_size=1, max_size=60), st.integers(1, 9))
def test_shares_are_disjoint_whole_and_alike(costs, count):
    costs = np.array(costs)
    shares = [Ranks(rank=rank, count=count).share(costs) for rank in range(count)]
    assert np.concatenate([np.arange(len(costs))[share] for share in shares]).tolist() == list(
        range(len(costs))
    )
    for share in shares:
        assert costs[share].sum() <= costs.sum() / count + costs.max()


def test_one_process_is_the_plain_case():
    ranks = Ranks()
    vectors = torch.ones(3, 2)
    assert ranks.gather(vectors, slice(0, 3), 3) is vectors
    assert ranks.share(np.array([4, 1, 5])) == slice(0, 3)
    assert ranks.sum_gradients([], [], {}, 0.5, asks_to_stop=True) == (0.5, True)
    assert ranks.any(True)
    assert not ranks.any(False)
    assert ranks.from_first(lambda: "mine") == "mine"
    ranks.wait()
    ranks.use(torch.device("cpu"))


# The gradient.


@pytest.fixture(scope="module")
def gradients_of(tmp_path_factory, gradient_worker):
    """Those that each of some processes has in the end, by their number; this one is the first."""

    @functools.cache
    def start(count):
        folder = tmp_path_factory.mktemp(f"gradients{count}")
        port = str(free_port())

        def place(rank, count=str(count), port=port):
            return dict(zip(NAMES, (count, rank, rank, count, "127.0.0.1", port), strict=True))

        others = [
            subprocess.Popen(
                [sys.executable, HERE / "gradient_worker.py", folder],
                env=environment(**place(str(rank))),
            )
            for rank in range(1, count)
        ]
        with pytest.MonkeyPatch.context() as patch:
            for name, value in place("0").items():
                patch.setenv(name, value)
            gradient_worker.work(folder)
        assert [process.wait(timeout=600) for process in others] == [0] * (count - 1)
        return {path.stem: np.load(path) for path in folder.iterdir()}

    return start


@pytest.mark.parametrize("count", [2, pytest.param(3, marks=pytest.mark.slow)])
@pytest.mark.parametrize("case", ["triplet", "subwords", "joint", "dropout", "padding counts"])
def test_the_gradient_is_that_of_one_process(case, count, gradients_of, gradient_worker):
    """In float32, to 1e-6 of its largest entry."""
    alone = gradient_worker.gradients(gradient_worker.make_trainer(case))
    assert (np.abs(alone).max(axis=1) > 0.01).all()
    for chunk_size in (0, 3):
        everyone = [gradients_of(count)[f"{case} {chunk_size} {rank}"] for rank in range(count)]
        for found in everyone:
            assert found.tobytes() == everyone[0].tobytes(), "all take the very same step"
        for together, expected in zip(everyone[0], alone, strict=True):
            assert together[0] == pytest.approx(expected[0], rel=1e-6)
            apart = np.abs(together[1:] - expected[1:]).max()
            assert apart <= 1e-6 * np.abs(expected[1:]).max()


@given(
    st.lists(st.booleans(), min_size=3, max_size=48),
    st.integers(2, 9),
    st.integers(2, 4),
    st.integers(0, 99),
)
def test_no_group_is_twice_among_what_all_of_them_read(labels, batch_size, count, seed):
    """Of what each reads, put together: the whole batch, that was dealt so."""
    pairs = Pairs.of(*([f"{side} {n}" for n in range(len(labels))] for side in "ab"), labels)
    graph = PairGraph.of(pairs)
    table = TokenTable.from_rows([[10 + n % 7] * (1 + n % 5) for n in range(len(graph.questions))])
    batches = Batches(table, graph, pairs.labels, batch_size=batch_size, seed=seed)
    for batch in batches.epoch(1):
        groups = np.concatenate([batch.groups, batch.groups, batch.negative_groups])
        costs = (batch.inputs[0] != TOKENS.padding).sum(axis=1)
        read = [groups[Ranks(rank=rank, count=count).share(costs)] for rank in range(count)]
        # An anchor and its duplicate are of one group; a negative is of another one.
        assert Counter(np.concatenate(read).tolist()) == Counter(
            dict.fromkeys(batch.groups.tolist(), 2)
            | dict.fromkeys(batch.negative_groups.tolist(), 1)
        )


def test_one_of_them_has_nothing_to_read_where_one_question_is_long(gradient_worker):
    """So `gradients_of` had to do with shares of no question."""
    for case in ("triplet", "subwords", "joint", "dropout"):
        trainer = gradient_worker.make_trainer(case)
        batch = max(trainer.batches.epoch(1), key=lambda batch: batch.inputs[0].shape[1])
        costs = trainer.gradients._costs(batch)
        shares = [Ranks(rank=rank, count=3).share(costs) for rank in range(3)]
        assert any(share.start == share.stop for share in shares)


# The environment that torchrun sets.


def test_without_torchrun_there_is_one_process(monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    with joined() as ranks:
        assert ranks == Ranks()
    monkeypatch.setenv("WORLD_SIZE", "1")
    with joined() as ranks:
        assert ranks.is_alone


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"RANK": ""},
            "has LOCAL_RANK.*as if this were one of several processes, but not RANK; st",
        ),
        ({"WORLD_SIZE": "", "MASTER_PORT": ""}, "but not WORLD_SIZE, MASTER_PORT"),
        ({"RANK": "first"}, "WORLD_SIZE, RANK, LOCAL_RANK, LOCAL_WORLD_SIZE must be whole numbers"),
        ({"RANK": "2"}, "RANK 2 of WORLD_SIZE 2, LOCAL_RANK 0 of LOCAL_WORLD_SIZE 1: a rank is at"),
    ],
)
def test_half_an_environment_is_a_clear_error(changes, message, monkeypatch):
    for name, value in zip(NAMES, ("2", "1", "0", "1", "127.0.0.1", "1"), strict=True):
        monkeypatch.setenv(name, changes.get(name, value))
    with pytest.raises(ConfigError, match=message), joined():
        pass


def test_others_that_do_not_come_are_not_waited_for_without_end(monkeypatch):
    values = ("2", "0", "0", "1", "127.0.0.1", str(free_port()))
    for name, value in zip(NAMES, values, strict=True):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(joining, "_START_TIMEOUT", 0.3)
    with (
        pytest.raises(
            TrainingError, match=r"rank 0 of 2 does not find the others at 127\.0\.0\.1:\d+: Timed"
        ),
        joined(),
    ):
        pass


def test_more_processes_than_cards_is_a_clear_error(monkeypatch):
    from gemel.training.device import choose_device

    ranks = Ranks(rank=0, count=2, local_rank=0, local_count=2)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ConfigError, match="no card can be used: 2 processes are to share 1; take"):
        choose_device("cuda", ranks)


# Barrier.


def test_all_arrive_or_learn_which_does_not():
    store = HashStore()
    one, other = (Barrier(store, rank, 2) for rank in range(2))
    with pytest.raises(OthersGoneError, match=r"not all of 2 came within 0\.1 s"):
        one.wait(0.1)
    store.set("0/1", "here")
    one.wait()
    assert not other.has_first_failed(0.0)
    other.number = 1
    other.tell_failure()
    with pytest.raises(OthersGoneError, match=r"has ended before its time \(it has f"):
        one.wait()
    assert not other.has_first_failed(0.1), "the first one was there"
    one.tell_failure()
    assert other.has_first_failed(0.1)


class Place:
    """A process that fails; it reports at once what it would report at its end."""

    def __init__(self, rank, first, monkeypatch):
        self.store = HashStore()
        self.store.set("0/0", first)
        self.barrier = Barrier(self.store, rank, 3)
        monkeypatch.setattr(joining.atexit, "register", lambda tell: tell())

    def fail(self, error):
        joining._fail(error, self.barrier)


def test_a_failure_of_the_first_one_is_its_own_to_tell(monkeypatch):
    first = Place(0, "here", monkeypatch)
    first.fail(ConfigError("no"))
    assert first.store.get("0/0") == b"failed"
    for error in (ConfigError("no"), RuntimeError("broken")):
        with pytest.raises(SystemExit, match="1"):
            Place(2, "failed", monkeypatch).fail(error)


def test_a_failure_of_another_one_has_its_rank(monkeypatch):
    monkeypatch.setattr(joining, "_SHORT_TIMEOUT", 0.1)
    place = Place(2, "here", monkeypatch)
    with pytest.raises(TrainingError, match=r"^rank 2: pairs are bad$"):
        place.fail(DataError("pairs are bad"))
    assert place.store.get("0/2") == b"failed"
    error = RuntimeError("broken")
    Place(2, "here", monkeypatch).fail(error)
    assert error.__notes__ == ["This was rank 2 of 3."]


def test_a_process_that_follows_another_reports_nothing_but_for_an_uninformed_first(monkeypatch):
    for rank, is_told in ((0, True), (2, True), (2, False)):
        with pytest.raises(SystemExit):
            Place(rank, "here", monkeypatch).fail(OthersGoneError("gone", is_told=is_told))
    Place(0, "here", monkeypatch).fail(OthersGoneError("gone"))


# The whole command.

TOPICS = ["cat", "dog", "car", "tea", "sun", "map", "hat", "pen"]
SETTINGS = ["training.epochs=4", "training.batch_size=8", "network.d_model=8"]
SETTINGS += ["training.validation_fraction=0.2", "text.ngram_buckets=64", "training.patience=9"]
SETTINGS += ["training.precision=float32"]


def write_pairs(path, count=240):
    """Write pairs by topic."""
    lines = ["question1,question2,is_duplicate"]
    for n in range(count):
        one, other = TOPICS[n % 8], TOPICS[(n if n % 2 else n // 8) % 8]
        lines.append(f"where is the {one} {n},I look for a {other} {n},{int(one == other)}")
    path.write_text("\n".join(lines))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranks")
    write_pairs(folder / "pairs.csv")
    return folder


def command(folder, name, count, *options):
    settings = [argument for setting in SETTINGS for argument in ("--set", setting)]
    start = [sys.executable] if count == 1 else [*_torchrun(count)]
    files = [str(folder / "pairs.csv"), "--out", str(folder / name)]
    # Without the two dashes torchrun would take --logs for one of its own.
    dashes = ["--"] if count > 1 else []
    return [*start, "-m", *dashes, "gemel", "train", *files, *settings, *options]


def _torchrun(count):
    port = str(free_port())
    return [part.replace("{port}", port) for part in TORCHRUN] + ["--nproc-per-node", str(count)]


def run(folder, name, count, *options):
    return subprocess.run(
        command(folder, name, count, *options),
        capture_output=True,
        text=True,
        timeout=600,
        env=environment(),
        check=False,
    )


def start(folder, name, count, *options):
    return subprocess.Popen(
        command(folder, name, count, *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )


def said(text, words):
    return len(re.findall(words, text))


def run_here(folder, name, *options):
    """Train in this process, alone; return the exit code and the standard error."""
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()):
        for variable in NAMES:
            patch.delenv(variable, raising=False)
        patch.setattr(sys, "argv", command(folder, name, 1, *options)[2:])
        with (
            contextlib.redirect_stderr(io.StringIO()) as errors,
            pytest.raises(SystemExit) as stopped,
        ):
            main()
    return stopped.value.code, errors.getvalue()


@pytest.fixture(scope="module")
def alone(folder):
    assert run_here(folder, "alone")[0] == 0
    return folder / "alone"


def same_model(one, other):
    mine, theirs = (
        safetensors.numpy.load_file(each / "model.safetensors") for each in (one, other)
    )
    assert mine.keys() == theirs.keys()
    for name, array in theirs.items():
        np.testing.assert_allclose(mine[name], array, atol=1e-4)
    left, right = (list(column) for column in zip(*_PROBES, strict=True))
    similarities = [gemel.load(each).similarity(left, right) for each in (one, other)]
    np.testing.assert_allclose(*similarities, atol=1e-4)
    records = [json.loads((each / "training.json").read_text()) for each in (one, other)]
    np.testing.assert_allclose(*(each["losses"] for each in records), atol=1e-4)


_PROBES = [
    ("where is the cat 9", "I look for a cat 3"),
    ("where is the map 7", "a hat"),
    ("", "sun"),
]


def test_two_processes_give_the_model_of_one_and_report_once(folder, alone):
    done = run(folder, "two", 2, "--logs", str(folder / "logs"))
    assert done.returncode == 0, done.stderr
    assert said(done.stdout, "two: written after") == 1
    assert done.stdout.count("\n") == 3
    for words in ("held out for validation", "words in the vocabulary", "epoch 1/4 ", "epoch 4/4 "):
        assert said(done.stderr, words) == 1
    assert "Traceback" not in done.stderr
    assert "Warning" not in done.stderr
    same_model(folder / "two", alone)
    assert not (folder / "two.checkpoint").exists()
    assert (folder / "logs" / "training.jsonl").read_text().count('"validation_accuracy"') == 4


def assert_failed_with(done, words, times=1):
    """Check for exactly one line of gemel's, besides those of torchrun."""
    assert done.returncode == 1
    assert re.findall(r"^gemel: (.*)", done.stderr, re.MULTILINE) == [words] * times, done.stderr
    assert "written after" not in done.stdout


@pytest.mark.slow
def test_a_bad_file_is_reported_once(folder):
    (folder / "bad.csv").write_text("question1,question2,is_duplicate\na,b,perhaps\n")
    arguments = command(folder, "bad", 2)
    arguments[arguments.index(str(folder / "pairs.csv"))] = str(folder / "bad.csv")
    done = subprocess.run(
        arguments, capture_output=True, text=True, timeout=600, env=environment(), check=False
    )
    assert done.returncode == 1
    (line,) = re.findall(r"^gemel: (.*)", done.stderr, re.MULTILINE)
    assert line.startswith(f"{folder / 'bad.csv'}:2: ")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ["--set", "training.epochs=0"],
            "--set: training.epochs must be a whole number from 1 to 100,000, not 0 - at "
            "`$.training`",
        ),
        (
            ["--from", DEFAULT_MODEL, "--add", "more.csv"],
            "--add trains on a few pairs in one process: start it without torchrun",
        ),
    ],
)
def test_unusable_options_are_reported_once(folder, options, words):
    assert_failed_with(run(folder, "none", 2, *options), words)


@pytest.mark.slow
def test_what_only_the_first_one_sees_ends_all(folder):
    (folder / "there.checkpoint").write_bytes(b"precious")
    for options, words in (([], "holds a training that was not"), (["--resume"], "not a checkpoi")):
        done = run(folder, "there", 2, *options)
        (line,) = re.findall(r"^gemel: (.*)", done.stderr, re.MULTILINE)
        assert line.startswith(f"{folder / 'there.checkpoint'}: {words}")
        assert done.returncode == 1
    assert (folder / "there.checkpoint").read_bytes() == b"precious"


def run_apart(folder, name, count):
    """Have each process read a file of its own."""
    line = " ".join(["exec", sys.executable, *command(folder, name, 1)[1:]])
    line = line.replace("pairs.csv", "pairs$RANK.csv")
    return subprocess.run(
        [*_torchrun(count), "--no-python", "bash", "-c", line],
        capture_output=True,
        text=True,
        timeout=600,
        env=environment(),
        check=False,
    )


@pytest.mark.slow
def test_what_fails_in_one_alone_has_its_rank(folder):
    write_pairs(folder / "pairs0.csv")
    done = run_apart(folder, "apart", 2)
    (line,) = re.findall(r"^gemel: (.*)", done.stderr, re.MULTILINE)
    assert line.startswith(f"rank 1: {folder / 'pairs1.csv'}: no such file")
    assert done.returncode == 1


@pytest.mark.slow
def test_processes_that_have_read_other_pairs_do_not_learn_together(folder):
    write_pairs(folder / "pairs0.csv")
    write_pairs(folder / "pairs1.csv", 232)
    words = "rank 1: this process has read other pairs, or another model, than rank 0"
    assert_failed_with(run_apart(folder, "apart", 2), words)
    (folder / "pairs1.csv").unlink()


def wait_for(path, process):
    while not path.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


@pytest.fixture(scope="module")
def stopped(folder):
    """A training of two processes that was stopped by torchrun, and the given values."""
    process = start(folder, "stopped", 2, "--checkpoint-every", "0")
    wait_for(folder / "stopped.checkpoint", process)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=600)
    assert process.returncode != 0
    return (folder / "stopped.checkpoint").read_bytes(), errors


def test_stopped_they_leave_a_checkpoint_and_report_it_once(folder, stopped):
    _, errors = stopped
    (line,) = re.findall(r"^gemel: (.*)", errors, re.MULTILINE)
    assert re.fullmatch(
        rf"stopped in epoch \d behind batch \d+ of 24; {folder / 'stopped.checkpoint'} holds all "
        "of it: type the same command with --resume to continue",
        line,
    )
    assert not (folder / "stopped").exists()


@pytest.mark.parametrize("count", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_another_number_of_processes_resumes(folder, stopped, alone, count):
    content, _ = stopped
    name = f"by{count}"
    (folder / f"{name}.checkpoint").write_bytes(content)
    if count == 1:
        code, errors = run_here(folder, name, "--resume")
    else:
        done = run(folder, name, count, "--resume")
        code, errors = done.returncode, done.stderr
    assert code == 0, errors
    assert said(errors, "continuing in epoch") == 1
    same_model(folder / name, alone)


def test_one_that_is_killed_ends_the_others(folder):
    process = start(folder, "killed", 2, "--set", "training.epochs=5000", "--checkpoint-every", "0")
    wait_for(folder / "killed.checkpoint", process)
    workers = psutil.Process(process.pid).children()
    (second,) = (each for each in workers if each.environ().get("RANK") == "1")
    second.kill()
    _, errors = process.communicate(timeout=600)
    assert process.returncode == 1
    (line,) = re.findall(r"^gemel: (.*)", errors, re.MULTILINE)
    assert re.fullmatch(
        r"another process of this training has ended before its time \([A-Z].*[\w\]]\); "
        "--resume resumes from the last checkpoint",
        line,
    )
    assert not psutil.wait_procs(workers, timeout=600)[1]
    assert (folder / "killed.checkpoint").exists()

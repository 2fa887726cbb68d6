"""A training that is interrupted and resumed ends with bit-identical numbers."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from gemel.config import Config
from gemel.data import Pairs
from gemel.errors import ConfigError, DataError, FolderError, TrainingError
from gemel.training import Silent, learn

TOPICS = ["cat", "dog", "car", "tea", "sun", "map", "hat", "pen"]
SETTINGS = ["training.epochs=3", "training.batch_size=8", "network.d_model=8"]
SETTINGS += ["training.validation_fraction=0.2", "text.ngram_buckets=64", "training.patience=9"]
SMALL = Config().replace(SETTINGS)


def make_pairs(count=120):
    ones = [TOPICS[n % 8] for n in range(count)]
    others = [TOPICS[(n if n % 2 else n // 8) % 8] for n in range(count)]
    return Pairs.of(
        [f"where is the {topic} {n}" for n, topic in enumerate(ones)],
        [f"I look for a {topic} {n}" for n, topic in enumerate(others)],
        [one == other for one, other in zip(ones, others, strict=True)],
    )


class PowerCut(Exception):  # noqa: N818
    pass


class Cutter(Silent):
    """Cuts the power behind a step, and notes the steps it saw."""

    def __init__(self, behind=None):
        self.behind = behind
        self.steps, self.said = [], []

    def note(self, text):
        self.said.append(text)

    def step(self, summary):
        self.steps.append(summary.step)
        if summary.step == self.behind:
            raise PowerCut


def same_models(one, other):
    assert one.weights.keys() == other.weights.keys()
    for name, array in one.weights.items():
        np.testing.assert_array_equal(array, other.weights[name])
    assert one.decision == other.decision
    times = {"seconds", "epochs"}
    assert {k: v for k, v in one.training.items() if k not in times} == {
        k: v for k, v in other.training.items() if k not in times
    }
    for mine, theirs in zip(one.training["epochs"], other.training["epochs"], strict=True):
        assert mine | {"pairs_per_second": 0} == theirs | {"pairs_per_second": 0}


@pytest.fixture(scope="module")
def unbroken():
    watcher = Cutter()
    return learn(make_pairs(), SMALL, reporter=watcher), watcher.steps


def test_head_objective_and_dropout_continue_too(tmp_path):
    joint = SMALL.replace(
        [
            *("network.bidirectional=true", "network.pooling=max", "network.compose_all=true"),
            *(
                "network.head=4",
                "training.loss=joint",
                "training.dropout=0.3",
                "training.ema_decay=0.9",
            ),
            *("training.transitive=0.5", "training.epochs=1"),
        ]
    )
    model = learn(make_pairs(), joint)
    path = tmp_path / "c"
    with pytest.raises(PowerCut):
        learn(make_pairs(), joint, checkpoint=path, checkpoint_every=0.0, reporter=Cutter(behind=5))
    same_models(model, learn(make_pairs(), joint, checkpoint=path, resume=True))


@pytest.mark.parametrize(
    "cuts", [(1,), (5, 6, 12, 13), pytest.param((24, 30), marks=pytest.mark.slow), (35,)]
)
def test_a_cut_anywhere_changes_nothing(unbroken, cuts, tmp_path):
    """Twelve batches an epoch; a checkpoint is written behind every batch but the cut one."""
    model, steps = unbroken
    assert len(steps) == 36
    for number, cut in enumerate(cuts):
        cutter = Cutter(cut)
        with pytest.raises(PowerCut):
            learn_on(tmp_path, cutter, resume=number > 0)
    last = Cutter()
    same_models(learn_on(tmp_path, last), model)
    assert last.steps == steps[cuts[-1] - 1 :], "the batch that was cut is done again"
    assert any("continuing in epoch" in text for text in last.said) == (cuts[-1] > 1)


def learn_on(folder, reporter=None, pairs=None, config=SMALL, **options):
    options = {"checkpoint_every": 0.0, "resume": True} | options
    return learn(
        make_pairs() if pairs is None else pairs,
        config,
        reporter=reporter,
        checkpoint=folder / "m.checkpoint",
        **options,
    )


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """Checkpoint of a training that was stopped in epoch 2."""
    folder = tmp_path_factory.mktemp("stopped")
    with pytest.raises(PowerCut):
        learn_on(folder, Cutter(15))
    return folder / "m.checkpoint"


@pytest.fixture
def stopped(checkpoint, tmp_path):
    shutil.copy(checkpoint, tmp_path)
    return tmp_path


def test_another_setting_is_refused_by_name(stopped):
    with pytest.raises(ConfigError, match=r"training\.margin was 0\.25 and is now 0\.5; continue"):
        learn_on(stopped, config=SMALL.replace(["training.margin=0.5"]))


def test_other_data_are_refused_by_name(stopped):
    pairs = make_pairs()
    more = Pairs.of([*pairs.left_texts, "why"], [*pairs.right_texts, "how"], [*pairs.labels, True])
    order = np.arange(len(pairs))[::-1]
    columns = (pairs.left_texts, pairs.right_texts, pairs.labels.tolist())
    turned = Pairs.of(*([column[row] for row in order] for column in columns))
    for other, message in [(more, "are not those that"), (turned, "are in another order than")]:
        with pytest.raises(DataError, match=f"m.checkpoint: the training pairs {message}"):
            learn_on(stopped, pairs=other)
    with pytest.raises(DataError, match="the validation pairs are not those"):
        learn_on(stopped, validation=more)


def test_without_a_checkpoint_it_begins_with_a_note(tmp_path, unbroken):
    watcher = Cutter()
    same_models(learn_on(tmp_path, watcher), unbroken[0])
    assert any("no checkpoint yet; beginning at the beginning" in text for text in watcher.said)


@pytest.mark.parametrize("content", [b"", b"nonsense" * 99, None])
def test_a_damaged_checkpoint_is_reported(stopped, content):
    path = stopped / "m.checkpoint"
    path.write_bytes(path.read_bytes()[:-9] if content is None else content)
    with pytest.raises(
        FolderError, match=r"m\.checkpoint: not a checkpoint of this gemel, or cut short"
    ):
        learn_on(stopped)


def test_another_safetensors_file_is_no_checkpoint(stopped):
    path = stopped / "m.checkpoint"
    path.write_bytes(safetensors.numpy.save({"a": np.zeros(3)}))
    with pytest.raises(FolderError, match=r"not a checkpoint of this gemel.*add --overwrite"):
        learn_on(stopped)


def test_tensors_of_another_shape_are_damage(stopped):
    path = stopped / "m.checkpoint"
    with safetensors.safe_open(path, framework="np") as file:
        known = file.metadata()
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    arrays["weights.sublayers.1.cell.bias"] = np.zeros(3, np.float32)
    path.write_bytes(safetensors.numpy.save(arrays, known))
    with pytest.raises(
        FolderError,
        match=r"damaged: weights\.sublayers\.1\.cell\.bias is torch\.float32 of shape \(3,\)",
    ):
        learn_on(stopped)


def rewrite(path, change):
    """Change what a checkpoint gives of itself, or its tensors."""
    with safetensors.safe_open(path, framework="np") as file:
        known = json.loads(file.metadata()["gemel"])
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    change(known, arrays)
    path.write_bytes(safetensors.numpy.save(arrays, {"gemel": json.dumps(known)}))


def put(*keys, value):
    def change(known, arrays):
        place = known
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        *(put("format_version", value=value) for value in (0, 2, "1", None)),
        *(put("state", "epoch", value=value) for value in (-5, 0, 1, 99, "2", 1.5)),
        *(put("state", "batch", value=value) for value in (-1, 0, None)),
        *(put("state", "pairs", value=value) for value in (-1, 0)),
        *(put("state", "step", value=value) for value in (-100, 0)),
        put("state", "loss", value=float("nan")),
        put("state", "history", value=[]),
        put("state", "history", value=[{"epoch": 1}]),
        *(put("state", "curve", name, value="a") for name in ("stride", "losses", "total")),
        put("state", "curve", "stride", value=0),
        put("state", "curve", value=[]),
        put("identity", value={}),
        put("bfloat16", value="yes"),
        lambda known, arrays: known.clear(),
        lambda known, arrays: arrays.pop("best.lstm.bias"),
        lambda known, arrays: arrays.pop("adam.0.exp_avg_sq"),
        lambda known, arrays: arrays.update({"more": np.zeros(2, np.float32)}),
        lambda known, arrays: arrays.update({"adam.0.exp_avg": np.zeros(1, np.float32)}),
        lambda known, arrays: arrays["best.lstm.bias"].fill(np.nan),
        lambda known, arrays: arrays.update(
            {"weights.sublayers.1.cell.bias": np.zeros(32, np.float64)}
        ),
    ],
)
def test_an_untrusted_checkpoint_is_a_clear_error(stopped, change):
    """It is in epoch 2 behind batch 2 of 12."""
    rewrite(stopped / "m.checkpoint", change)
    with pytest.raises(FolderError, match=r"m\.checkpoint: (not a checkpoint|damaged)"):
        learn_on(stopped)


@pytest.mark.parametrize("text", ["[]", "null", "5", '"x"', "[" * 100_000, "{}", ""])
def test_nonsense_in_the_metadata_is_a_clear_error(stopped, text):
    path = stopped / "m.checkpoint"
    path.write_bytes(safetensors.numpy.save({"a": np.zeros(3)}, {"gemel": text}))
    with pytest.raises(FolderError, match="not a checkpoint of this gemel"):
        learn_on(stopped)


def test_the_file_may_be_replaced_while_training_continues(stopped, unbroken):
    """Its tensors are copies: a map of a file that is cut would end the process."""

    class Cutting(Cutter):
        def step(self, summary):
            if summary.step == 16:
                (stopped / "m.checkpoint").write_bytes(b"")

    same_models(learn_on(stopped, Cutting(), checkpoint_every=99.0), unbroken[0])


def test_the_end_of_a_training_is_kept_until_its_model_is_written(tmp_path, unbroken):
    learn_on(tmp_path, checkpoint_every=99.0)
    last = Cutter()
    same_models(learn_on(tmp_path, last), unbroken[0])
    assert last.steps == []


def test_another_model_to_start_from_is_refused(tmp_path):
    short = SMALL.replace(["training.epochs=1"])
    one, other = (learn(make_pairs(), short.replace([f"training.seed={n}"])) for n in (1, 2))
    with pytest.raises(PowerCut):
        learn_on(tmp_path, Cutter(5), start=one)
    with pytest.raises(DataError, match="model given with --from is not the one that it began"):
        learn_on(tmp_path, start=other)


def test_leftovers_of_a_kill_in_mid_write_are_cleared_away(stopped):
    half, other = stopped / ".m.checkpoint.tmp-abcd1234.gemel", stopped / ".m.checkpoint.bak"
    other.write_bytes(b"mine")
    half.write_bytes(b"half")
    learn_on(stopped)
    assert not half.exists()
    assert other.read_bytes() == b"mine"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_disk_that_is_full_leaves_the_last_checkpoint(stopped, monkeypatch):
    """The real system call fails as it does on a full disk: the file is opened on /dev/full."""
    path = stopped / "m.checkpoint"
    before = path.read_bytes()
    real = os.fdopen

    def on_full_disk(descriptor, *arguments, **settings):
        os.close(descriptor)
        return real(os.open("/dev/full", os.O_WRONLY), *arguments, **settings)

    monkeypatch.setattr(os, "fdopen", on_full_disk)
    with pytest.raises(
        TrainingError, match="No space left on device; the last one is whole: continue"
    ):
        learn_on(stopped)
    assert path.read_bytes() == before
    assert [file.name for file in stopped.iterdir()] == ["m.checkpoint"]


# Real kills of a real process.


def written_at(path):
    """When a file was last written; None without it."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None


@pytest.fixture(scope="module")
def killed_runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kills")
    pairs = make_pairs(400)
    rows = zip(pairs.left_texts, pairs.right_texts, pairs.labels.astype(int), strict=True)
    lines = ["question1,question2,is_duplicate", *(f"{a},{b},{label}" for a, b, label in rows)]
    (folder / "pairs.csv").write_text("\n".join(lines))
    assert train(folder, "whole").wait() == 0
    return folder


def train(folder, name, *options):
    command = [sys.executable, "-m", "gemel", "train", folder / "pairs.csv", "--out", folder / name]
    command += [argument for setting in SETTINGS for argument in ("--set", setting)]
    command += ["--set", "training.epochs=8", "--checkpoint-every", "0", *options]
    with (folder / f"{name}.log").open("a") as log:
        return subprocess.Popen(list(map(str, command)), stdout=log, stderr=log)


def kill_and_resume(folder, name, seed):
    """Kill a training again and again, each time a moment after it has come further."""
    draw = random.Random(seed)
    checkpoint, kills = folder / f"{name}.checkpoint", 0
    while not (folder / name).exists():
        before = written_at(checkpoint)
        process = train(folder, name, "--resume")
        while process.poll() is None and written_at(checkpoint) == before:
            time.sleep(0.001)
        for _ in range(draw.randrange(300)):
            if process.poll() is None:
                time.sleep(0.01)
        process.kill()
        if (code := process.wait()) == 0:
            break
        assert code == -signal.SIGKILL, (folder / f"{name}.log").read_text()
        kills += 1
    assert (folder / name).exists()
    for file in ("model.safetensors", "decision.json", "tokenizer.json"):
        assert (folder / name / file).read_bytes() == (folder / "whole" / file).read_bytes()
    records = [json.loads((folder / run / "training.json").read_text()) for run in (name, "whole")]
    assert records[0]["losses"] == records[1]["losses"]
    assert not (folder / f"{name}.checkpoint").exists()
    return kills


@pytest.mark.slow
def test_killed_and_resumed_is_bit_equal_to_unbroken(killed_runs):
    kills = (kill_and_resume(killed_runs, f"some{seed}", seed) for seed in range(3))
    assert any(kills), "no run was killed at all"


@pytest.mark.slow
def test_fifty_rounds_of_kills(killed_runs):
    kills = [kill_and_resume(killed_runs, f"many{seed}", seed + 100) for seed in range(50)]
    assert sum(kills) >= 50

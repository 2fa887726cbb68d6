import sys
from pathlib import Path

import pytest

import gemel
from gemel.training import Silent
from gemel.training.train_model import checkpoint_of

CONFIG = gemel.Config().replace(
    [
        *("training.epochs=1", "training.batch_size=16", "network.d_model=4"),
        *("training.validation_fraction=0.3", "text.ngram_buckets=16"),
    ]
)


def make_pairs(count=160):
    left = [f"word{n % 16} first" for n in range(count)]
    right = [f"word{(n if n % 2 else n * 7 + 1) % 16} second" for n in range(count)]
    return gemel.Pairs.of(left, right, [n % 2 for n in range(count)])


def test_a_finished_training_leaves_a_model_with_its_picture_and_nothing_else(tmp_path):
    gemel.train(make_pairs(), tmp_path / "m", config=CONFIG, checkpoint_every=0.0)
    assert [file.name for file in tmp_path.iterdir()] == ["m"]
    assert (tmp_path / "m" / "loss.png").read_bytes().startswith(b"\x89PNG")
    assert "](loss.png)" in (tmp_path / "m" / "README.md").read_text()
    gemel.train(make_pairs(), tmp_path / "m", config=CONFIG, overwrite=True)
    gemel.load(tmp_path / "m")


def test_without_matplotlib_there_is_a_model_and_a_note(tmp_path, monkeypatch, note_taker):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    gemel.train(make_pairs(), tmp_path / "m", config=CONFIG, reporter=note_taker)
    assert any("pip install 'gemel[plots]'" in text for text in note_taker.notes)
    assert not (tmp_path / "m" / "loss.png").exists()
    gemel.load(tmp_path / "m")


@pytest.mark.parametrize("inside", [".", "logs"])
def test_logs_in_the_model_folder_are_refused(tmp_path, inside):
    with pytest.raises(gemel.ConfigError, match="the logs cannot be in the model folder"):
        gemel.train(make_pairs(), tmp_path / "m", config=CONFIG, logs=tmp_path / "m" / inside)
    assert list(tmp_path.iterdir()) == []


def test_logs_are_written_next_to_it(tmp_path):
    gemel.train(make_pairs(), tmp_path / "m", config=CONFIG, logs=tmp_path / "logs")
    assert (tmp_path / "logs" / "training.jsonl").read_text().count("\n") >= 2


def test_a_checkpoint_in_the_way_is_refused_before_anything_is_learned(tmp_path):
    checkpoint = checkpoint_of(tmp_path / "m")
    checkpoint.write_bytes(b"precious")
    with pytest.raises(gemel.FolderError, match="not finished; add --resume to resume it, or"):
        gemel.train(make_pairs(), tmp_path / "m", config=CONFIG)
    assert checkpoint.read_bytes() == b"precious"


def test_the_checkpoint_has_a_name_wherever_the_model_goes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert checkpoint_of(Path("a/m")) == Path("a/m.checkpoint")
    assert checkpoint_of(Path("..")) == tmp_path.parent.with_name(
        f"{tmp_path.parent.name}.checkpoint"
    )


def test_a_place_that_is_not_there_yet_is_made(tmp_path):
    gemel.train(make_pairs(), tmp_path / "a" / "b" / "m", config=CONFIG, checkpoint_every=0.0)
    assert [file.name for file in (tmp_path / "a" / "b").iterdir()] == ["m"]


def test_a_picture_that_fails_does_not_cost_the_model(tmp_path, monkeypatch):
    def fail(record):
        raise RuntimeError("no ink")

    monkeypatch.setattr("gemel.training.train_model.draw_training", fail)
    gemel.train(make_pairs(), tmp_path / "m", config=CONFIG)
    gemel.load(tmp_path / "m")


def test_a_folder_that_cannot_be_written_at_the_end_does_not_cost_the_training(tmp_path):
    class Intruder(Silent):
        def epoch(self, summary):
            (tmp_path / "m").mkdir()
            (tmp_path / "m" / "notes.txt").write_text("mine")

    with pytest.raises(gemel.FolderError, match=r"it holds notes\.txt"):
        gemel.train(make_pairs(), tmp_path / "m", config=CONFIG, reporter=Intruder())
    (tmp_path / "m" / "notes.txt").unlink()
    gemel.train(make_pairs(), tmp_path / "m", config=CONFIG, resume=True)
    assert [file.name for file in tmp_path.iterdir()] == ["m"]


def test_the_log_of_another_training_is_not_written_over(tmp_path):
    log = tmp_path / "logs" / "training.jsonl"
    log.parent.mkdir()
    log.write_text("precious")
    with pytest.raises(gemel.FolderError, match="the log of another training; name another"):
        gemel.train(make_pairs(), tmp_path / "m", config=CONFIG, logs=tmp_path / "logs")
    assert log.read_text() == "precious"
    gemel.train(make_pairs(), tmp_path / "m", config=CONFIG, logs=tmp_path / "logs", overwrite=True)
    assert "precious" not in log.read_text()

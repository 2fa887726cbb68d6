import json
import sys

import pytest

from gemel.errors import MissingExtraError
from gemel.training import EpochSummary, Silent, StepSummary
from gemel.training.reporters import TensorBoardLog, open_logs


def step(number, loss):
    return StepSummary(
        epoch=1 + number // 50,
        batch=number,
        batches=50,
        step=number,
        loss=loss,
        pairs=8,
        learning_rate=0.01,
        gradient_norm=2.0,
    )


def epoch(number, last):
    return EpochSummary(
        epoch=number,
        epochs=2,
        step=last,
        loss=0.5,
        validation_average_precision=0.75,
        validation_accuracy=0.625,
        mean_similarity=0.125,
        pairs_per_second=100.0,
        is_best=True,
    )


def log(folder, first, last, begin=0, epoch_under_way=1):
    with open_logs(folder, Silent()) as logs:
        for reporter in logs:
            reporter.begin(begin, epoch_under_way)
            for number in range(first, last + 1):
                reporter.step(step(number, float(number)))
            if last == 50:
                reporter.epoch(epoch(1, 50))


def lines(folder):
    return [json.loads(line) for line in (folder / "training.jsonl").read_text().splitlines()]


def test_json_lines_hold_the_means_of_batches_and_the_epochs(tmp_path):
    log(tmp_path / "new" / "logs", 1, 50)
    first, second, third, last = lines(tmp_path / "new" / "logs")
    assert first == {
        "step": 20,
        "epoch": 1,
        "batches": 20,
        "loss": 10.5,
        "learning_rate": 0.01,
        "gradient_norm": 2.0,
    }
    assert (second["step"], second["loss"]) == (40, 30.5)
    assert (third["step"], third["loss"], third["batches"]) == (50, 45.5, 10)
    assert last["validation_average_precision"] == 0.75


def test_resuming_leaves_no_batch_twice_and_states_how_many_a_line_is_of(tmp_path):
    """Killed behind batch 47, in the middle of a line; the checkpoint was behind batch 25."""
    log(tmp_path, 1, 47)
    with (tmp_path / "training.jsonl").open("ab") as stream:
        stream.write(b'{"step": 1\xff')
    log(tmp_path, 26, 50, begin=25)
    *batches, epoch = lines(tmp_path)
    assert [(line["step"], line["batches"]) for line in batches] == [(20, 20), (40, 15), (50, 10)]
    assert batches[1]["loss"] == 33.0
    assert epoch["step"] == 50


@pytest.mark.parametrize("under_way", [1, 2])
def test_an_epoch_is_logged_once_wherever_the_checkpoint_was(tmp_path, under_way):
    """Behind its last batch, and either before or after the look at the validation pairs."""
    log(tmp_path, 1, 50)
    log(tmp_path, 51, 50 if under_way == 1 else 49, begin=50, epoch_under_way=under_way)
    epochs = [line for line in lines(tmp_path) if "validation_accuracy" in line]
    assert len(epochs) == 1


def test_beginning_again_begins_a_new_log(tmp_path):
    log(tmp_path, 1, 40)
    log(tmp_path, 1, 20)
    assert [line["step"] for line in lines(tmp_path)] == [20]


def test_tensorboard_shows_the_curves(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    log(tmp_path, 1, 50)
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    shown = {name: events.Scalars(name) for name in events.Tags()["scalars"]}
    assert [(event.step, event.value) for event in shown["training/loss"]] == [
        (20, 10.5),
        (40, 30.5),
        (50, 45.5),
    ]
    assert [(e.step, e.value) for e in shown["validation/average_precision"]] == [(50, 0.75)]
    assert {"training/learning_rate", "validation/accuracy", "validation/mean_similarity"} < {
        *shown
    }


def test_without_tensorboard_there_is_the_other_log_and_a_note(tmp_path, monkeypatch, note_taker):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with open_logs(tmp_path, note_taker) as logs:
        assert len(logs) == 1
    assert "pip install 'gemel[tensorboard]'" in note_taker.notes[0]
    with pytest.raises(MissingExtraError):
        TensorBoardLog(tmp_path)

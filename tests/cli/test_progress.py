import io

import pytest
from rich.console import Console

from gemel.cli import progress as module
from gemel.cli.progress import TrainingProgress, WorkProgress
from gemel.training import EpochSummary, StepSummary


def summary(**changes):
    values = {
        "epoch": 1,
        "epochs": 2,
        "step": 4,
        "loss": 0.25,
        "validation_average_precision": 0.9,
        "validation_accuracy": 0.8,
        "mean_similarity": 0.1,
        "pairs_per_second": 1234.0,
        "is_best": True,
    }
    return EpochSummary(**(values | changes))


def step(number):
    return StepSummary(
        epoch=1,
        batch=number,
        batches=4,
        step=number,
        loss=0.5,
        pairs=100,
        learning_rate=0.1,
        gradient_norm=1.0,
    )


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def written(terminal, clock, work):
    stream = io.StringIO()
    work(Console(file=stream, force_terminal=terminal, width=100))
    return stream.getvalue()


def train(clock):
    def work(console):
        with TrainingProgress(console, epochs=2) as progress:
            progress.note("10 pairs [bold]")
            progress.begin(0, 1)
            for number in range(1, 5):
                clock[0] += 10
                progress.step(step(number))
            progress.epoch(summary())
            progress.step(step(5))
            progress.warn("it leans")

    return work


def test_lines_where_there_is_no_terminal(clock):
    lines = written(False, clock, train(clock)).splitlines()
    assert lines == [
        "10 pairs [bold]",
        "epoch 1/2  batch 2/4  loss 0.5000  10 pairs/s",
        "epoch 1/2  batch 4/4  loss 0.5000  10 pairs/s",
        "epoch 1/2  loss 0.2500  1,234 pairs/s  validation: average precision 0.9000, "
        "accuracy 0.8000  (best)",
        "warning: it leans",
    ]


def test_a_bar_on_a_terminal(clock):
    text = written(True, clock, train(clock))
    assert "epoch 1/2" in text
    assert "62%" in text
    assert "batch 2/4" not in text
    assert "best validation 0.900" in text


def test_work_states_what_is_done(clock):
    def work(console):
        with WorkProgress(console) as progress:
            progress("encoding questions", 1000, 4000)
            clock[0] += 20
            progress("encoding questions", 2000, 4000)
            progress("encoding questions", 2500, 4000)

    assert written(False, clock, work) == "encoding questions: 2,000 of 4,000\n"
    assert "62%" in written(True, clock, work)


def test_work_of_unknown_length_states_how_far_it_is(clock):
    def work(console):
        with WorkProgress(console) as progress:
            clock[0] += 20
            progress("comparing questions", 2000, None)

    assert written(False, clock, work) == "comparing questions: 2,000\n"
    assert "2,000" in written(True, clock, work)

import pytest

from gemel.plots import draw_training, render


def record(every=1, count=50, epochs=3, best=2):
    return {
        "loss_every": every,
        "losses": [1 / (number + 1) for number in range(count)],
        "kept_epoch": best,
        "epochs": [
            {"epoch": n, "validation_average_precision": 0.5 + 0.1 * (n == best)}
            for n in range(1, epochs + 1)
        ],
    }


def test_the_curves_are_those_of_the_record():
    left, right = draw_training(record(every=4)).axes
    (line,) = left.lines
    assert line.get_xdata().tolist() == [4 * (n + 1) for n in range(50)]
    assert line.get_ydata().tolist() == record()["losses"]
    line, best = right.lines
    assert line.get_xdata().tolist() == [1, 2, 3]
    assert line.get_ydata().tolist() == pytest.approx([0.5, 0.6, 0.5])
    assert best.get_xdata().tolist() == [2]


def test_it_states_what_a_point_is_and_which_epoch_was_kept():
    texts = {text.get_text() for axes in draw_training(record(every=4)).axes for text in axes.texts}
    assert texts == {"mean of every 4 batches", "best: 0.600 after epoch 2"}


@pytest.mark.parametrize(("count", "epochs", "best"), [(1, 1, 1), (399, 40, 40)])
def test_short_and_long_trainings_can_be_drawn(count, epochs, best):
    assert render(draw_training(record(1, count, epochs, best))).startswith(b"\x89PNG")

import numpy as np
from curve_picture import draw_curve
from layout import markdown, text_table
from learning_curve import COLUMNS, best_rival, gained
from paired import Sampled
from rivals import LENGTHS, RIVALS


def figures(value):
    drawn = np.array([value - 0.1, value, value + 0.1])
    return {name: Sampled(value, drawn) for name in COLUMNS}


def test_the_best_rival_is_kept_and_lengths_are_none():
    measured = {name: figures(0.1 * place) for place, name in enumerate(RIVALS)}
    measured |= {LENGTHS: figures(0.9), "from scratch": figures(0.5)}
    kept = best_rival(measured)
    assert set(kept) == {"from scratch", "TF-IDF", "TF-IDF and lengths"}
    assert kept["TF-IDF"] is measured[list(RIVALS)[-1]]
    gain = gained(kept, "from scratch")
    assert set(gain) == {"TF-IDF", "TF-IDF and lengths"}
    assert gain["TF-IDF"]["accuracy"]["value"] == 0.5 - kept["TF-IDF"]["accuracy"].value


def test_a_line_a_method_and_a_tick_a_size():
    curve = {name: {"value": 0.5, "low": 0.4, "high": 0.6} for name in COLUMNS}
    points = [
        {"pairs": count, "curves": {"from scratch": curve, "TF-IDF": curve, "else": curve}}
        for count in (307, 1001, 20_000)
    ]
    figure = draw_curve(points, COLUMNS, "dev.csv")
    for axes in figure.axes:
        assert [line.get_label() for line in axes.get_lines()] == ["from scratch", "TF-IDF"]
        assert list(axes.get_lines()[0].get_xdata()) == [307, 1001, 20_000]
        assert [tick.get_text() for tick in axes.get_xticklabels()] == ["307", "1,001", "20,000"]


def test_tables_hold_their_columns():
    assert markdown(("a", "b"), [["1|2", "3"]]) == "| a | b |\n| --- | --- |\n| 1\\|2 | 3 |\n"
    assert text_table(("a", "long"), [["wide", "x"]]) == "a     long\nwide  x\n"

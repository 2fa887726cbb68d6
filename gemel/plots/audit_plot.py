"""The picture of an audit: labels and findings, lengths, vocabulary, duplicate groups."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gemel.data import Audit, FileAudit
from gemel.files import path_text
from gemel.plots.canvas import BLUE, INK, ORANGE, RED, new_figure, style_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_audit(audit: Audit) -> "Figure":
    """Draw four panels for each file, one file below the other."""
    figure = new_figure(12.0, 8.5 * len(audit.files))
    sheets = figure.subfigures(len(audit.files), 1, squeeze=False)[:, 0]
    for sheet, report in zip(sheets, audit.files, strict=True):
        sheet.suptitle(
            f"{path_text(Path(report.data).name)}: {report.pairs:,} pairs of "
            f"{report.questions:,} different questions",
            fontsize=14,
            fontweight="bold",
            color=INK,
            parse_math=False,
        )
        panels = sheet.subplots(2, 2)
        _draw_pairs(panels[0, 0], report)
        _draw_lengths(panels[0, 1], report)
        _draw_vocabulary(panels[1, 0], report)
        _draw_groups(panels[1, 1], report)
    return figure


def _draw_pairs(axes: Any, report: FileAudit) -> None:
    bars = [
        ("labelled 1: the same", report.duplicates, BLUE),
        ("labelled 0: not the same", report.pairs - report.duplicates, ORANGE),
        ("repeated", report.repeated.pairs, RED),
        ("with both labels", report.contradictory.pairs, RED),
        ("0, but a chain of 1s", report.contradictory_by_chain.pairs, RED),
        ("a question with itself", report.self_pairs.pairs, RED),
        ("an empty side", report.empty.pairs, RED),
    ]
    names, counts, colours = zip(*bars, strict=True)
    style_axes(axes, "Pairs by label", "below them those that deserve a second look", "pairs")
    drawn = axes.barh(range(len(bars)), counts, color=colours, height=0.62)
    axes.set_yticks(range(len(bars)), names)
    axes.bar_label(
        drawn,
        [f"{count:,}  ({_percent(count / report.pairs)})" if count else "none" for count in counts],
        padding=4,
        fontsize=9,
        color=INK,
    )
    axes.invert_yaxis()
    axes.set_xlim(0, max(counts) * 1.36)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)


def _percent(share: float) -> str:
    return "<0.1%" if 0 < share < 0.001 else f"{share:.1%}"


def _draw_lengths(axes: Any, report: FileAudit) -> None:
    kinds = [
        (lengths, name, colour)
        for lengths, name, colour in (
            (report.lengths_in_duplicates, "labelled 1", BLUE),
            (report.lengths_in_others, "labelled 0", ORANGE),
        )
        if lengths.counts
    ]
    p99, longest = (
        " and ".join(f"{getattr(lengths, name):,}" for lengths, _, _ in kinds)
        for name in ("p99", "max")
    )
    style_axes(
        axes,
        "Lengths of questions, by the label of their pair",
        f"99 % have up to {p99} words, the longest {longest}",
        "words and marks in a question",
        "% of the questions",
    )
    for lengths, name, colour in kinds:
        words, counts = np.array(lengths.counts).T
        shares = np.bincount(words, counts) / counts.sum() * 100
        edges = np.arange(len(shares) + 1) - 0.5
        axes.stairs(shares, edges, fill=True, alpha=0.3, color=colour)
        name = f"{name}, median {lengths.median:,}"
        axes.stairs(shares, edges, linewidth=1.6, color=colour, label=name)
    # The few that are longer are in the line above.
    axes.set_xlim(-0.5, 1.25 * max(lengths.p99 for lengths, _, _ in kinds) + 0.5)
    axes.legend(frameon=False, fontsize=9.5, labelcolor=INK)


def _draw_vocabulary(axes: Any, report: FileAudit) -> None:
    vocabulary = report.vocabulary
    style_axes(
        axes,
        "Growth of the vocabulary",
        f"{vocabulary.words:,} in the end, {vocabulary.words_seen_once:,} of them seen once",
        "different questions read",
        "different words and marks",
    )
    read, words = np.array([(0, 0), *vocabulary.growth]).T
    axes.plot(read, words, color=BLUE, linewidth=1.8, marker="o", markersize=4.5, clip_on=False)
    axes.fill_between(read, words, color=BLUE, alpha=0.08)
    axes.set_xlim(0)
    axes.set_ylim(0)


def _draw_groups(axes: Any, report: FileAudit) -> None:
    sizes, counts = np.array(report.group_sizes or [(0, 0)]).T
    news = f"{report.groups:,} of two or more questions; the largest has {sizes[-1]:,}"
    style_axes(
        axes,
        "Duplicate groups",
        news if report.groups else "none",
        "questions in the group",
        "groups of that size",
    )
    if not report.groups:
        axes.set(xticks=[], yticks=[])
        return
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.vlines(sizes, 0.1, counts, color=BLUE, alpha=0.25, linewidth=1.6)
    axes.scatter(sizes, counts, s=28, color=BLUE, zorder=3)
    for axis, last in ((axes.xaxis, sizes[-1]), (axes.yaxis, max(counts))):
        steps = range(1, 10) if last < 10 else (1, 2, 5) if last < 1000 else (1,)
        ticks = [step * 10**power for power in range(9) for step in steps]
        axis.set_ticks([tick for tick in ticks if tick <= last * 1.5])
        axis.set_ticks([], minor=True)
        axis.set_major_formatter("{x:,.0f}")
    axes.set_xlim(1.7, max(sizes[-1] * 1.3, 5))
    axes.set_ylim(0.7, max(counts) * 2)

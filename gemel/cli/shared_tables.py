"""Text that several commands print: refits, duplicate groups, stages of large runs."""

import itertools
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gemel.cli.console import counted, printable, shortened

if TYPE_CHECKING:
    from gemel.duplicates import FoundGroups
    from gemel.evaluation import Judged, Refit
    from gemel.scale import StageRecord


def comparison_rows(fitted: "Refit", title: str, *, ranked: bool = False) -> Iterator[str]:
    """Yield the figures before and after; `ranked`: also those of the ranking."""
    width = max(18, len(title))
    yield f"{title:{width}} {'before':>9} {'now':>9}"
    before, after = (_figures(judged, ranked=ranked) for judged in (fitted.before, fitted.after))
    for name, value in after.items():
        yield f"{name:{width}} {before[name]:9.4f} {value:9.4f}"


def _figures(judged: "Judged", *, ranked: bool) -> dict[str, float]:
    confusion = judged.confusion
    figures = {
        "threshold": judged.decisions[0].threshold,
        "accuracy": confusion.accuracy,
        "precision": confusion.precision,
        "recall": confusion.recall,
        "f1": confusion.f1,
    }
    if ranked:
        from gemel.evaluation import Probabilities, Ranking

        labels, weights = judged.pairs.labels, judged.weights
        figures["average precision"] = Ranking(judged.similarity, labels).average_precision(weights)
        figures["log-loss"] = Probabilities(judged.probability, labels).log_loss(weights)
    return figures


_GROUPS, _MEMBERS, _TEMPLATES = 5, 4, 3
"""Groups shown, questions of each, and templates shown."""


def describe_duplicates(found: "FoundGroups", written: Sequence[Path]) -> Iterator[str]:
    """Yield the largest groups and totals as text; `written` are the files with all groups."""
    count = len(found)
    yield (
        f"{found.questions:,} questions: {found.grouped:,} have a duplicate, in "
        f"{counted(count, 'group')}; {found.grouped - count:,} could go"
    )
    yield (
        f"{found.exact:,} are copies of others; the rest by a probability of "
        f"{found.probability:g} and more, linkage {found.linkage}, cosine {found.floor:g} and more"
    )
    yield from describe_left_out(found)
    room = max(20, shutil.get_terminal_size().columns - 10)
    for group in itertools.islice(found.groups, _GROUPS):
        yield ""
        yield f"{len(group):,} questions"
        for member in group.members[:_MEMBERS]:
            likely = "   " if member.probability is None else f"{member.probability:.2f}"
            name = printable(member.id)
            text = shortened(member.text, max(20, room - len(name) - 2))
            yield f"  {likely:>5}  {name}  {text}"
        if len(group) > _MEMBERS:
            yield f"         and {len(group) - _MEMBERS:,} more"
    yield ""
    if count > _GROUPS:
        yield f"the {_GROUPS} largest groups of {count:,}"
    for path in written:
        yield f"{path}: written"
    if count and not written:
        yield "--out groups.csv, .jsonl or .html writes all of them"


def describe_left_out(found: "FoundGroups") -> Iterator[str]:
    """Yield the numbers of pairs not scored: within templates, and of too many close ones."""
    if found.templates:
        instances, count = sum(each.instances for each in found.templates), len(found.templates)
        yield (
            f"templates: {instances:,} of {found.questions:,} questions differ only in numbers, in "
            f"{counted(count, 'template')}; not compared within a template, copies aside"
        )
        for each in found.templates[:_TEMPLATES]:
            yield f"  {each.instances:>7,}  {shortened(each.example, 60)}"
        if count > _TEMPLATES:
            yield f"           and {count - _TEMPLATES:,} more"
    if found.left_out:
        judged = found.judged
        yield (
            f"left out: {found.left_out:,} of {judged + found.left_out:,} close pairs; judged: of "
            "each question the most similar ones before it. Groups may be split; a higher --floor "
            "leaves out fewer"
        )


def describe_stages(stages: Mapping[str, "StageRecord"]) -> Iterator[str]:
    """Yield a table of stages: shards, time, memory and disk."""
    yield (
        f"{'stage':<10}{'shards':>8}{'seconds':>10}{'busy':>10}{'MB a process':>15}"
        f"{'MB written':>13}"
    )
    for name, record in stages.items():
        peak = f"{record.peak_mb:,}" if record.peak_mb else ""
        yield (
            f"{name:<10}{record.shards:>8,}{record.seconds:>10,.1f}{record.busy:>10,.1f}"
            f"{peak:>15}{record.written / 1e6:>13,.1f}"
        )

"""`gemel audit`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gemel.cli.console import print_result, printable
from gemel.cli.options import Json
from gemel.cli.read_options import PairReadOptions, reads_pairs
from gemel.cli.signatures import argument, option

if TYPE_CHECKING:
    from gemel.data import Audit, FileAudit
    from gemel.data.duplicate_graph import Chain

_WIDTH = 100
_LINES = 3
"""Lines listed of a finding; the JSON has all."""


def describe_audit(audit: "Audit") -> str:
    """Return an audit as text."""
    parts = [*map(_file, audit.files), *([_overlaps(audit)] if audit.overlaps else ())]
    return "\n\n\n".join("\n".join(part) for part in parts)


def _file(report: "FileAudit") -> Iterator[str]:
    others = report.pairs - report.duplicates
    yield f"{report.data}: {report.pairs:,} pairs of {report.questions:,} different questions"
    yield ""
    yield _row("labelled 1: the same", report.duplicates, report.pairs)
    yield _row("labelled 0: not the same", others, report.pairs)
    yield from _findings(report)
    yield from _labels(report)
    yield from _words(report)
    yield from _groups(report)
    yield from _chains(report)
    yield from _components(report)


def _findings(report: "FileAudit") -> Iterator[str]:
    yield ""
    yield "pairs that deserve a second look (--json has all of their lines)"
    for name, finding in (
        ("a side without letter or digit", report.empty),
        ("there before, with the same label", report.repeated),
        ("there with both labels", report.contradictory),
        ("0, but a chain of 1s links the two", report.contradictory_by_chain),
        ("a question with itself", report.self_pairs),
        ("  of these labelled 0", report.self_pairs_labelled_0),
    ):
        yield _row(name, finding.pairs, report.pairs) + _lines(finding.lines)
    if report.self_pairs_labelled_0.pairs > report.self_pairs.pairs / 2:
        yield "  perhaps 0 gives here that two questions ask the same: then add --same 0"


def _lines(lines: tuple[int, ...]) -> str:
    """List the first lines."""
    if not lines:
        return ""
    shown = ", ".join(map(str, lines[:_LINES]))
    more = len(lines) - _LINES
    rest = f" and {more:,} more" if more > 0 else ""
    return f"  line{'s' * (len(lines) > 1)} {shown}{rest}"


def _labels(report: "FileAudit") -> Iterator[str]:
    yield ""
    yield "different questions"
    for name, count in (
        ("in pairs of both labels", report.questions_in_both_labels),
        ("only in pairs labelled 1", report.questions_in_duplicates_only),
        ("only in pairs labelled 0", report.questions_in_others_only),
    ):
        yield _row(name, count, report.questions)


def _words(report: "FileAudit") -> Iterator[str]:
    names = ("least", "median", "mean", "90 %", "99 %", "most")
    yield ""
    yield f"{'words and marks in a question':35}" + "".join(f"{name:>8}" for name in names)
    for name, lengths in (
        ("different questions", report.lengths),
        ("sides of pairs labelled 1", report.lengths_in_duplicates),
        ("sides of pairs labelled 0", report.lengths_in_others),
    ):
        if lengths.counts:
            row = (lengths.min, lengths.median, None, lengths.p90, lengths.p99, lengths.max)
            cells = (f"{lengths.mean:8.1f}" if cell is None else f"{cell:8,}" for cell in row)
            yield f"  {name:33}" + "".join(cells)
    vocabulary = report.vocabulary
    once = vocabulary.words_seen_once / max(vocabulary.words, 1)
    yield ""
    yield (
        f"vocabulary: {vocabulary.words:,} different words and marks, "
        f"{vocabulary.words_seen_once:,} ({once:.1%}) seen once"
    )
    width = max(len(f"{count:,}") for count in vocabulary.growth[-1]) + 2
    yield "  questions" + "".join(f"{read:{width},}" for read, _ in vocabulary.growth)
    yield "  words    " + "".join(f"{words:{width},}" for _, words in vocabulary.growth)


def _groups(report: "FileAudit") -> Iterator[str]:
    grouped = sum(size * count for size, count in report.group_sizes)
    yield ""
    yield (
        f"duplicate groups, linked by pairs labelled 1: {report.groups:,} "
        f"of two or more questions, {grouped:,} questions in all"
    )
    if report.groups:
        yield "  questions  one of them, for each of the largest"
    for group in report.largest_groups:
        yield f"  {group.questions:9,}  {_shown(group.sample, 11)}"


def _chains(report: "FileAudit") -> Iterator[str]:
    if report.longest_chains:
        longest, *others = report.longest_chains
        yield ""
        yield (
            f"longest chain found in a duplicate group: its ends are {len(longest.lines):,} "
            "pairs labelled 1 apart, or more"
        )
        yield "(where they do not ask the same, a label on the way is wrong)"
        yield from _steps("", longest)
    if report.longest_chains and others:
        yield "the ends of the next longest, one of a group (--json has the questions between)"
        for chain in others:
            yield f"  {f'{len(chain.lines)} pairs':14}  {_shown(chain.questions[0], 18)}"
            yield f"  {'':14}  {_shown(chain.questions[-1], 18)}"
    if report.odd_pairs:
        yield ""
        yield (
            f"labelled 0, but a chain of 1s links the two: {len(report.odd_pairs):,} of "
            f"{report.contradictory_by_chain.pairs:,}"
        )
    for odd in report.odd_pairs:
        yield from _steps(f"line {odd.line}: 0", odd.chain)


def _steps(name: str, chain: "Chain") -> Iterator[str]:
    """Yield a chain, one question a line."""
    names = [name, *(f" = line {line}" for line in chain.lines)]
    for step, question in zip(names, chain.questions, strict=True):
        yield f"  {step:14}  {_shown(question, 18)}"


def _components(report: "FileAudit") -> Iterator[str]:
    yield ""
    yield f"components, linked by pairs of either label: {report.components:,}"
    yield (
        f"  the largest has {report.largest_component_questions:,} questions and "
        f"{report.largest_component_pairs:,} pairs, "
        f"{_percent(report.largest_component_pairs / report.pairs)} of all "
        "(above 5% `gemel split` cuts it)"
    )


def _overlaps(audit: "Audit") -> Iterator[str]:
    yield "what the files share: the leakage, where one is for training and another for testing"
    for found in audit.overlaps:
        overlap = found.overlap
        yield ""
        yield f"of {found.data}, in {found.known}"
        for name, count, total in (
            ("different questions", overlap.shared_questions, overlap.questions),
            ("pairs with such a question", overlap.pairs_with_a_shared_question, overlap.pairs),
            ("pairs, in either order", overlap.shared_pairs, overlap.pairs),
        ):
            yield f"{_row(name, count, total)}  of {total:,}"


def _row(name: str, count: int, total: int) -> str:
    return f"  {name:36}{count:9,}  {_percent(count / total):>6}"


def _percent(share: float) -> str:
    return "<0.1%" if 0 < share < 0.001 else f"{share:.1%}"


def _shown(text: str, indent: int) -> str:
    """Shorten a question to the line."""
    text = printable(text)
    room = _WIDTH - indent
    return text if len(text) <= room else f"{text[: room - 4]} ..."


@reads_pairs
def audit(
    pairs: Annotated[
        list[Path], argument("PAIRS", "Files of labelled question pairs, training pairs first.")
    ],
    reading: PairReadOptions,
    plot: Annotated[Path | None, option("FILE", "Write a plot too: .png, .svg, .pdf, ...")] = None,
    as_json: Json = False,
) -> None:
    """Audit labelled pairs: labels, odd pairs, lengths, words, duplicate groups.

    With several files, also the overlap of each with the earlier ones: shared questions and pairs.
    This measures the leakage of a split.

    Example: gemel audit train.csv test.csv --plot audit.png
    """
    from gemel import api

    if plot is not None:
        from gemel.plots import check_picture, draw_audit, save_picture

        check_picture(plot)
    report = api.audit(*pairs, columns=reading.columns, skip_bad=reading.skip_bad)
    reading.warn()
    print_result(report, describe_audit(report), as_json=as_json)
    if plot is not None:
        save_picture(draw_audit(report), plot)
        if not as_json:
            typer.echo(f"\n{plot}: written")

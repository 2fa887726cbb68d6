"""Options for reading files, shared by commands."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gemel.cli.console import note
from gemel.cli.signatures import with_options
from gemel.data import HTML_MODES, BadRows, Columns, QuestionColumns, separator_word

HtmlMode = StrEnum("HtmlMode", [(mode, mode) for mode in HTML_MODES])  # type: ignore[misc]
_AUTO_HTML = HtmlMode("auto")

Left = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Column of the first question: name, or position from 1."),
]
Right = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of the second question.")]
Label = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Column of the label: 1 or yes, 0 or no, or see --same."),
]
QuestionColumn = Annotated[
    str | None,
    typer.Option(
        "--question", metavar="COLUMN", help="Column of the question: name, or position from 1."
    ),
]
IdColumn = Annotated[
    str | None, typer.Option("--id", metavar="COLUMN", help="Column of the id, if there is one.")
]
KeptColumns = Annotated[
    list[str] | None,
    typer.Option(
        "--keep",
        metavar="COLUMN[:TYPE]",
        show_default=False,
        help="Metadata column to store, for --where. TYPE is int, float, bool or text; "
        "default: detected from the whole column. Repeatable.",
    ),
]
Same = Annotated[
    str | None,
    typer.Option(
        metavar="LABEL",
        show_default=False,
        help="Label of duplicates, such as 0, 2 or A; all other pairs must have one other label.",
    ),
]
Delimiter = Annotated[
    str | None,
    typer.Option(
        metavar="CHAR",
        show_default=False,
        help="Separator of a CSV or TSV file: a character, or comma, semicolon, tab, pipe or "
        "none. Default: detected.",
    ),
]
Html = Annotated[
    HtmlMode,
    typer.Option(
        help="HTML entities and tags in questions: strip them, keep them, or strip them where "
        "the file looks like HTML (auto)."
    ),
]
Header = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header",
        show_default=False,
        help="Whether a CSV or TSV file has a header. Default: yes, unless columns are given "
        "by position.",
    ),
]
Quotes = Annotated[
    bool,
    typer.Option(
        "--quotes/--no-quotes",
        help="Whether quotes enclose fields of a CSV or TSV file.",
    ),
]
SkipBad = Annotated[
    int,
    typer.Option(metavar="N", min=0, help="Skip up to N bad rows, and list them."),
]
BadRowsFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        show_default=False,
        help="List of --skip-bad. Default: PAIRS.bad-rows.jsonl in the current folder.",
    ),
]


@dataclass(frozen=True)
class Reading:
    """Options for a file of pairs."""

    columns: Columns
    skip_bad: BadRows

    @property
    def as_options(self) -> str:
        """The options as typed, with a space before each."""
        given = self.columns
        words = [
            f"--{name} {shlex.quote(str(value))}"
            for name, value in (
                ("left", given.left),
                ("right", given.right),
                ("label", given.label),
            )
            if value is not None
        ]
        if given.same is not None:
            words.append(f"--same {shlex.quote(str(given.same))}")
        if given.header is not None:
            words.append("--header" if given.header else "--no-header")
        if not given.quotes:
            words.append("--no-quotes")
        if given.delimiter is not None:
            words.append(f"--delimiter {shlex.quote(separator_word(given.delimiter))}")
        if given.html != "auto":
            words.append(f"--html {given.html}")
        return "".join(f" {word}" for word in words)

    @property
    def is_usual(self) -> bool:
        """Whether no option was given."""
        return self.columns == Columns() and not self.skip_bad.allowed

    def warn(self) -> None:
        """Print the number of skipped rows, if any."""
        _warn(self.skip_bad)


@dataclass(frozen=True)
class QuestionReading:
    """Options for a file of questions."""

    columns: QuestionColumns
    skip_bad: BadRows

    def warn(self) -> None:
        """Print the number of skipped rows, if any."""
        _warn(self.skip_bad)


def _warn(skip_bad: BadRows) -> None:
    if skip_bad.count:
        typer.echo(f"warning: {skip_bad}", err=True)


def reads_pairs(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options for labelled pairs to a command with a parameter `reading`."""
    return with_options(command, _read_options, "reading")


def reads_unlabelled(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options for unlabelled pairs."""
    return with_options(command, _read_unlabelled_options, "reading")


def reads_questions(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options for questions."""
    return with_options(command, _read_question_options, "reading")


def reads_kept_questions(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options for questions with metadata."""
    return with_options(command, _read_kept_question_options, "reading")


def _read_options(
    left: Left = None,
    right: Right = None,
    label: Label = None,
    same: Same = None,
    header: Header = None,
    quotes: Quotes = True,
    delimiter: Delimiter = None,
    html: Html = _AUTO_HTML,
    skip_bad: SkipBad = 0,
    bad_rows: BadRowsFile = None,
) -> Reading:
    columns = Columns(
        left=left,
        right=right,
        label=label,
        same=same,
        header=header,
        quotes=quotes,
        delimiter=delimiter,
        html=html.value,
    )
    return Reading(columns, _bad_rows(skip_bad, bad_rows))


def _bad_rows(allowed: int, path: Path | None) -> BadRows:
    if path is not None and not allowed:
        raise typer.BadParameter(
            "lists what --skip-bad skips; add --skip-bad N", param_hint="--bad-rows"
        )
    return BadRows(allowed, path, note)


def _read_unlabelled_options(
    left: Left = None,
    right: Right = None,
    header: Header = None,
    quotes: Quotes = True,
    delimiter: Delimiter = None,
    html: Html = _AUTO_HTML,
    skip_bad: SkipBad = 0,
    bad_rows: BadRowsFile = None,
) -> Reading:
    return _read_options(
        left, right, None, None, header, quotes, delimiter, html, skip_bad, bad_rows
    )


def _read_question_options(
    question: QuestionColumn = None,
    question_id: IdColumn = None,
    header: Header = None,
    quotes: Quotes = True,
    delimiter: Delimiter = None,
    html: Html = _AUTO_HTML,
    skip_bad: SkipBad = 0,
    bad_rows: BadRowsFile = None,
) -> QuestionReading:
    return _read_kept_question_options(
        question, question_id, None, header, quotes, delimiter, html, skip_bad, bad_rows
    )


def _read_kept_question_options(
    question: QuestionColumn = None,
    question_id: IdColumn = None,
    keep: KeptColumns = None,
    header: Header = None,
    quotes: Quotes = True,
    delimiter: Delimiter = None,
    html: Html = _AUTO_HTML,
    skip_bad: SkipBad = 0,
    bad_rows: BadRowsFile = None,
) -> QuestionReading:
    columns = QuestionColumns(
        question=question,
        id=question_id,
        kept=tuple(keep or ()),
        header=header,
        quotes=quotes,
        delimiter=delimiter,
        html=html.value,
    )
    return QuestionReading(columns, _bad_rows(skip_bad, bad_rows))

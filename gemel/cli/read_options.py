"""Options that describe how to read a file of pairs or questions, shared by all commands."""

import functools
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from gemel.cli.console import note, warn
from gemel.cli.signatures import takes
from gemel.config.base import Options, option
from gemel.data import HTML_MODES, BadRows, Columns, QuestionColumns, separator_word


@dataclass(frozen=True, kw_only=True)
class _FileOptions(Options):
    """Format of a file, and rows to skip."""

    header: bool | None = option(
        None,
        "Whether a CSV or TSV file has a header. Default: yes, unless columns are given by "
        "position.",
        flag="--header/--no-header",
        show_default=False,
    )
    quotes: bool = option(
        True, "Whether quotes enclose fields of a CSV or TSV file.", flag="--quotes/--no-quotes"
    )
    delimiter: str | None = option(
        None,
        "Separator of a CSV or TSV file: a character, or comma, semicolon, tab, pipe or none. "
        "Default: detected.",
        metavar="CHAR",
        show_default=False,
    )
    html: str = option(
        "auto",
        "HTML entities and tags in questions: strip them, keep them, or strip them where the "
        "file looks like HTML (auto).",
        choices=tuple(HTML_MODES),
    )
    skip_count: int = option(
        0, "Skip up to N bad rows, and list them.", flag="--skip-bad", metavar="N", least=0
    )
    bad_rows: Path | None = option(
        None,
        "List of --skip-bad. Default: PAIRS.bad-rows.jsonl in the current folder.",
        metavar="FILE",
        show_default=False,
    )

    def __post_init__(self) -> None:
        self.columns, self.skip_bad  # noqa: B018  # refuse bad values before the command runs
        if self.bad_rows is not None and not self.skip_count:
            raise typer.BadParameter(
                "lists what --skip-bad skips; add --skip-bad N", param_hint="--bad-rows"
            )

    @property
    def columns(self) -> Columns | QuestionColumns:
        """Columns of the file."""
        raise NotImplementedError

    @property
    def is_usual(self) -> bool:
        """Whether all options have their defaults."""
        return self == type(self)()

    @functools.cached_property
    def skip_bad(self) -> BadRows:
        """Rows skipped so far, and how many may be."""
        return BadRows(self.skip_count, self.bad_rows, note)

    def warn(self) -> None:
        """Print how many rows were skipped, if any were."""
        if self.skip_bad.count:
            warn(str(self.skip_bad))

    def _values(self, *names: str) -> dict[str, Any]:
        format_names = ("header", "quotes", "delimiter", "html")
        return {name: getattr(self, name) for name in (*names, *format_names)}


# The second base of each class below comes first in `--help`.
@dataclass(frozen=True, kw_only=True)
class _QuestionPairOptions(Options):
    left: str | None = option(
        None, "Column of the first question: name, or position from 1.", metavar="COLUMN"
    )
    right: str | None = option(None, "Column of the second question.", metavar="COLUMN")


@dataclass(frozen=True, kw_only=True)
class _LabelledPairOptions(_QuestionPairOptions):
    label: str | None = option(
        None, "Column of the label: 1 or yes, 0 or no, or see --same.", metavar="COLUMN"
    )
    same: str | None = option(
        None,
        "Label of duplicates, such as 0, 2 or A; all other pairs must have one other label.",
        metavar="LABEL",
        show_default=False,
    )


@dataclass(frozen=True, kw_only=True)
class _QuestionOptions(Options):
    question: str | None = option(
        None, "Column of the question: name, or position from 1.", metavar="COLUMN"
    )
    question_id: str | None = option(
        None, "Column of the id, if there is one.", flag="--id", metavar="COLUMN"
    )


@dataclass(frozen=True, kw_only=True)
class _StoredQuestionOptions(_QuestionOptions):
    keep: list[str] | None = option(
        None,
        "Metadata column to store, for --where. TYPE is int, float, bool or text; default: "
        "detected from the whole column. Repeatable.",
        metavar="COLUMN[:TYPE]",
        show_default=False,
    )


@dataclass(frozen=True, kw_only=True)
class UnlabelledReadOptions(_FileOptions, _QuestionPairOptions):
    """How to read a file of pairs without labels."""

    @property
    def columns(self) -> Columns:
        """Columns of the pairs."""
        return Columns(**self._values("left", "right"))


@dataclass(frozen=True, kw_only=True)
class PairReadOptions(_FileOptions, _LabelledPairOptions):
    """How to read a file of labelled pairs."""

    @property
    def columns(self) -> Columns:
        """Columns of the pairs."""
        return Columns(**self._values("left", "right", "label", "same"))

    @property
    def as_options(self) -> str:
        """The columns as options of a command line, with a space before each."""
        given = self.columns
        words = [
            f"--{name} {shlex.quote(str(value))}"
            for name in ("left", "right", "label", "same")
            if (value := getattr(given, name)) is not None
        ]
        if given.header is not None:
            words.append("--header" if given.header else "--no-header")
        if not given.quotes:
            words.append("--no-quotes")
        if given.delimiter is not None:
            words.append(f"--delimiter {shlex.quote(separator_word(given.delimiter))}")
        if given.html != "auto":
            words.append(f"--html {given.html}")
        return "".join(f" {word}" for word in words)


@dataclass(frozen=True, kw_only=True)
class QuestionReadOptions(_FileOptions, _QuestionOptions):
    """How to read a file of questions."""

    @property
    def columns(self) -> QuestionColumns:
        """Columns of the questions."""
        return QuestionColumns(id=self.question_id, **self._values("question"))


@dataclass(frozen=True, kw_only=True)
class StoredQuestionReadOptions(_FileOptions, _StoredQuestionOptions):
    """How to read a file of questions that are stored with other columns."""

    @property
    def columns(self) -> QuestionColumns:
        """Columns of the questions, and those stored with them."""
        stored = tuple(self.keep or ())
        return QuestionColumns(id=self.question_id, kept=stored, **self._values("question"))


reads_pairs = takes(PairReadOptions, "reading")
reads_unlabelled = takes(UnlabelledReadOptions, "reading")
reads_questions = takes(QuestionReadOptions, "reading")
reads_kept_questions = takes(StoredQuestionReadOptions, "reading")

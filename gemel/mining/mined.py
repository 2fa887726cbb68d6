"""Write hard negatives to a file, with statistics."""

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from gemel.config.mining_rules import SKIPS, MiningRules
from gemel.errors import DataError
from gemel.mining.hard_negatives import Likely, MinedLot, mine_lots
from gemel.mining.mined_files import MinedAnchor, MinedRow, column_names, rows_in_form, write_mined
from gemel.mining.mining_questions import MiningQuestions, MiningVectors
from gemel.text import Progress


@dataclass(frozen=True, kw_only=True)
class ScoreSummary:
    """Summary of many cosines."""

    count: int
    mean: float
    least: float
    quarter: float
    """First quartile."""
    median: float
    three_quarters: float
    """Third quartile."""
    most: float

    @classmethod
    def of(cls, scores: Float32[np.ndarray, "scores"]) -> "ScoreSummary":
        """Summarise at least one score."""
        cuts = np.quantile(scores.astype(np.float64), (0, 0.25, 0.5, 0.75, 1)).tolist()
        least, quarter, median, three_quarters, most = cuts
        return cls(
            count=len(scores),
            mean=float(scores.mean(dtype=np.float64)),
            least=least,
            quarter=quarter,
            median=median,
            three_quarters=three_quarters,
            most=most,
        )


@dataclass(frozen=True, kw_only=True)
class Mined:
    """Statistics of mined negatives."""

    path: Path
    """The file."""
    form: str
    """One of `FORMS`."""
    rows: int
    """Rows of the file."""
    candidates: int
    """Distinct candidates."""
    anchors: int
    """Distinct anchors."""
    positives: int
    """Distinct duplicates, anchor by anchor."""
    wanted: int
    """Negatives requested."""
    negatives: int
    """Negatives found."""
    labelled: int
    """Negatives labelled as not the same."""
    few: int
    """Anchors with at least one negative, but fewer than requested."""
    none: int
    """Anchors without negatives."""
    left_out: int
    """Anchors that the form leaves out."""
    depth: int
    """Candidates to examine for each anchor, known duplicates excluded."""
    looked: int
    """Candidates examined."""
    skipped: dict[str, int]
    """Candidates skipped by the first matching reason in `SKIPS`."""
    copies: int
    """Duplicates without an anchor because both questions are copies."""
    blanks: int
    """Pairs left out because a question has no word or mark."""
    positive_scores: ScoreSummary
    negative_scores: ScoreSummary
    neighbours: str
    """Reason for the search method."""


def write_negatives(
    path: Path,
    questions: MiningQuestions,
    vectors: MiningVectors,
    rules: MiningRules,
    *,
    form: str = "triplet",
    likely: Likely | None = None,
    threads: int = 1,
    progress: Progress | None = None,
) -> Mined:
    """Mine hard negatives, and write them as they are found.

    Args:
        path: the file; see `check_mined_file`.
        questions, vectors, rules, likely, threads, progress: see `mine_lots`.
        form: one of `FORMS`.

    Raises:
        DataError: no negative was found; nothing is written.
        OSError: it cannot be written; an existing file is unchanged.
    """
    tally = _Tally(questions, rules)

    def rows() -> Iterator[MinedRow]:
        for lot in mine_lots(
            questions, vectors, rules, likely=likely, threads=threads, progress=progress
        ):
            tally.add(lot)
            for mined in _in_words(questions, lot):
                yield from rows_in_form(form, mined, rules.count)
        tally.require_some(form)

    written = write_mined(path, column_names(form, rules.count), rows())
    return tally.summed(path, form, written, vectors.why)


def _in_words(questions: MiningQuestions, lot: MinedLot) -> Iterator[MinedAnchor]:
    word: Callable[[int], str] = questions.texts.__getitem__
    for place, negatives in enumerate(lot.negatives.tolist(), lot.first):
        start, end = questions.starts[place : place + 2].tolist()
        yield MinedAnchor(
            word(int(questions.anchors[place])),
            [word(number) for number in questions.positives[start:end].tolist()],
            [word(number) for number in negatives if number >= 0],
        )


class _Tally:
    """Running statistics; holds four bytes a score."""

    def __init__(self, questions: MiningQuestions, rules: MiningRules):
        self.questions, self.rules = questions, rules
        self.looked = self.labelled = 0
        self.skipped = np.zeros(len(SKIPS), np.int64)
        self.anchors_with = np.zeros(rules.count + 1, np.int64)
        self.positive_scores, self.negative_scores = array("f"), array("f")

    def add(self, lot: MinedLot) -> None:
        """Add a batch."""
        there = lot.negatives >= 0
        self.looked += lot.looked
        self.labelled += lot.labelled
        self.skipped += lot.skipped
        self.anchors_with += np.bincount(there.sum(axis=1), minlength=self.rules.count + 1)
        self.positive_scores.frombytes(lot.positive_scores.tobytes())
        self.negative_scores.frombytes(lot.scores[there].tobytes())

    def require_some(self, form: str) -> None:
        """Raise if there is nothing to write.

        Raises:
            DataError: no negative, or none that the form can hold.
        """
        enough = self.rules.count if form == "n-tuple" else 1
        if self.anchors_with[enough:].any():
            return
        counted = zip(SKIPS, self.skipped.tolist(), strict=True)
        why = ", ".join(f"{number:,} by {name}" for name, number in counted if number)
        wanted = f"all {enough} negatives that an n-tuple takes" if enough > 1 else "a negative"
        raise DataError(
            f"no anchor of {len(self.questions.anchors):,} has {wanted}; of {self.looked:,} "
            f"candidates were skipped: {why or 'none'}. Loosen what skips most, or look at more "
            "with a larger range_max, or name a larger corpus"
        )

    def summed(self, path: Path, form: str, rows: int, why: str) -> Mined:
        """Return the statistics."""
        count, anchors_with = self.rules.count, self.anchors_with.tolist()
        few, none = sum(anchors_with[1:count]), anchors_with[0]
        left_out = {"labeled-pair": 0, "n-tuple": few + none}.get(form, none)
        return Mined(
            path=path,
            form=form,
            rows=rows,
            candidates=self.questions.candidates,
            anchors=len(self.questions.anchors),
            positives=len(self.questions.positives),
            wanted=count * len(self.questions.anchors),
            negatives=len(self.negative_scores),
            labelled=self.labelled,
            few=few,
            none=none,
            left_out=left_out,
            depth=self.rules.depth,
            looked=self.looked,
            skipped=dict(zip(SKIPS, self.skipped.tolist(), strict=True)),
            copies=self.questions.copies,
            blanks=self.questions.blanks,
            positive_scores=ScoreSummary.of(np.array(self.positive_scores, np.float32)),
            negative_scores=ScoreSummary.of(np.array(self.negative_scores, np.float32)),
            neighbours=why,
        )

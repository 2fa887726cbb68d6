"""Pairs of questions, stored by column."""

import hashlib
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Int32, Int64

from gemel.errors import DataError
from gemel.notebook import shown

_ROWS = 1 << 16
"""Rows converted at a time."""


class QuestionPair(NamedTuple):
    """Two questions, whether they ask the same, and their line."""

    left: str
    right: str
    is_duplicate: bool
    line: int


@shown(lambda it: {"pairs": len(it), "questions": len(it.texts), "prevalence": it.prevalence})
@dataclass(frozen=True, eq=False)
class Pairs:
    """Many pairs; every text is stored once. `Pairs.of` makes them from lists."""

    texts: list[str]
    """Distinct texts, in order."""
    left: Int32[np.ndarray, "pairs"]
    right: Int32[np.ndarray, "pairs"]
    labels: Bool[np.ndarray, "pairs"]
    """Whether each pair asks the same."""
    lines: Int64[np.ndarray, "pairs"]
    """Line of each pair, from 1."""
    path: Path | None = None

    @classmethod
    def of(
        cls,
        left: Sequence[str],
        right: Sequence[str],
        labels: Iterable[Any],
        lines: Iterable[Any] | None = None,
        path: Path | None = None,
    ) -> "Pairs":
        """Make pairs from two lists of questions, with lines 1, 2, … by default."""
        numbers = range(1, len(left) + 1) if lines is None else lines
        rows = zip(left, right, labels, numbers, strict=True)
        return cls.collect(
            (QuestionPair(one, two, bool(same), int(line)) for one, two, same, line in rows), path
        )

    @classmethod
    def collect(cls, pairs: Iterable[QuestionPair], path: Path | None = None) -> "Pairs":
        """Collect pairs one by one."""
        numbers: dict[str, int] = {}
        left, right, labels, lines = array("i"), array("i"), array("b"), array("q")
        for one, two, same, line in pairs:
            left.append(numbers.setdefault(one, len(numbers)))
            right.append(numbers.setdefault(two, len(numbers)))
            labels.append(same)
            lines.append(line)
        return cls(
            list(numbers),
            np.array(left, np.int32),
            np.array(right, np.int32),
            np.array(labels, bool),
            np.array(lines, np.int64),
            path,
        )

    def __len__(self) -> int:
        return len(self.left)

    @property
    def counts(self) -> Int64[np.ndarray, "texts"]:
        """Number of times each text is on either side."""
        size = len(self.texts)
        return np.bincount(self.left, minlength=size) + np.bincount(self.right, minlength=size)

    @property
    def left_texts(self) -> list[str]:
        """First questions of all pairs."""
        return [self.texts[number] for number in self.left.tolist()]

    @property
    def right_texts(self) -> list[str]:
        """Second questions of all pairs."""
        return [self.texts[number] for number in self.right.tolist()]

    def select(self, rows: Bool[np.ndarray, "pairs"]) -> "Pairs":
        """Select rows, with their texts."""
        ends = np.stack([self.left[rows], self.right[rows]])
        used = np.zeros(len(self.texts), bool)
        used[ends] = True
        left, right = (np.cumsum(used, dtype=np.int32) - 1)[ends]
        texts = [self.texts[number] for number in np.flatnonzero(used)]
        return Pairs(texts, left, right, self.labels[rows], self.lines[rows], self.path)

    def require_both_labels(self, what: str = "pairs", hint: str = "") -> None:
        """Raise `DataError` unless there are pairs (`what` in the error) of both labels."""
        if not self.labels.any() or self.labels.all():
            found = f"there are no {what}"
            if len(self):
                kind = "duplicates" if self.labels.any() else "non-duplicates"
                found = f"the {len(self):,} {what} are all {kind}"
            raise DataError(f"{found}; both labels, 0 and 1, are needed{hint}", path=self.path)

    @property
    def prevalence(self) -> float:
        """Share of duplicates."""
        return float(self.labels.mean()) if len(self) else 0.0

    @cached_property
    def digest(self) -> str:
        """Hash of texts and labels, independent of order and format: the sum of SHA-256."""
        words = [text.encode("utf-8", "surrogatepass") for text in self.texts]
        total = 0
        for start in range(0, len(self), _ROWS):
            part = slice(start, start + _ROWS)
            ends = (self.left[part].tolist(), self.right[part].tolist())
            for left, right, label in zip(*ends, self.labels[part].tolist(), strict=True):
                row = b"%b\0%b\0%d" % (words[left], words[right], label)
                total += int.from_bytes(hashlib.sha256(row).digest())
        return f"{total % 2**256:064x}"


def merge_pairs(parts: Iterable[Pairs]) -> Pairs:
    """Concatenate pairs, each once, in either order; the last label counts."""
    rows: dict[tuple[str, str], QuestionPair] = {}
    path = None
    for number, pairs in enumerate(parts):
        path = path if number else pairs.path
        columns = pairs.left_texts, pairs.right_texts, pairs.labels.tolist(), pairs.lines.tolist()
        for row in map(QuestionPair, *columns):
            ends = min(row.left, row.right), max(row.left, row.right)
            rows.pop(ends, None)
            rows[ends] = row
    return Pairs.collect(rows.values(), path)

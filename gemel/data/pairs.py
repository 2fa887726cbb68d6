"""Pairs of questions, column by column."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Int

from gemel.errors import DataError

__all__ = ["Pairs", "QuestionPair"]


@dataclass(frozen=True, slots=True)
class QuestionPair:
    """Two questions and whether they ask the same, with the line they came from."""

    left: str
    right: str
    is_duplicate: bool
    line: int


@dataclass(frozen=True, eq=False)
class Pairs:
    """Many pairs of questions, each column one sequence of the same length."""

    left: list[str]
    """First questions."""
    right: list[str]
    """Second questions."""
    labels: Bool[np.ndarray, "pairs"]
    """Whether each pair asks the same."""
    lines: Int[np.ndarray, "pairs"]
    """Line of the file that each pair begins on, from 1."""
    path: Path | None = None
    """The file they came from."""

    @classmethod
    def collect(cls, pairs: Any, path: Path | None = None) -> "Pairs":
        """Gather an iterable of QuestionPair."""
        left, right, labels, lines = [], [], [], []
        for pair in pairs:
            left.append(pair.left)
            right.append(pair.right)
            labels.append(pair.is_duplicate)
            lines.append(pair.line)
        return cls(left, right, np.array(labels, bool), np.array(lines, np.int64), path)

    def __len__(self) -> int:
        return len(self.left)

    def select(self, rows: Bool[np.ndarray, "pairs"]) -> "Pairs":
        """Keep the rows that are True."""
        kept = np.flatnonzero(rows)
        return Pairs(
            [self.left[row] for row in kept],
            [self.right[row] for row in kept],
            self.labels[kept],
            self.lines[kept],
            self.path,
        )

    def require_both_labels(self, what: str = "pairs", hint: str = "") -> None:
        """Refuse pairs of one label only, or none at all.

        Args:
            what: how the error calls them.
            hint: what to do about it.

        Raises:
            DataError: there are no duplicates, or nothing else.
        """
        if not self.labels.any() or self.labels.all():
            kind = "duplicates" if self.labels.any() else "non-duplicates"
            found = (
                f"the {len(self):,} {what} are all {kind}" if len(self) else f"there are no {what}"
            )
            raise DataError(
                f"{found}; both labels, 0 and 1, are needed{hint}",
                path=self.path,
            )

    @property
    def prevalence(self) -> float:
        """Share of duplicates."""
        return float(self.labels.mean()) if len(self) else 0.0

    @cached_property
    def digest(self) -> str:
        """Hash of texts and labels, whatever the order of the rows or the file's format.

        The SHA-256 of the rows are added up, so that millions of them need no sorting.
        """
        total = 0
        for left, right, label in zip(self.left, self.right, self.labels.tolist(), strict=True):
            row = f"{left}\0{right}\0{int(label)}".encode("utf-8", "surrogatepass")
            total += int.from_bytes(hashlib.sha256(row).digest())
        return f"{total % 2**256:064x}"

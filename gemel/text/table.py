"""Rows of token ids of different lengths, in one flat array."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from jaxtyping import Int, Int32, Int64

from gemel.text.tokens import TOKENS

__all__ = ["TokenTable", "next_power_of_two"]


def next_power_of_two(length: int) -> int:
    """Give the smallest power of two that is at least `length`, which must be positive."""
    return 1 << (length - 1).bit_length()


class TokenTable:
    """Token ids of many questions.

    Args:
        ids: all rows one after the other.
        starts: where each row begins, and, last, the end of the last one.
    """

    def __init__(self, ids: Int32[np.ndarray, "tokens"], starts: Int64[np.ndarray, "rows_and_1"]):
        self.ids = ids
        self.starts = starts

    @classmethod
    def from_rows(cls, rows: Iterable[Iterable[int]]) -> "TokenTable":
        """Copy rows of ids into a table."""
        flat: list[int] = []
        starts = [0]
        for row in rows:
            flat.extend(row)
            starts.append(len(flat))
        return cls(np.array(flat, dtype=np.int32), np.array(starts, dtype=np.int64))

    @property
    def lengths(self) -> Int64[np.ndarray, "rows"]:
        """Number of tokens of each row."""
        return np.diff(self.starts)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def pad(
        self,
        rows: Int[np.ndarray, "batch"],
        width: int | None = None,
        padding: int = TOKENS.padding,
    ) -> Int64[np.ndarray, "batch time"]:
        """Gather rows, filled up on the right.

        Args:
            rows: which rows, in which order.
            width: tokens a row gets; the longest row's number if None.
            padding: the id that fills up.

        Raises:
            ValueError: a row is longer than `width`; nothing is ever cut.
        """
        starts: Any = self.starts[rows]
        lengths: Any = self.starts[rows + 1] - starts
        longest = int(lengths.max(initial=0))
        width = longest if width is None else width
        if longest > width:
            raise ValueError(f"a row of {longest} tokens does not fit into a width of {width}")
        places = np.arange(width)
        words = places < lengths[:, None]
        batch = np.full((len(rows), width), padding, dtype=np.int64)
        batch[words] = self.ids[(starts[:, None] + places)[words]]
        return batch

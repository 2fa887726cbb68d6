"""Dealing pairs to batches so that no duplicate group is twice in one, as far as it goes."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

_PATIENCE = 16
"""Rows of one group that may wait; any more share a batch with others of their group."""


_ANY = sys.maxsize


class Row(NamedTuple):
    """A pair to deal."""

    number: int
    left_group: int
    right_group: int
    length: int
    """Of its longest question; a row does not wait for a batch of shorter ones."""


@dataclass
class _Part:
    size: int
    rows: list[int] = field(default_factory=list)
    groups: set[int] = field(default_factory=set)

    def has_room(self) -> bool:
        return len(self.rows) < self.size

    def takes(self, row: Row) -> bool:
        return row.left_group not in self.groups and row.right_group not in self.groups

    def add(self, row: Row) -> None:
        self.rows.append(row.number)
        self.groups.add(row.left_group)
        self.groups.add(row.right_group)


def deal(rows: Iterable[Row], count: int, size: int, window: int) -> Iterator[list[list[int]]]:
    """Deal rows to batches, in their order but for those that have to wait.

    A row whose group is in the batch already waits for the next one. Of a group with so many rows
    that they pile up, some go into the batch all the same: nothing is left out, and what must not
    be a negative is masked later. At the end the rows that still wait fill the last batches, where
    it can be those without their groups.

    Args:
        rows: what to deal.
        count: how many they are.
        size: most rows of a batch; the sizes differ by one.
        window: batches given out together.

    Yields:
        Batches of row numbers, `window` of them, at the end more. A batch whose
        rows are all of one group is joined to another one.
    """
    source = iter(rows)
    waiting: list[Row] = []
    waits: Counter[int] = Counter()
    held: list[_Part] = []
    ahead = next(source, None)
    for part in _empty(count, size):
        waiting = _fill_from(waiting, waits, part, ahead.length if ahead else _ANY)
        while part.has_room() and ahead is not None:
            row, ahead = ahead, next(source, None)
            groups = {row.left_group, row.right_group}
            if part.takes(row) or any(waits[group] >= _PATIENCE for group in groups):
                part.add(row)
            else:
                waiting.append(row)
                waits.update(groups)
        held.append(part)
        if len(held) >= 2 * window and ahead is not None:
            yield _varied(held[:window])
            held = held[window:]
    for row in waiting:
        roomy = (part for part in held if part.has_room())
        min(roomy, key=lambda part: (not part.takes(row), len(part.rows))).add(row)
    if held:
        yield _varied(held)


def _empty(count: int, size: int) -> Iterator[_Part]:
    """Yield the fewest parts of at most `size` that hold so many rows, sizes alike."""
    parts = -(-count // size)
    for part in range(parts):
        yield _Part((part + 1) * count // parts - part * count // parts)


def _fill_from(waiting: list[Row], waits: Counter[int], part: _Part, length: int) -> list[Row]:
    """Give a part the rows that waited for it and are no longer; the others wait on."""
    still: list[Row] = []
    for row in waiting:
        if row.length <= length and part.has_room() and part.takes(row):
            part.add(row)
            waits.subtract({row.left_group, row.right_group})
        else:
            still.append(row)
    return still


def _varied(parts: list[_Part]) -> list[list[int]]:
    """Join a batch whose rows are all of one group to the batch before it."""
    joined: list[_Part] = []
    for part in parts:
        if joined and (len(part.groups) < 2 or len(joined[0].groups) < 2):
            joined[-1].rows += part.rows
            joined[-1].groups |= part.groups
        else:
            joined.append(part)
    return [part.rows for part in joined]

"""Pairs of several sources as one."""

from collections.abc import Iterable

from gemel.data.pairs import Pairs, QuestionPair


def merge_pairs(parts: Iterable[Pairs]) -> Pairs:
    """Put pairs behind each other, each pair of questions once, in either order.

    Where labels contradict each other, the last one counts. The file is that of the first part.
    """
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

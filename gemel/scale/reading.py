"""Stage `read`: a file of questions is dealt into shards, in order."""

import itertools
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from gemel.data import Question
from gemel.errors import DataError
from gemel.scale.manifest import StageRecord
from gemel.scale.parquet_shards import Columns, Shelf


def read(
    shelf: Shelf,
    questions: Iterable[Question],
    shard_size: int,
    source: str,
    progress: Callable[[int], object],
) -> StageRecord:
    """Write questions into shards; of those that are there already none is written again.

    Args:
        shelf: where.
        questions: all, in order.
        shard_size: questions of a shard.
        source: what errors call the file.
        progress: is told how many questions are done.

    Raises:
        DataError: there are none.
        OSError: the disk is full, or read-only.
    """
    rows, named, shards = 0, False, 0
    for lot in _lots(questions, shard_size):
        names = [question.id for question in lot]
        lines = [question.line for question in lot]
        named |= any(name != str(line) for name, line in zip(names, lines, strict=True))
        if not shelf.holds("read", shards):
            table: Columns = {
                "id": names,
                "line": np.array(lines, np.int64),
                "text": [question.text for question in lot],
            }
            shelf.write("read", shards, [table], {"questions": len(lot)})
        rows += len(lot)
        shards += 1
        progress(rows)
    if not shards:
        raise DataError("has no questions", path=source)
    return StageRecord(shards=shards, counts={"questions": rows, "named": int(named)})


def _lots(questions: Iterable[Question], size: int) -> Iterator[list[Question]]:
    source = iter(questions)
    return iter(lambda: list(itertools.islice(source, size)), [])

"""What it costs to erase a removed question from all bytes of an SQLite corpus.

    python benchmarks/erasure.py --questions 1000 100000 1000000

A removal empties the log and clears the unused bytes of all pages. After a second of that in a row
the next removals only record that it is due; so a loop of removals is timed too, with and without.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np
from layout import markdown
from record import write_result, write_table

from gemel.store.base import NewQuestion
from gemel.store.sqlite import SQLiteStore

DIM = 256
"""Numbers in a vector, as `quora-en` has."""
LOT = 5000
"""Questions that are added together."""
LOOP = 200
"""Removals of a loop."""


def fill(store: SQLiteStore, count: int) -> None:
    """Add questions of 80 letters with made-up vectors."""
    draw, random_numbers = random.Random(0), np.random.default_rng(0)
    for start in range(0, count, LOT):
        size = min(LOT, count - start)
        vectors = random_numbers.normal(size=(size, DIM)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        questions = [
            NewQuestion(
                id=f"q{start + number}",
                text="".join(draw.choices("abcdefghij klmnopq", k=80)),
                metadata={"forum": number % 50},
            )
            for number in range(size)
        ]
        store.add(questions, vectors, "model")


def seconds(call: Callable[[], object]) -> float:
    """Time a call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def remove(store: SQLiteStore, numbers: Iterable[int]) -> None:
    """Remove questions one by one."""
    for number in numbers:
        store.remove([f"q{number}"])


def remove_at_once(store: SQLiteStore, number: int) -> None:
    """Remove a question, and erase it now."""
    store.remove([f"q{number}"])
    store.finish_erasing(now=True)


def measure(count: int) -> dict[str, float]:
    """Time removals in a corpus of so many questions."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "site.db"
        with SQLiteStore(path) as store:
            fill(store, count)
            megabytes = path.stat().st_size / 1e6
            remove(store, [0])
            store.erase()
            once = [seconds(partial(remove_at_once, store, number)) for number in range(1, 11)]
            loop = seconds(lambda: remove(store, range(100, 100 + LOOP)))
            with mock.patch.object(SQLiteStore, "_erase", return_value=False):
                without = seconds(lambda: remove(store, range(400, 400 + LOOP)))
    return {
        "questions": count,
        "megabytes": megabytes,
        "seconds_at_once": statistics.median(once),
        "ms_in_a_loop": 1000 * loop / LOOP,
        "ms_without": 1000 * without / LOOP,
    }


def main() -> None:
    """Measure, and write `erasure.json` and `erasure.md`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--questions", type=int, nargs="+", default=[1000, 100_000, 1_000_000])
    rows = [measure(count) for count in parser.parse_args().questions]
    header = ["questions", "file", "one removal, erased at once"]
    header += [f"{LOOP} removals in a loop, each", "without erasing"]
    cells = [
        [
            f"{row['questions']:,}",
            f"{row['megabytes']:.0f} MB",
            f"{row['seconds_at_once']:.2f} s",
            f"{row['ms_in_a_loop']:.1f} ms",
            f"{row['ms_without']:.1f} ms",
        ]
        for row in rows
    ]
    write_result("erasure", "erasing a removed question from an SQLite corpus", {"rows": rows})
    write_table("erasure", markdown(header, cells))


if __name__ == "__main__":
    main()

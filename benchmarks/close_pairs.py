"""What close_pairs misses of the pairs that comparing all with all finds, by floor.

python benchmarks/close_pairs.py --train quora/train.csv --model quora-en
"""

import argparse
import random
import time
from pathlib import Path
from typing import Any

import numpy as np
from layout import markdown
from record import write_result, write_table

import gemel
from gemel.duplicates import close_pairs, score_pairs
from gemel.neighbours import cells as cutting

QUESTIONS = 100_000
FLOORS = (0.5, 0.6, 0.7, 0.8)


def numbers(pairs: Any) -> Any:
    """Give every pair one number."""
    return pairs.left.astype(np.int64) * QUESTIONS + pairs.right


def main() -> None:
    """Run it and write `results/close_pairs.json` and `.md`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--train", type=Path, required=True, help="pairs, whose questions count")
    parser.add_argument("--model", default="quora-en", help="what encodes them")
    options = parser.parse_args()
    questions = sorted(gemel.read_pairs(options.train).texts)
    random.Random(0).shuffle(questions)
    engine = gemel.load(options.model)
    vectors = engine.encode(questions[:QUESTIONS], precision="float16", threads=2)
    found = {}
    for floor in FLOORS:
        started = time.perf_counter()
        found[floor] = close_pairs(vectors, floor), time.perf_counter() - started
    cutting._EXACT = QUESTIONS  # all with all
    started = time.perf_counter()
    everything = close_pairs(vectors, FLOORS[0])
    exact_seconds = time.perf_counter() - started
    scored = score_pairs(engine, everything, questions[:QUESTIONS], vectors, threads=2)
    same = scored.similarity >= engine.model.decision.threshold
    rows = []
    for floor, (pairs, seconds) in found.items():
        near = everything.cosine >= np.float32(floor)
        is_found = np.isin(numbers(everything), numbers(pairs))
        entry = {
            "floor": floor,
            "pairs": int(near.sum()),
            "found": is_found[near].mean(),
            "same": int((near & same).sum()),
            "same_found": is_found[near & same].mean(),
            "seconds": seconds,
        }
        rows.append({name: round(value, 5) for name, value in entry.items()})
        print(rows[-1], flush=True)
    result = {"questions": QUESTIONS, "all_with_all_seconds": round(exact_seconds, 1), "rows": rows}
    write_result("close_pairs", "close pairs found by cells, of those that there are", result)
    cells = [
        [
            f"{row['floor']:g}",
            f"{row['pairs']:,.0f}",
            f"{row['found']:.2%}",
            f"{row['same']:,.0f}",
            f"{row['same_found']:.2%}",
            f"{row['seconds']:.1f} s",
        ]
        for row in rows
    ]
    write_table(
        "close_pairs", markdown(["floor", "pairs", "found", "the same", "found", "time"], cells)
    )


if __name__ == "__main__":
    main()

"""How time and memory grow with the input: read, audit, tokenise, an epoch, encode.

    python benchmarks/growth.py --train quora/train.csv --work growth-work

The file is taken once, twice, four and eight times; every further copy has a word at the end of
each question that tells it from the others, so that there are as many different questions more.
Each stage has a process of its own. Steeper than linear is a stage whose time for eight times as
much is more than ten times as long.
"""

import argparse
import csv
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from growth_picture import draw_growth
from layout import markdown
from machine import require_idle
from record import RESULTS, write_result, write_table

import gemel
from gemel.config import Config
from gemel.plots import render

TIMES = (1, 2, 4, 8)
STEEP = 10 / 8
"""How much longer a row may take in eight files than in one."""


def grow(source: Path, times: int, target: Path) -> None:
    """Write the pairs of a file several times, each time other questions."""
    pairs = gemel.read_pairs(source)
    with target.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["question1", "question2", "is_duplicate"])
        for copy in range(times):
            end = f" take{copy}" if copy else ""
            sides = zip(pairs.left_texts, pairs.right_texts, pairs.labels.tolist(), strict=True)
            writer.writerows([left + end, right + end, int(same)] for left, right, same in sides)


def read(path: Path) -> Callable[[], Any]:
    """Time the reading of a file."""
    return lambda: gemel.read_pairs(path)


def audit(path: Path) -> Callable[[], Any]:
    """Time the audit of a file."""
    return lambda: gemel.audit(path)


def tokenise(path: Path) -> Callable[[], Any]:
    """Time words learned and questions made numbers."""
    from gemel.text import Tokenizer

    pairs = gemel.read_pairs(path)

    def work() -> Any:
        tokenizer = Tokenizer().learn(pairs.texts, pairs.counts, min_count=2)
        return tokenizer.encode_all(pairs.texts)

    return work


def epoch(path: Path) -> Callable[[], Any]:
    """Time an epoch, batches included."""
    from training import Work, new_trainer

    config = Config()
    work = Work(path, config)
    trainer = new_trainer(work, 128)

    def take() -> None:
        for batch in trainer.batches.epoch(0):
            trainer._step(batch, 1e-3)

    return take


def encode(path: Path) -> Callable[[], Any]:
    """Time all questions to vectors, with the shipped model."""
    texts = list(gemel.read_pairs(path).texts)
    engine = gemel.load("quora-en")
    return lambda: engine.encode(texts, precision="float16", threads=2)


STAGES = {each.__name__: each for each in (read, audit, tokenise, epoch, encode)}


def measure(stage: str, path: Path) -> dict[str, float]:
    """Run a stage in a process of its own; give seconds, and megabytes resident at most."""
    command = [sys.executable, __file__, "--stage", stage, str(path)]
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    found: dict[str, float] = json.loads(answer.splitlines()[-1])
    return found


def take_stage(stage: str, path: Path) -> None:
    """Be that process."""
    work = STAGES[stage](path)
    started = time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": round(seconds, 3), "resident_mb": round(size)}))


def table(points: list[dict[str, Any]]) -> str:
    """Write what was measured as a table."""
    rows = []
    for stage in STAGES:
        found = [point["stages"][stage] for point in points]
        cells = [f"{each['seconds']:.1f} s, {each['resident_mb']:,.0f} MB" for each in found]
        steep = found[-1]["seconds"] / found[0]["seconds"]
        rows.append([stage, *cells, f"{steep:.1f}"])
    heads = [f"{point['pairs']:,} pairs" for point in points]
    return markdown(["stage", *heads, f"time for {TIMES[-1]} times as much"], rows)


def main() -> None:
    """Run it and write `results/growth.json`, `.md` and `.svg`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--train", type=Path, help="labelled pairs")
    parser.add_argument("--work", type=Path, help="a folder to work in")
    parser.add_argument("--stage", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--busy", action="store_true", help="measure on a busy machine too")
    options = parser.parse_args()
    if options.stage:
        take_stage(options.stage[0], Path(options.stage[1]))
        return
    if not options.busy:
        require_idle()
    options.work.mkdir(parents=True, exist_ok=True)
    points: list[dict[str, Any]] = []
    for times in TIMES:
        path = options.work / f"pairs-{times}.csv"
        grow(options.train, times, path)
        stages = {}
        for stage in STAGES:
            stages[stage] = measure(stage, path)
            print(f"{times} times, {stage}: {stages[stage]}", flush=True)
        points.append({"pairs": times * len(gemel.read_pairs(options.train)), "stages": stages})
        path.unlink()
    first, last = points[0]["stages"], points[-1]["stages"]
    steep = [
        stage
        for stage in STAGES
        if last[stage]["seconds"] > TIMES[-1] * STEEP * first[stage]["seconds"]
    ]
    print(f"steeper than linear: {', '.join(steep) or 'none'}")
    result = {"points": points, "steeper_than_linear": steep}
    write_result("growth", "time and memory of a file taken 1, 2, 4 and 8 times", result)
    write_table("growth", table(points))
    (RESULTS / "growth.svg").write_bytes(render(draw_growth(points), "svg"))


if __name__ == "__main__":
    main()

"""Time and memory of finding duplicates where far more pairs than usual are close.

    python benchmarks/templates.py --train quora/train.csv

Every row is a process of its own: its memory is the most that it held, model included. The texts
are made by rule, but for `mixed`, which hides instances of a template among Quora's questions.
"""

import argparse
import csv
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from layout import markdown
from record import write_result, write_table

SYLLABLES = tuple(map("".join, zip("abcdefghijklmnop", "aeiou" * 4, strict=False)))
ROWS = (
    ("order number", (1_000, 10_000, 30_000, 100_000)),
    ("two numbers", (30_000,)),
    ("codes", (30_000,)),
    ("dates", (30_000,)),
    ("names", (30_000,)),
    ("letters", (30_000,)),
    ("one word", (30_000,)),
    ("nearly equal", (30_000,)),
    ("copies", (30_000,)),
    ("many templates", (30_000,)),
    ("quora", (20_000,)),
    ("mixed", (20_000,)),
)


def name(draw: random.Random) -> str:
    """Make a name of two to six letters."""
    return "".join(draw.choices(SYLLABLES, k=draw.randint(1, 3))).title()


def code(draw: random.Random, letters: str, count: int) -> str:
    """Draw letters."""
    return "".join(draw.choices(letters, k=count))


def texts_of(kind: str, count: int, train: Path) -> list[str]:
    """Make the questions of a row."""
    draw = random.Random(0)
    soft = ["now", "today", "soon", "really", "again"]
    rules: dict[str, Callable[[int], str]] = {
        "order number": lambda n: f"Where is my order {n}?",
        "two numbers": lambda n: f"Why was I charged {n} dollars for ticket {n * 7}?",
        "codes": lambda _: f"Where is {code(draw, 'ABCDE', 2)}{draw.randrange(9999)}-{name(draw)}?",
        "dates": lambda n: f"Were you open on {1900 + n % 200}-{n // 200 % 12}-{n // 2400}?",
        "names": lambda _: f"Where is my order from {name(draw)} {name(draw)}?",
        "letters": lambda _: f"Where is {code(draw, 'ABCDEFGHIJK', 3)}-{code(draw, 'ABCDEF', 3)}?",
        "one word": lambda _: name(draw) + name(draw),
        "nearly equal": lambda _: f"Where is my order {' '.join(draw.choices(soft, k=12))}?",
        "copies": lambda _: "Where is my order?",
        "many templates": lambda n: f"Where is my {name(draw)} number {n % 300}?",
    }
    if kind in rules:
        return [rules[kind](n) for n in range(count)]
    most = 50_000 if kind == "mixed" else count
    seen: dict[str, None] = {}
    with train.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            seen |= {row["question1"]: None, row["question2"]: None}
            if len(seen) >= most:
                break
    texts = list(seen)[:most]
    if kind == "mixed":
        texts += texts_of("order number", count, train)
        draw.shuffle(texts)
    return texts


def measure(kind: str, count: int, train: Path) -> dict[str, Any]:
    """Find the duplicates of a row, in this process."""
    import gemel

    texts = texts_of(kind, count, train)
    model = gemel.load()
    began = time.perf_counter()
    found = gemel.dedupe(texts, model, threads=2)
    groups = found.groups
    seconds = time.perf_counter() - began
    return {
        "kind": kind,
        "questions": len(texts),
        "seconds": round(seconds, 1),
        "busy": round(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]), 1),
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "templates": len(getattr(found, "templates", ())),
        "judged": found.judged,
        "left_out": getattr(found, "left_out", None),
        "groups": len(groups),
        "largest": max(map(len, groups), default=0),
    }


def main() -> None:
    """Run it and write `results/templates.json` and `.md`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--train", type=Path, required=True, help="Quora's pairs")
    parser.add_argument("--only", help="KIND:COUNT: measure this row, here, and print it")
    options = parser.parse_args()
    if options.only:
        kind, _, count = options.only.partition(":")
        print(json.dumps(measure(kind, int(count), options.train)))
        return
    rows = []
    for kind, counts in ROWS:
        for count in counts:
            command = [sys.executable, __file__, "--train", str(options.train)]
            done = subprocess.run(
                [*command, "--only", f"{kind}:{count}"], stdout=subprocess.PIPE, check=True
            )
            rows.append(json.loads(done.stdout))
            print(rows[-1], flush=True)
    write_result(
        "templates", "duplicates where far more pairs than usual are close", {"rows": rows}
    )
    head = [
        "texts",
        "questions",
        "time",
        "processor time",
        "memory",
        "templates",
        "judged",
        "left out",
        "groups",
    ]
    cells = [
        [
            row["kind"],
            f"{row['questions']:,}",
            f"{row['seconds']:.1f} s",
            f"{row['busy']:.1f} s",
            f"{row['megabytes']:,} MB",
            *(f"{row[key]:,}" for key in ("templates", "judged", "left_out", "groups")),
        ]
        for row in rows
    ]
    write_table("templates", markdown(head, cells))


if __name__ == "__main__":
    main()

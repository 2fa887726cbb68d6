"""What a large run costs by stage, fitted on smaller ones, and how well that predicts the largest.

    python benchmarks/scale.py --train quora/train.csv --work scale-work

Every run is `gemel dedupe FILE --work DIR`, a process of its own with two workers. The questions
are Quora's different ones, and ten worlds of them in which other words of like frequency have taken
each other's places: what asks the same in one world does so in each, and little across. Smaller
runs take some of all worlds by chance. What was run lies in the work folder, and is not run again.
`--memory` measures shards of other sizes instead.
"""

import argparse
import json
import random
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from layout import markdown
from machine import require_idle
from record import RESULTS, write_result, write_table
from scipy.optimize import nnls

import gemel

SIZES = (10_000, 30_000, 60_000, 100_000, 300_000, 1_000_000)
LARGEST = 2_199_470
WORLDS = 10
POWERS = (0.0, 1.0, 1.5, 2.0)
"""A stage takes so much for each of these powers of the number of questions."""
CUT = ("cells", "assign", "pairs")
"""Stages whose time hangs on how many cells there are."""
SERIAL = ("read", "cells", "chains")
"""Stages of one task."""
PAPER = (10**5, 10**6, 10**7, 10**8, 10**9)
MEMORY = (25_000, 50_000, 100_000, 200_000)


def worlds(questions: list[str]) -> list[str]:
    """Say all questions in the words of each world."""
    counts = Counter(word for text in questions for word in re.findall(r"[a-z]+", text.lower()))
    ranked = [word for word, _ in counts.most_common()]
    said = list(questions)
    for world in range(1, WORLDS):
        chance = np.random.default_rng(world)
        other: dict[str, str] = {}
        # The hundred most frequent words are what makes them questions; they stay.
        for start in range(100, len(ranked), 50):
            block = ranked[start : start + 50]
            mixed = chance.permutation(len(block)).tolist()
            other.update({word: block[place] for word, place in zip(block, mixed, strict=True)})
        said += [renamed(text, other) for text in questions]
    return said


def renamed(text: str, other: dict[str, str]) -> str:
    """Put other words in the places of some."""
    return re.sub(r"[A-Za-z]+", lambda found: other.get(found[0].lower(), found[0]), text)


def run(path: Path, work: Path, *options: str) -> dict[str, Any]:
    """Run the command once, from nothing; give what it says of itself, and its seconds."""
    shutil.rmtree(work, ignore_errors=True)
    command = [sys.executable, "-m", "gemel", "dedupe", str(path), "--work", str(work), "--json"]
    out = ["--out", str(work.with_suffix(".csv")), "--overwrite"]
    started = time.perf_counter()
    done = subprocess.run([*command, *out, *options], stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    found["seconds"] = round(time.perf_counter() - started, 2)
    print(path.name, found["seconds"], "s", {k: s["seconds"] for k, s in found["stages"].items()})
    return found


def fit(sizes: list[int], values: list[float]) -> list[float]:
    """Fit a sum of powers of size, no part of it below nothing, by relative error."""
    scale = 1 / np.maximum(np.array(values, float), 0.05)
    basis = np.array([[size**power for power in POWERS] for size in sizes], float)
    norm = np.array([float(max(sizes)) ** power for power in POWERS])
    found, _ = nnls(basis / norm * scale[:, None], np.array(values, float) * scale)
    parts: list[float] = (found / norm).tolist()
    return parts


def told(parts: list[float], size: float) -> float:
    """Say what a fit gives for a size."""
    return float(sum(part * size**power for part, power in zip(parts, POWERS, strict=True)))


def main() -> None:
    """Run it, and write `results/scale.json` and `.md`, or `results/scale_memory.*`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--train", type=Path, required=True, help="pairs, whose questions count")
    parser.add_argument("--work", type=Path, required=True, help="a folder for what is made")
    parser.add_argument("--memory", action="store_true", help="shards of several sizes instead")
    parser.add_argument(
        "--busy", action="store_true", help="measure beside other work all the same"
    )
    options = parser.parse_args()
    if not options.busy:
        require_idle()
    options.work.mkdir(parents=True, exist_ok=True)
    questions = sorted(gemel.read_pairs(options.train).texts)
    random.Random(0).shuffle(questions)
    if options.memory:
        measure_memory(questions, options.work)
        return
    everything = worlds(questions)[:LARGEST]
    random.Random(1).shuffle(everything)
    runs = []
    for size in (*SIZES, len(everything)):
        path = options.work / f"{size}.jsonl"
        kept = options.work / f"{size}.json"
        if not kept.exists():
            lines = (json.dumps({"text": text}) + "\n" for text in everything[:size])
            path.write_text("".join(lines))
            kept.write_text(json.dumps(run(path, options.work / "run")))
        runs.append(json.loads(kept.read_text()))
    write_result("scale", "what a large run costs by stage", summarised(runs))
    write_tables()


def summarised(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Fit all runs but the largest, and say what that foretells of it, and of larger ones."""
    *fitted, largest = runs
    sizes = [each["questions"] for each in fitted]
    stages = {}
    for name in largest["stages"]:
        # Few questions are all in one cell, which takes another time.
        alike = [
            each
            for each in fitted
            if each["stages"]["cells"]["counts"]["cells"] > 1 or name not in CUT
        ]
        seconds, busy, written, read = (
            fit(
                [each["questions"] for each in alike],
                [each["stages"][name][what] for each in alike],
            )
            for what in ("seconds", "busy", "written", "read")
        )
        stages[name] = {
            "seconds_fit": seconds,
            "busy_fit": busy,
            "written_fit": written,
            "read_fit": read,
            "seconds": largest["stages"][name]["seconds"],
            "seconds_foretold": round(told(seconds, largest["questions"]), 2),
            "busy": largest["stages"][name]["busy"],
            "written_per_question": largest["stages"][name]["written"] / largest["questions"],
            "read_per_question": largest["stages"][name]["read"] / largest["questions"],
            "peak_mb": largest["stages"][name]["peak_mb"],
        }
    beside = fit(
        sizes,
        [each["seconds"] - sum(s["seconds"] for s in each["stages"].values()) for each in fitted],
    )
    foretold = sum(stage["seconds_foretold"] for stage in stages.values())
    foretold += told(beside, largest["questions"])
    return {
        "runs": runs,
        "stages": stages,
        "beside_fit": beside,
        "largest": largest["questions"],
        "seconds": largest["seconds"],
        "seconds_foretold": round(foretold, 1),
        "off": round(foretold / largest["seconds"] - 1, 4),
    }


def write_tables() -> None:
    """Write the tables from the result that lies there: of stages, then of sizes on paper."""
    result: dict[str, Any] = json.loads((RESULTS / "scale.json").read_text())
    rows = [
        [
            name,
            f"{stage['seconds']:,.1f} s",
            f"{stage['seconds_foretold']:,.1f} s",
            f"{stage['busy']:,.1f} s",
            f"{stage['peak_mb']:,} MB" if stage["peak_mb"] else "",
            f"{stage['written_per_question']:,.0f} B",
            f"{stage['read_per_question']:,.0f} B",
        ]
        for name, stage in result["stages"].items()
    ]
    names = ["stage", "took", "foretold", "all cores", "a process", "written", "read"]
    write_table("scale", markdown(names, rows))
    write_table("scale_paper", markdown(*paper(result)))


def paper(result: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Say what other sizes would take."""
    stages = result["stages"]
    rows = []
    for size in PAPER:
        hours = {name: told(stage["busy_fit"], size) / 3600 for name, stage in stages.items()}
        serial = sum(hours[name] for name in SERIAL)
        spread = sum(hours.values()) - serial
        held = {name: told(stage["written_fit"], size) for name, stage in stages.items()}
        # What is judged is written while what it is made of still lies there.
        most = sum(held[name] for name in ("read", "assign", "pairs", "verdicts"))
        moved = sum(held.values()) + sum(told(s["read_fit"], size) for s in stages.values())
        rows.append(
            [
                f"{size:,}",
                hours_text(spread + serial),
                hours_text(serial + spread / 2),
                hours_text(serial + spread / 16),
                hours_text(serial + spread / 256),
                bytes_text(most),
                bytes_text(moved),
                bytes_text(20 * size),
            ]
        )
    names = ["questions", "one core", "2 cores", "16 cores", "256 cores", "disk", "moved", "chains"]
    return names, rows


def hours_text(hours: float) -> str:
    """Say a time as people do."""
    for unit, least, factor in (("days", 48, 1 / 24), ("h", 1.5, 1), ("min", 1 / 40, 60)):
        if hours >= least:
            return f"{hours * factor:,.1f} {unit}"
    return f"{hours * 3600:.0f} s"


def bytes_text(count: float) -> str:
    """Say a size as people do."""
    for unit, factor in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count >= factor:
            return f"{count / factor:,.1f} {unit}"
    return f"{count:,.0f} B"


def measure_memory(questions: list[str], work: Path) -> None:
    """Measure the most that a process takes, by the size of the shards."""
    path = work / "memory.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in questions))
    rows = []
    for size in MEMORY:
        found = run(path, work / "memory", "--shard-size", str(size))
        peaks = {name: stage["peak_mb"] for name, stage in found["stages"].items()}
        rows.append({"shard_size": size, "seconds": found["seconds"], "peak_mb": peaks})
    write_result("scale_memory", "memory of a process by shard", {"rows": rows})
    cells = [
        [
            f"{row['shard_size']:,}",
            f"{row['seconds']:.0f} s",
            *(f"{row['peak_mb'][name]:,} MB" for name in ("encode", "verdicts", "groups")),
        ]
        for row in rows
    ]
    names = ["questions a shard", "took", "up to encode", "up to verdicts", "up to groups"]
    write_table("scale_memory", markdown(names, cells))


if __name__ == "__main__":
    main()

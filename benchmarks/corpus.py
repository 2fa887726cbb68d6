"""How fast duplicate groups are found, and a corpus answers; SemHash on the same questions.

    python benchmarks/corpus.py --train quora/train.csv --asked wang2017_dev.tsv \
        --peers peers/bin/python --work corpus-work

Groups: `gemel dedupe FILE --out groups.csv`, a process of its own, everything counted. The million
are the distinct questions and copies of them with one slip of the finger each. Search: a million
vectors of `quora-en` in usearch's graph, asked with questions of another file. Adding: one process
adds questions one by one, each kept on the disk before the next, and answers fifty searches a
second meanwhile.
"""

import argparse
import itertools
import json
import random
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from corpus_picture import draw_corpus
from layout import markdown
from machine import require_idle
from record import RESULTS, write_result, write_table

import gemel
from gemel.plots import render
from gemel.text import edit_once

HERE = Path(__file__).parent
PARTS = ("groups", "adding", "search")
SIZES = (27_500, 55_000, 110_000, 219_947)
MANY = 1_000_000
K = 10
ASKED = 2000
SECONDS = 20.0
SEARCHES = 50
"""A second, while questions are added."""


def million(questions: list[str]) -> list[str]:
    """Repeat questions, each time with another slip, until there are a million."""
    chance = np.random.default_rng(0)
    slipped = (edit_once(text, chance) for _ in range(MANY // len(questions)) for text in questions)
    return (questions + list(slipped))[:MANY]


def timed(command: list[str]) -> dict[str, float]:
    """Run a command; give seconds, and megabytes resident at most."""
    program = (
        "import json, resource, subprocess, sys, time; started = time.perf_counter(); "
        "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True); "
        "seconds = time.perf_counter() - started; "
        "size = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024; "
        "print(json.dumps({'seconds': round(seconds, 2), 'resident_mb': round(size)}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *command], stdout=subprocess.PIPE, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measure_groups(questions: list[str], options: argparse.Namespace) -> list[dict[str, Any]]:
    """Time the command on more and more questions, and SemHash on some of the same files."""
    points = []
    for count in (*SIZES, MANY):
        texts = questions[:count] if count <= len(questions) else million(questions)
        path = options.work / f"questions-{count}.jsonl"
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        out = options.work / "groups.csv"
        command = [sys.executable, "-m", "gemel", "dedupe", str(path), "--overwrite"]
        point: dict[str, Any] = {"questions": count}
        point["gemel"] = timed([*command, "--out", str(out)])
        if count == SIZES[-1]:
            worker = [str(options.peers), str(HERE / "semhash_worker.py")]
            point["semhash"] = timed([*worker, str(path), str(options.work / "model2vec")])
        print(point, flush=True)
        points.append(point)
    return points


def measure_search(questions: list[str], asked: list[str]) -> dict[str, Any]:
    """Look through a million vectors, by the graph and exactly."""
    from gemel.neighbours import ExactNeighbours, choose_neighbours

    engine = gemel.load("quora-en")
    queries = engine.encode(asked)
    vectors = engine.encode(million(questions), precision="float16", threads=2)
    keys = np.arange(len(vectors))
    exact = ExactNeighbours(vectors.shape[1])
    exact.put(keys, vectors)
    # Of equally near ones any is right.
    least = [exact.search(part, K).cosines[:, -1] for part in np.array_split(queries, 50)]
    tenth = np.concatenate(least).tolist()
    slow = [once(partial(exact.search, query[None], K)) for query in queries[:200]]
    del exact
    graph = choose_neighbours(MANY, "approximate").make(vectors.shape[1])
    started = time.perf_counter()
    graph.put(keys, vectors)
    built = time.perf_counter() - started
    times, hits = [], 0
    for query, cosine in zip(queries, tenth, strict=True):
        started = time.perf_counter()
        found = graph.search(query[None], K)
        times.append(time.perf_counter() - started)
        hits += int((found.cosines[0] >= cosine).sum())
    return {
        "vectors": len(vectors),
        "recall_at_10": round(hits / (K * len(queries)), 4),
        "p50_ms": round(1000 * float(np.percentile(times, 50)), 2),
        "p99_ms": round(1000 * float(np.percentile(times, 99)), 2),
        "exact_p50_ms": round(1000 * float(np.percentile(slow, 50)), 1),
        "built_seconds": round(built, 1),
        "resident_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def once(way: Callable[[], object]) -> float:
    """Give its seconds."""
    started = time.perf_counter()
    way()
    return time.perf_counter() - started


def measure_adding(questions: list[str], asked: list[str], work: Path) -> dict[str, Any]:
    """Add questions one by one to a corpus of all the others, and search it meanwhile."""
    db = work / "adding.db"
    for each in work.glob("adding.db*"):
        each.unlink()
    kept, new = questions[: SIZES[-1] - 50_000], questions[SIZES[-1] - 50_000 :]
    (work / "kept.txt").write_text("\n".join(text.replace("\n", " ") for text in kept) + "\n")
    started = time.perf_counter()
    gemel.index(work / "kept.txt", db, "quora-en", threads=2)
    filling = time.perf_counter() - started
    waits: list[float] = []
    ended = threading.Event()
    with gemel.open_index(db, "quora-en") as index:
        opening = once(partial(index.search, asked[0], K))

        def search() -> None:
            due = time.perf_counter()
            for text in itertools.cycle(asked):
                if ended.is_set():
                    return
                waits.append(once(partial(index.search, text, K)))
                due += 1 / SEARCHES
                time.sleep(max(0.0, due - time.perf_counter()))

        searching = threading.Thread(target=search)
        searching.start()
        added, started = 0, time.perf_counter()
        while time.perf_counter() - started < SECONDS:
            index.add(new[added])
            added += 1
        took = time.perf_counter() - started
        ended.set()
        searching.join()
        return {
            "questions": len(index),
            "filling_per_second": round(len(kept) / filling),
            "first_search_seconds": round(opening, 2),
            "neighbours": index.choice.name,
            "adds_per_second": round(added / took),
            "searches_per_second": round(len(waits) / took, 1),
            "search_p50_ms": round(1000 * float(np.percentile(waits, 50)), 1),
            "search_p99_ms": round(1000 * float(np.percentile(waits, 99)), 1),
        }


def table(points: list[dict[str, Any]]) -> str:
    """Write the times of the groups as a table."""
    rows = []
    for point in points:
        found = point["gemel"]
        cells = [f"{found['seconds']:.1f} s", f"{found['resident_mb']:,} MB"]
        rival = point.get("semhash")
        beside = f"{rival['seconds']:.1f} s, {rival['resident_mb']:,} MB" if rival else ""
        rate = f"{point['questions'] / found['seconds']:,.0f}"
        rows.append([f"{point['questions']:,}", *cells, rate, beside])
    return markdown(
        ["questions", "text to groups", "memory", "questions a second", "SemHash"], rows
    )


def main() -> None:
    """Run it and write `results/corpus.json`, `.md` and `.svg`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--train", type=Path, required=True, help="pairs, whose questions count")
    parser.add_argument(
        "--asked", type=Path, required=True, help="pairs, whose questions are asked"
    )
    parser.add_argument("--peers", type=Path, required=True, help="Python with SemHash")
    parser.add_argument("--work", type=Path, required=True, help="a folder to work in")
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=PARTS, help="measure these anew"
    )
    parser.add_argument("--busy", action="store_true", help="measure on a busy machine too")
    options = parser.parse_args()
    if not options.busy:
        require_idle()
    options.work.mkdir(parents=True, exist_ok=True)
    questions = sorted(gemel.read_pairs(options.train).texts)
    random.Random(0).shuffle(questions)
    asked = sorted(set(gemel.read_pairs(options.asked).texts) - set(questions))
    random.Random(0).shuffle(asked)
    parts: dict[str, Callable[[], Any]] = {
        "groups": lambda: measure_groups(questions, options),
        "adding": lambda: measure_adding(questions, asked[:ASKED], options.work),
        "search": lambda: measure_search(questions, asked[:ASKED]),
    }
    for part in options.only:
        found = parts[part]()
        print(part, found, flush=True)
        (options.work / f"{part}.json").write_text(json.dumps(found))
    result = {part: json.loads((options.work / f"{part}.json").read_text()) for part in PARTS}
    write_result("corpus", "groups, search and adding: time and memory", result, "usearch")
    write_table("corpus", table(result["groups"]))
    (RESULTS / "corpus.svg").write_bytes(render(draw_corpus(result["groups"]), "svg"))


if __name__ == "__main__":
    main()

"""How fast questions become vectors, beside those who do it too, in one run on the same texts.

    python benchmarks/speed.py --train quora/train.csv --dev wang2017_dev.tsv \
        --notebook notebook-model --peers peers/bin/python --work speed-work

Each encoder has a process of its own; they take turns, round by round, and only one works at a
time. Counted is all from a list of texts to their vectors, through the public call, with what
each takes for the best number of threads.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from layout import markdown
from limits import contended, machine_limits, work_per_question
from machine import require_idle
from record import write_result, write_table

import gemel
from gemel.evaluation import evaluate, judge_by_halves
from gemel.pretrained import DEFAULT_MODEL

HERE = Path(__file__).parent
ROUNDS = 5
SLOW = 3000
"""Questions for the encoder that would take a quarter of an hour for all of them."""


class Worker:
    """An encoder in its process."""

    def __init__(self, python: Path, name: str, model: str, texts: Path):
        self.name = name
        reading, writing = os.pipe()
        command = [str(python), str(HERE / "speed_worker.py"), name, model, str(texts)]
        self.process = subprocess.Popen(
            [*command, str(writing)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[writing],
            text=True,
        )
        os.close(writing)
        self.answers = os.fdopen(reading)
        self.answer()

    def answer(self) -> dict[str, Any]:
        """Wait for what it says."""
        line = self.answers.readline()
        if not line:
            sys.exit(f"{self.name} ended; run speed_worker.py by hand to see why")
        found: dict[str, Any] = json.loads(line)
        return found

    def encode(self) -> dict[str, Any]:
        """Have it encode all its questions once."""
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return self.answer()


def our_models(options: argparse.Namespace) -> dict[str, str]:
    """Name what is measured of gemel."""
    return {"gemel, notebook": str(options.notebook), "gemel, quora-en": DEFAULT_MODEL}


def measure_encoding(options: argparse.Namespace, questions: list[str]) -> dict[str, Any]:
    """Have all encoders take turns."""
    whole, some = options.work / "questions.json", options.work / "some-questions.json"
    whole.write_text(json.dumps(questions), encoding="utf-8")
    some.write_text(json.dumps(questions[:SLOW]), encoding="utf-8")
    distilled = str(options.work / "model2vec")
    workers = {
        "all-MiniLM-L6-v2": Worker(options.peers, "minilm", "", some),
        "model2vec": Worker(options.peers, "model2vec", distilled, whole),
        "model2vec, its processes": Worker(options.peers, "model2vec-processes", distilled, whole),
    }
    for name, model in our_models(options).items():
        workers[name] = Worker(Path(sys.executable), "gemel", model, whole)
    speeds: dict[str, list[float]] = {name: [] for name in workers}
    for _ in range(ROUNDS):
        for name, worker in workers.items():
            found = worker.encode()
            speeds[name].append(found["questions"] / found["seconds"])
            print(f"{name}: {speeds[name][-1]:,.0f} questions/s", flush=True)
    for worker in workers.values():
        worker.process.kill()
    return {
        name: {
            "questions_per_second": round(statistics.median(each)),
            "lowest": round(min(each)),
            "highest": round(max(each)),
        }
        for name, each in speeds.items()
    }


def measure_one_question(model: str, questions: list[str]) -> dict[str, float]:
    """Ask a warm engine one question after the other; give milliseconds."""
    engine = gemel.load(model)
    times = []
    for question in questions[:5000]:
        started = time.perf_counter()
        engine.encode([question])
        times.append(1000 * (time.perf_counter() - started))
    return {f"p{rank}_ms": round(float(np.percentile(times, rank)), 3) for rank in (50, 99)}


def measure_exactness(options: argparse.Namespace, questions: list[str]) -> dict[str, Any]:
    """Say what the quickest backend changes: of vectors, and of verdicts on labelled pairs."""
    pairs = gemel.read_pairs(options.dev)
    found: dict[str, Any] = {}
    for model in (str(options.notebook), DEFAULT_MODEL):
        fast, exact = gemel.load(model), gemel.load(model, backend="numpy")
        vectors = [each.encode(questions[:20_000]) for each in (fast, exact)]
        accuracy = [
            evaluate(judge_by_halves(pairs, each.similarity), rounds=10).figures["accuracy"].value
            for each in (fast, exact)
        ]
        found["notebook" if model != DEFAULT_MODEL else model] = {
            "backend": fast.backend.name,
            "lowest_cosine": float((vectors[0] * vectors[1]).sum(axis=1).min()),
            "accuracy": round(accuracy[0], 4),
            "accuracy_numpy": round(accuracy[1], 4),
        }
    return found


def table(result: dict[str, Any]) -> str:
    """Write what was measured as a table."""
    encoding = result["encoding"]
    rivals = [name for name in encoding if not name.startswith("gemel")]
    head = ["encoder", "questions a second", *(f"times {rival}" for rival in rivals)]
    head += ["limit by operations", "by memory"]
    rows = []
    for name, found in encoding.items():
        speed = found["questions_per_second"]
        spread = f"{speed:,} ({found['lowest']:,} to {found['highest']:,})"
        ratios = [speed / encoding[rival]["questions_per_second"] for rival in rivals]
        work = result["work"].get(name)
        limits = [f"{work['by_operations']:,}", f"{work['by_bytes']:,}"] if work else ["", ""]
        rows.append([name, spread, *(f"{ratio:.1f}" for ratio in ratios), *limits])
    return markdown(head, rows)


def main() -> None:
    """Run it all and write `results/speed.json` and `.md`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--train", type=Path, required=True, help="pairs, whose questions count")
    parser.add_argument("--dev", type=Path, required=True, help="pairs to judge by both backends")
    parser.add_argument("--notebook", type=Path, required=True, help="a model of that network")
    parser.add_argument("--peers", type=Path, required=True, help="Python with the rivals")
    parser.add_argument("--work", type=Path, required=True, help="a folder to work in")
    parser.add_argument("--busy", action="store_true", help="measure on a busy machine too")
    options = parser.parse_args()
    if not options.busy:
        require_idle()
    options.work.mkdir(parents=True, exist_ok=True)
    questions = sorted(gemel.read_pairs(options.train).texts)
    random.Random(0).shuffle(questions)
    ours = {name: gemel.load(model) for name, model in our_models(options).items()}
    limits = machine_limits()
    result: dict[str, Any] = {
        "questions": len(questions),
        "backend": ours["gemel, quora-en"].backend.name,
        "limits": limits,
        "work": {
            name: work_per_question(engine, questions, limits) for name, engine in ours.items()
        },
        "contention": contended(ours["gemel, notebook"], questions[:100_000]),
        "encoding": measure_encoding(options, questions),
        "one_question": {
            "notebook": measure_one_question(str(options.notebook), questions),
            DEFAULT_MODEL: measure_one_question(DEFAULT_MODEL, questions),
        },
        "exactness": measure_exactness(options, questions),
    }
    print(json.dumps(result, indent=1))
    write_result("speed", "distinct questions to vectors, side by side, 5 rounds", result)
    write_table("speed", table(result))


if __name__ == "__main__":
    main()

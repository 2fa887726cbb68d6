"""Training on two processes beside one, and in chunks beside in one go: time and memory.

    python benchmarks/ranks.py --train quora/train.csv

Time: the same batches of configs/notebook.toml, by one process with one thread, by one with two,
and by two processes with one each. Memory: a few steps with larger and larger batches, whole and in
chunks, each in a process of its own. The bound on what a whole batch may hold is off, so that both
ways learn from the same batches.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from layout import markdown
from machine import require_idle
from record import write_result, write_table

import gemel

HERE = Path(__file__).parent
ROUNDS = 3
STEPS = 60
BATCH = 256
SIZES = (128, 1024, 4096)
CHUNK = 256
WAYS = {"1 process, 1 thread": (1, 1), "1 process, 2 threads": (1, 2), "2 processes": (2, 1)}


def take_steps(path: Path, settings: list[str], steps: int) -> dict[str, Any]:
    """Be a process that learns; give seconds a step, and what it took."""
    from gemel.training import Silent, Trainer, joined
    from gemel.training.initial_network import learn_vocabulary, make_batches, make_network

    config = gemel.Config.from_toml(HERE.parent / "configs" / "notebook.toml").replace(settings)
    with joined() as ranks:
        pairs = gemel.read_pairs(path)
        tokenizer = learn_vocabulary(pairs, config, None)
        batches = make_batches(pairs, tokenizer, config)
        batches.bounded = False
        model, _ = make_network(tokenizer, batches, config, None, Silent())

        def never() -> Any:
            raise AssertionError("steps are taken by hand")

        trainer = Trainer(model, batches, config.training, never, Silent(), ranks)
        trainer.model.model.train()
        before = _peak()
        seconds, questions = [], 0
        for number, batch in enumerate(batches.epoch(1)):
            if number > steps:
                break
            started = time.perf_counter()
            trainer._step(batch, 1e-3)
            seconds.append(time.perf_counter() - started)
            questions = max(questions, sum(batch.sizes))
        return {
            "rank": ranks.rank,
            "milliseconds": round(1000 * statistics.fmean(seconds[1:] or seconds), 1),
            "questions": questions,
            "before_mb": round(before),
            "peak_mb": round(_peak()),
        }


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(
    path: Path, processes: int, threads: int, steps: int, settings: list[str]
) -> dict[str, Any]:
    """Have processes learn; give what the first one found."""
    command = [sys.executable]
    if processes > 1:
        command += ["-m", "torch.distributed.run", "--standalone"]
        command += ["--nproc-per-node", str(processes)]
    command += [__file__, "--train", str(path), "--steps", str(steps), "--set", *settings]
    answer = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=os.environ | {"OMP_NUM_THREADS": str(threads)},
    )
    found = map(json.loads, answer.stdout.splitlines())
    first: dict[str, Any] = next(each for each in found if each["rank"] == 0)
    return first


def measure_time(path: Path, steps: int) -> dict[str, Any]:
    """Have the ways take turns."""
    times: dict[str, list[float]] = {name: [] for name in WAYS}
    settings = [f"training.batch_size={BATCH}"]
    for _ in range(ROUNDS):
        for name, (processes, threads) in WAYS.items():
            found = measure(path, processes, threads, steps, settings)
            times[name].append(found["milliseconds"])
            print(f"{name}: {times[name][-1]} ms a step", flush=True)
    return {
        name: {"median": statistics.median(each), "lowest": min(each), "highest": max(each)}
        for name, each in times.items()
    }


def measure_memory(path: Path, sizes: list[int]) -> list[dict[str, Any]]:
    """Take three steps with each size, whole and in chunks."""
    found = []
    for size in sizes:
        for chunk in (0, CHUNK):
            settings = [f"training.batch_size={size}", f"training.chunk_size={chunk}"]
            one = measure(path, 1, os.cpu_count() or 1, 2, settings)
            found.append({"batch_size": size, "chunk_size": chunk, **one})
            print(found[-1], flush=True)
    return found


def table(result: dict[str, Any]) -> str:
    """Write what was measured as two tables."""
    times = [
        [name, f"{each['median']:.0f} ms ({each['lowest']:.0f} to {each['highest']:.0f})"]
        for name, each in result["time"].items()
    ]
    memory = [
        [
            f"{each['batch_size']:,} pairs, {each['questions']:,} questions",
            f"{each['chunk_size'] or 'all'}",
            f"{each['peak_mb'] - each['before_mb']:,} MB",
            f"{each['milliseconds']:,.0f} ms",
        ]
        for each in result["memory"]
    ]
    return (
        markdown([f"a step of {BATCH} pairs", "time"], times)
        + "\n"
        + markdown(["batch", "read at one time", "memory beyond what was there", "a step"], memory)
    )


def main() -> None:
    """Run it and write `results/ranks.json` and `.md`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--train", type=Path, required=True, help="labelled pairs")
    parser.add_argument("--busy", action="store_true", help="measure on a busy machine too")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="batch sizes")
    parser.add_argument("--steps", type=int, default=STEPS, help="steps to time")
    parser.add_argument("--no-results", action="store_true", help="write nothing: to try it out")
    parser.add_argument("--set", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.set is not None:
        print(json.dumps(take_steps(options.train, options.set, options.steps)))
        return
    if not options.busy:
        require_idle()
    result = {
        "pairs": options.train.name,
        "time": measure_time(options.train, options.steps),
        "memory": measure_memory(options.train, options.sizes),
    }
    print(table(result))
    if not options.no_results:
        what = "a step of one process and of two, and the memory of a step, whole and in chunks"
        write_result("ranks", what, result)
        write_table("ranks", table(result))


if __name__ == "__main__":
    main()

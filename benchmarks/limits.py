"""What a machine can do, what encoding asks of it, and what is left when others work too."""

import itertools
import multiprocessing
import statistics
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

import gemel
from gemel.inference import one_compute_thread

__all__ = ["CORES", "contended", "machine_limits", "work_per_question"]

CORES = multiprocessing.cpu_count()
_ROUNDS = 5


def machine_limits() -> dict[str, float]:
    """Measure a core's matrix products in float32, and the memory."""
    one, other = (np.ones((2048, 2048), np.float32) for _ in range(2))
    rates = []
    with one_compute_thread():
        for _ in range(_ROUNDS):
            started = time.perf_counter()
            one @ other
            rates.append(2 * 2048**3 / (time.perf_counter() - started) / 1e9)
    long = np.ones(50_000_000)
    copy = np.empty_like(long)
    speeds = []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        np.copyto(copy, long)
        speeds.append(2 * long.nbytes / (time.perf_counter() - started) / 1e9)
    return {
        "float32_gflops_a_core": round(statistics.median(rates)),
        "memory_gb_per_second": round(statistics.median(speeds), 1),
    }


def work_per_question(
    engine: gemel.Engine, questions: Sequence[str], limits: dict[str, float]
) -> dict[str, float]:
    """Count what the recurrent products of a question take, and how many a second there could be.

    Counted are the beginnings that differ, as each is read once; from every one the outputs are
    multiplied with the recurrent weights, and of every word a row of its gates is fetched.
    """
    table = engine.model.tokenizer.encode_all(questions)
    ids, starts = table.ids.tolist(), table.starts.tolist()
    nodes = 0
    ways = 2 if engine.model.config.network.bidirectional else 1
    for way in (1, -1)[:ways]:
        beginnings = set()
        for start, end in itertools.pairwise(starts):
            beginning = 0
            for word in ids[start:end][::way]:
                beginning = hash((beginning, word))
                beginnings.add(beginning)
        nodes += len(beginnings)
    units = engine.model.config.network.units
    operations = nodes * 2 * 4 * units * units / len(questions)
    size = nodes * 4 * 4 * units / len(questions)
    return {
        "operations": round(operations),
        "bytes": round(size),
        "by_operations": round(CORES * limits["float32_gflops_a_core"] * 1e9 / operations),
        "by_bytes": round(limits["memory_gb_per_second"] * 1e9 / size),
    }


def contended(engine: gemel.Engine, questions: Sequence[str]) -> dict[str, Any]:
    """Encode alone, and while another process works on every core, on one thread and on all."""
    found: dict[str, Any] = {}
    for others in (0, CORES):
        busy = [multiprocessing.Process(target=_work, daemon=True) for _ in range(others)]
        for each in busy:
            each.start()
        for threads in (1, CORES):
            started = time.perf_counter()
            engine.encode(questions, threads=threads)
            speed = len(questions) / (time.perf_counter() - started)
            found[f"{threads} threads, {others} others"] = round(speed)
        for each in busy:
            each.terminate()
            each.join()
    return found


def _work() -> None:
    numbers = np.ones((256, 256), np.float32)
    with one_compute_thread():
        while True:
            numbers @ numbers

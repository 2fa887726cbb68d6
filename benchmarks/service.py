"""How quickly `gemel serve` answers, and whether it grows: wrk and the service on the same cores.

    python benchmarks/service.py --questions questions.jsonl --asked asked.txt --work service-work

The corpus is made of the questions of a file. Checks are asked by wrk, with 1 and 16 connections,
each with another question of --asked, which the corpus does not hold as they stand; once before, so
that no figure hangs on a cold disk. Additions come from 16 threads. `--soak MINUTES` instead asks
and changes everything at a fixed rate, and writes down what memory the service takes.
"""

import argparse
import json
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
from layout import markdown
from machine import require_idle
from record import RESULTS, write_result, write_table

SECONDS = 20
CONNECTIONS = (1, 16)
ADDED = 2000
RATE = 60
"""Requests a second of the soak."""
SCRIPT = """
local asked = {}
for line in io.lines("%s") do asked[#asked + 1] = line end
local next = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
request = function()
  next = next %% #asked + 1
  return wrk.format(nil, "/check", nil, asked[next])
end
"""


@contextmanager
def serving(db: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Serve a corpus; give its URL and the process once it is ready, with its graph."""
    command = [sys.executable, "-m", "gemel", "serve", "--db", str(db), "--port", "0"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found is not None, line
        url = found[0].rstrip("/")
        while httpx.get(f"{url}/ready").status_code != 200:
            time.sleep(0.2)
        cache = db.with_name(f"{db.name}.neighbours")
        while not cache.exists():
            time.sleep(1)
        yield url, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def load(url: str, connections: int, seconds: int, script: Path) -> dict[str, float]:
    """Ask with wrk; give requests a second and milliseconds."""
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds}",
        "--latency",
        "-s",
        str(script),
        url,
    ]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    assert "Non-2xx" not in done, done
    found: dict[str, float] = {"connections": connections}
    found["per_second"] = float(re.findall(r"Requests/sec:\s+([\d.]+)", done)[0])
    for share in ("50", "99"):
        number, unit = re.findall(rf"^\s+{share}%\s+([\d.]+)(us|ms|s)$", done, re.MULTILINE)[0]
        found[f"p{share}_ms"] = round(float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit], 2)
    return found


def add(url: str) -> dict[str, float]:
    """Add questions from 16 threads; give how many a second are kept."""
    with httpx.Client(base_url=url) as client, ThreadPoolExecutor(16) as threads:

        def one(number: int) -> None:
            body = {"question": f"What is the answer to question number {number} of this measure?"}
            client.post("/questions", json=body).raise_for_status()

        began = time.perf_counter()
        list(threads.map(one, range(ADDED)))
        seconds = time.perf_counter() - began
    return {"threads": 16, "added": ADDED, "per_second": round(ADDED / seconds)}


def measure(options: argparse.Namespace) -> None:
    """Measure, and write it down."""
    if not options.busy:
        require_idle()
    db, script = prepare(options)
    with serving(db) as (url, process):
        load(url, 16, SECONDS, script)
        checks = [load(url, connections, SECONDS, script) for connections in CONNECTIONS]
        questions = httpx.get(f"{url}/ready").json()["questions"]
        resident = round(process.memory_info().rss / 1e6)
        added = add(url)
    result = {"questions": questions, "checks": checks, "adding": added, "resident_mb": resident}
    write_result("service", "the service under load", result, "fastapi", "uvicorn", "usearch")
    rows = [
        [
            f"{each['connections']}",
            f"{each['per_second']:,.0f}",
            f"{each['p50_ms']}",
            f"{each['p99_ms']}",
        ]
        for each in checks
    ]
    header = ["connections", "checks a second", "p50 ms", "p99 ms"]
    write_table("service", markdown(header, rows))


def soak(options: argparse.Namespace) -> None:
    """Ask and change everything for a while; write down what memory it takes, minute by minute."""
    db, _ = prepare(options)
    asked = options.asked.read_text(encoding="utf-8").splitlines()
    minutes: list[dict[str, float]] = []
    with serving(db) as (url, process), httpx.Client(base_url=url, timeout=60) as client:
        began, failed, done, stop = time.monotonic(), 0, 0, threading.Event()
        chance = random.Random(0)

        def ask() -> None:
            text = chance.choice(asked)
            kind = chance.random()
            if kind < 0.80:
                client.post("/check", json={"question": text}).raise_for_status()
            elif kind < 0.88:
                client.post("/search", json={"question": text, "k": 20}).raise_for_status()
            elif kind < 0.92:
                body = {"left": text, "right": chance.choice(asked), "explain": True}
                client.post("/compare", json=body).raise_for_status()
            else:
                name = client.post("/questions", json={"question": text}).json()["ids"][0]
                client.delete(f"/questions/{name}").raise_for_status()

        while (passed := time.monotonic() - began) < 60 * options.soak:
            try:
                ask()
                done += 1
            except httpx.HTTPError:
                failed += 1
            if passed >= 60 * len(minutes):
                resident = round(process.memory_info().rss / 1e6)
                minutes.append({"minute": len(minutes), "resident_mb": resident})
                path = RESULTS / "service_soak.json"
                told = {"rate": RATE, "requests": done, "failed": failed, "minutes": minutes}
                write_result("service_soak", "the service's memory over time", told)
                print(path.name, minutes[-1], flush=True)
            stop.wait(max(0.0, began + done / RATE - time.monotonic()))


def prepare(options: argparse.Namespace) -> tuple[Path, Path]:
    """Make the corpus, unless it is there, and the script for wrk."""
    options.work.mkdir(parents=True, exist_ok=True)
    db = options.work / "site.db"
    if not db.exists():
        command = [sys.executable, "-m", "gemel", "index", str(options.questions), "--db", str(db)]
        subprocess.run(command, check=True)
    lines = options.asked.read_text(encoding="utf-8").splitlines()
    bodies = options.work / "bodies.txt"
    bodies.write_text("".join(json.dumps({"question": line}) + "\n" for line in lines if line))
    script = options.work / "check.lua"
    script.write_text(SCRIPT % bodies)
    return db, script


def main() -> None:
    """Read the options, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--asked", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--soak", type=float, default=0.0, metavar="MINUTES")
    parser.add_argument("--busy", action="store_true", help="measure on a busy machine too")
    options = parser.parse_args()
    if options.soak:
        soak(options)
    else:
        measure(options)


if __name__ == "__main__":
    main()

"""How much memory training takes when the same file is repeated up to ten million pairs.

python benchmarks/memory.py pairs.csv

Trains for a minute on the file once, ten times and sixty times over, with the settings of
configs/notebook.toml, and stops it.
"""

import argparse
import csv
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from record import write_result

HERE = Path(__file__).parent
TIMES = (1, 10, 60)
SECONDS_OF_TRAINING = 60


def repeat(source: Path, times: int, target: Path) -> int:
    """Write the rows of a CSV file several times; give their number."""
    with source.open(newline="", encoding="utf-8-sig") as stream:
        header, *rows = csv.reader(stream)
    with target.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        for _ in range(times):
            writer.writerows(rows)
    return times * len(rows)


def resident(process: int) -> float:
    """Give the highest resident memory of a process so far, in MB."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def measure(pairs: Path, out: Path) -> dict[str, Any]:
    """Train for a minute and stop."""
    command = [sys.executable, "-m", "gemel", "train", str(pairs), "--out", str(out)]
    command += [
        "--config",
        str(HERE.parent / "configs" / "notebook.toml"),
        "--logs",
        str(out.parent / "logs"),
    ]
    started = time.monotonic()
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "words in the vocabulary" in line:
                break
        ready, before = time.monotonic() - started, resident(process.pid)
        threading.Thread(target=process.stderr.read, daemon=True).start()
        time.sleep(SECONDS_OF_TRAINING)
        after = resident(process.pid)
        process.send_signal(signal.SIGTERM)
        process.wait()
    log = [
        json.loads(line)
        for line in (out.parent / "logs" / "training.jsonl").read_text().splitlines()
    ]
    return {
        "seconds_until_training": round(ready, 1),
        "peak_mb_before_training": round(before),
        "peak_mb_while_training": round(after),
        "batches_trained": log[-1]["step"],
    }


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("pairs", type=Path, help="a CSV file of pairs")
    options = parser.parse_args()
    runs = []
    for times in TIMES:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "pairs.csv"
            count = repeat(options.pairs, times, file)
            size = file.stat().st_size / 2**20
            run = {"pairs": count, "file_mb": round(size), **measure(file, Path(folder) / "m")}
        print(run, flush=True)
        runs.append(run)
    first, last = runs[0], runs[-1]
    growth = last["peak_mb_while_training"] - first["peak_mb_while_training"]
    result = {
        "runs": runs,
        "bytes_a_repeated_pair": round(growth * 2**20 / (last["pairs"] - first["pairs"]), 1),
    }
    write_result(
        "memory",
        "memory of `gemel train` on a file and on its repetitions, a minute of training",
        result,
    )


if __name__ == "__main__":
    main()

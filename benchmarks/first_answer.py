"""How long the first answer from the shell takes, and its memory, in a base install of its own.

    python benchmarks/first_answer.py --work first-answer-work

Makes an environment with gemel and nothing that it does not ask for, and types `gemel compare`.
"""

import argparse
import json
import statistics
import subprocess
import sys
import venv
from pathlib import Path

from machine import require_idle
from record import write_result

ROOT = Path(__file__).parent.parent
ROUNDS = 15
PROGRAM = (
    "import json, resource, subprocess, sys, time; started = time.perf_counter(); "
    "subprocess.run(sys.argv[1:], capture_output=True, check=True); "
    "seconds = time.perf_counter() - started; "
    "size = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024; "
    "print(json.dumps([seconds, size]))"
)
"""A process of its own starts the command: what this one holds would count as the child's."""


def main() -> None:
    """Run it and write `results/first_answer.json`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--work", type=Path, required=True, help="a folder to work in")
    parser.add_argument("--busy", action="store_true", help="measure on a busy machine too")
    options = parser.parse_args()
    binaries = options.work / "base" / "bin"
    if not binaries.exists():
        venv.create(options.work / "base", with_pip=True)
        pip = [str(binaries / "pip"), "install", "--quiet", str(ROOT)]
        subprocess.run(pip, check=True)
    if not options.busy:
        require_idle()
    command = [sys.executable, "-c", PROGRAM, str(binaries / "gemel"), "compare"]
    command += ["How old are you?", "What is your age?"]
    runs = [
        json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        for _ in range(ROUNDS + 1)
    ]
    seconds, sizes = zip(*runs[1:], strict=True)  # the first one compiles Python's files
    result = {
        "rounds": ROUNDS,
        "seconds": round(statistics.median(seconds), 3),
        "lowest": round(min(seconds), 3),
        "highest": round(max(seconds), 3),
        "resident_mb": round(max(sizes)),
    }
    print(result)
    write_result("first_answer", "the first answer of gemel compare, in a base install", result)


if __name__ == "__main__":
    main()

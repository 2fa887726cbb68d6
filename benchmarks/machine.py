"""What a figure must carry along: date, machine, versions, commit; and whether we were alone."""

import datetime
import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path

__all__ = ["describe", "require_idle"]

BUSY = 0.6
"""Load average above which another process is at work."""


def describe(*packages: str) -> dict[str, object]:
    """Say when, where and with which versions something was measured."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent,
    )
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "commit": commit.stdout.strip(),
        "versions": {name: importlib.metadata.version(name) for name in packages},
    }


def require_idle() -> None:
    """Stop if something else keeps the machine busy: its figures would be worth nothing."""
    load = os.getloadavg()[0]
    if load > BUSY:
        sys.exit(f"the machine is busy (load {load:.2f}); wait until it is idle, or add --busy")


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()

"""The first three minutes, as the README shows them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
VARIES = re.compile(r"^epoch |after \d+ s|^which may be|^better|no worse|spoke most")
"""Hangs on the machine: how long it takes, and what rounding does to so small a training."""


def without_numbers(line):
    """The words of a line; what is trained here has other last digits on another processor."""
    return re.sub(r"\d[\d.,]*", "#", line).partition(", which is")[0]


@pytest.mark.slow
def test_the_transcript_in_the_readme_is_what_the_demo_prints(tmp_path):
    place = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = [ROOT / "examples" / "demo.sh", "demo"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    printed = map(without_numbers, done.stdout.splitlines())
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = readme[readme.index("# 1. The data") :].partition("\n```")[0].splitlines()
    expected = [line for line in shown if line not in ("", "...") and not VARIES.search(line)]
    assert len(expected) > 20
    places = iter(printed)
    for line in map(without_numbers, expected):
        assert line in places, f"not printed, or not in this order: {line}"
    assert (tmp_path / "demo" / "report" / "index.html").exists()
    assert (tmp_path / "demo" / "audit.png").exists()


def test_the_demo_does_not_write_over_anything(tmp_path):
    done = subprocess.run(
        [ROOT / "examples" / "demo.sh", tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "exists already; remove it or name another folder" in done.stderr

"""The first three minutes: a tour that a newcomer reads without help."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "examples" / "demo.sh"


@pytest.mark.slow
def test_the_demo_answers_then_trains_in_sixty_lines(tmp_path):
    place = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        [DEMO, "demo"],
        cwd=tmp_path,
        env=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert len(done.stdout.splitlines()) <= 60
    shown = done.stdout
    places = [shown.index(each) for each in ("gemel compare", "gemel check", "gemel train")]
    assert places == sorted(places)
    assert "\nthe same " in shown
    assert "\nduplicate\n" in shown
    assert "\nno duplicate\n" in shown
    assert "better, and more than chance would explain" in " ".join(shown.split())
    assert (tmp_path / "demo" / "report" / "index.html").exists()
    assert (tmp_path / "demo" / "groups.html").exists()


def test_the_demo_does_not_write_over_anything(tmp_path):
    done = subprocess.run([DEMO, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "exists; remove it or name another folder" in done.stderr

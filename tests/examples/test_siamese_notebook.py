"""The notebook runs from its first cell to its last; its cells check themselves."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

NOTEBOOK = Path(__file__).parents[2] / "examples" / "siamese.ipynb"


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """Those of the notebook, as run here."""
    out = tmp_path_factory.mktemp("notebook") / "run.ipynb"
    jupyter = Path(sys.executable).with_name("jupyter-execute")
    subprocess.run([jupyter, NOTEBOOK, f"--output={out}", "--timeout=-1"], check=True)
    return nbformat.read(out, as_version=4).cells


def test_nothing_is_warned_of(cells):
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []


def test_what_is_kept_is_what_was_run(cells):
    """Not the very figures, which hang on the machine: as many cells, that report as much."""
    kept = nbformat.read(NOTEBOOK, as_version=4).cells
    assert any(cell.get("outputs") for cell in kept)
    for before, now in zip(kept, cells, strict=True):
        kinds = [output.output_type for output in now.get("outputs", ())]
        assert kinds == [output.output_type for output in before.get("outputs", ())]

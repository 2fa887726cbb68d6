"""The notebook runs from its first cell to its last; its cells check themselves."""

import sys
from pathlib import Path

import nbformat
import pytest
from jupyter_client import KernelManager
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "examples" / "siamese.ipynb"

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning:zmq", "ignore::ResourceWarning")


@pytest.fixture(scope="module")
def cells():
    """Those of the notebook, as run here."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    kernel = KernelManager()
    kernel.kernel_spec.argv[0] = sys.executable
    NotebookClient(notebook, km=kernel, timeout=300, record_timing=False).execute()
    return notebook.cells


def test_nothing_is_warned_of(cells):
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []


def test_what_is_kept_is_what_was_run(cells):
    """Not the very figures, which hang on the machine; that each cell says as much as it did."""
    kept = nbformat.read(NOTEBOOK, as_version=4).cells
    for before, now in zip(kept, cells, strict=True):
        kinds = [output.output_type for output in now.get("outputs", ())]
        assert kinds == [output.output_type for output in before.get("outputs", ())]

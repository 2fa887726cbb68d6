import importlib.util
from pathlib import Path

import pytest

from gemel.training import Silent


@pytest.fixture(scope="session")
def gradient_worker():
    """The module that processes of their own run too."""
    path = Path(__file__).with_name("gradient_worker.py")
    spec = importlib.util.spec_from_file_location("gradient_worker", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class NoteTaker(Silent):
    """Reporter that stores the notes of a training."""

    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


@pytest.fixture
def note_taker():
    return NoteTaker()

import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def gradient_worker():
    """The module that processes of their own run too."""
    path = Path(__file__).with_name("gradient_worker.py")
    spec = importlib.util.spec_from_file_location("gradient_worker", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

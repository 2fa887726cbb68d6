import numpy as np
import pytest

from gemel.search.opening import open_store
from gemel.search.records import NewQuestion

DIM = 8
KINDS = ["sqlite", "postgres"]


@pytest.fixture(scope="session", params=KINDS)
def new_store(request, tmp_path_factory):
    """A function that names a store that is not there yet, one for each kind."""
    if request.param == "postgres":
        return request.getfixturevalue("new_database")
    return lambda: str(tmp_path_factory.mktemp("store") / "questions.db")


@pytest.fixture
def where(new_store):
    """The name of a store that is not there yet."""
    return new_store()


@pytest.fixture
def store(where):
    """A new, empty store of each kind."""
    with open_store(where) as opened:
        yield opened


def unit_vectors(count, seed=0, dim=DIM):
    drawn = np.random.default_rng(seed).normal(size=(count, dim))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def question(name, text=None, **metadata):
    return NewQuestion(
        id=name, text=f"What is {name}?" if text is None else text, metadata=metadata
    )


@pytest.fixture(scope="session")
def vectors():
    return unit_vectors


@pytest.fixture(scope="session")
def ask():
    return question

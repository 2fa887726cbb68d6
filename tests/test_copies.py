"""Copies of engines, models and indexes: pickled, deep-copied, in other processes and threads."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
import torch

from gemel import api
from gemel.errors import StoreError
from gemel.folder import Model
from gemel.inference import Engine
from gemel.models import SiameseModel

TEXTS = ["How old are you?", "What is your age?", "Why is the zebra blue?", "안녕"]


def by_pickle(thing):
    return pickle.loads(pickle.dumps(thing))


COPIES = [by_pickle, copy.deepcopy, copy.copy]


def found(index, text):
    return [(match.question.id, match.cosine) for match in index.search(text)]


@pytest.fixture
def index(tmp_path, tiny_model):
    with api.open_index(str(tmp_path / "x.db"), Engine(tiny_model)) as opened:
        for place, text in enumerate(TEXTS):
            opened.add(text, id=str(place))
        yield opened


@pytest.mark.parametrize("copied", COPIES)
@pytest.mark.parametrize("backend", ["auto", "numpy"])
def test_an_engine(tiny_model, copied, backend):
    engine = Engine(tiny_model, backend=backend)
    other = copied(engine)
    assert other.backend.name == engine.backend.name
    assert np.array_equal(other.encode(TEXTS), engine.encode(TEXTS))
    assert np.array_equal(
        other.similarity(TEXTS, TEXTS[::-1]), engine.similarity(TEXTS, TEXTS[::-1])
    )
    assert other.explain(*TEXTS[:2]) == engine.explain(*TEXTS[:2])


@pytest.mark.parametrize("copied", COPIES)
def test_a_model(tiny_model, copied):
    other = copied(tiny_model)
    assert isinstance(other, Model)
    assert other.fingerprint == tiny_model.fingerprint
    assert np.array_equal(Engine(other).encode(TEXTS), Engine(tiny_model).encode(TEXTS))


@pytest.mark.parametrize("copied", COPIES)
def test_a_siamese_model(copied):
    model = SiameseModel(11, 4, "eval")
    ids = torch.tensor([[2, 3, 1, 1], [4, 5, 6, 7]])
    expected = model.processor(ids)
    assert torch.equal(copied(model).processor(ids), expected)


@pytest.mark.parametrize("copied", [by_pickle, copy.deepcopy])
def test_an_index_opens_its_store_once_more(index, copied):
    expected = found(index, TEXTS[0])  # its neighbours are open
    with copied(index) as other:
        assert found(other, TEXTS[0]) == expected
        other.add("How are you?", id="new")
    assert index.remove("new") == ["new"]


def test_an_index_whose_file_is_gone(index, tmp_path):
    packed = pickle.dumps(index)
    (tmp_path / "x.db").rename(tmp_path / "elsewhere.db")
    with pytest.raises(StoreError, match="no such store"):
        pickle.loads(packed)
    (tmp_path / "elsewhere.db").rename(tmp_path / "x.db")


def test_threads_share_one(index):
    engine = index.engine
    with ThreadPoolExecutor(4) as pool:
        for vectors in pool.map(lambda _: engine.encode(TEXTS), range(20)):
            assert np.array_equal(vectors, engine.encode(TEXTS))
        assert len(set(map(str, pool.map(lambda _: found(index, TEXTS[0]), range(20))))) == 1


def test_processes_of_joblib(index):
    with joblib.parallel_config("loky", n_jobs=2):
        vectors = joblib.Parallel()(
            joblib.delayed(Engine.encode)(index.engine, [text]) for text in TEXTS
        )
        matches = joblib.Parallel()(
            joblib.delayed(type(index).search)(index, TEXTS[0]) for _ in "ab"
        )
    assert np.array_equal(np.concatenate(vectors), index.engine.encode(TEXTS))
    assert [match.question.id for match in matches[0]] == [
        name for name, _ in found(index, TEXTS[0])
    ]


def test_a_process_that_is_spawned(index):
    import multiprocessing

    with multiprocessing.get_context("spawn").Pool(1) as pool:
        vectors = pool.apply(index.engine.encode, (TEXTS,))
        matches = pool.apply(index.search, (TEXTS[0],))
    assert np.array_equal(vectors, index.engine.encode(TEXTS))
    assert matches == index.search(TEXTS[0])

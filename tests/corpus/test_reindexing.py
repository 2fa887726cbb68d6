import dataclasses

import numpy as np
import pytest

from gemel.corpus import store_jobs as reindexing
from gemel.corpus.store_jobs import reindex
from gemel.inference import Engine
from gemel.store.base import NewQuestion

TEXTS = [f"how old are {number} people" for number in range(8)]


@pytest.fixture
def engine(tiny_model):
    return Engine(tiny_model)


@pytest.fixture
def other(tiny_model):
    weights = {name: array[::-1].copy() for name, array in tiny_model.weights.items()}
    return Engine(dataclasses.replace(tiny_model, weights=weights))


@pytest.fixture
def filled(store, engine):
    add(store, engine, TEXTS)
    return store


@pytest.fixture(autouse=True)
def small_lots(monkeypatch):
    monkeypatch.setattr(reindexing, "_BATCH", 3)


def add(store, engine, texts, prefix="q"):
    questions = [NewQuestion(id=f"{prefix}{n}", text=text) for n, text in enumerate(texts)]
    store.add(questions, engine.encode(texts), engine.model.fingerprint)


def test_all_questions_get_the_vectors_of_the_other_model(filled, other):
    assert reindex(filled, other) == len(TEXTS)
    state = filled.state()
    assert (state.model, state.reindexing) == (other.model.fingerprint, "")
    np.testing.assert_allclose(filled.changes(0).vectors, other.encode(TEXTS), atol=1e-3)


def test_there_is_nothing_to_do_twice(filled, engine, other):
    assert reindex(filled, engine) == 0
    reindex(filled, other)
    assert reindex(filled, other) == 0


def test_the_old_vectors_answer_until_it_is_done_and_what_was_stopped_is_resumed(
    filled, engine, other
):
    def stop(_, done, total):
        assert total == len(TEXTS)
        if done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reindex(filled, other, progress=stop)
    assert filled.state().model == engine.model.fingerprint
    np.testing.assert_allclose(filled.changes(0).vectors, engine.encode(TEXTS), atol=1e-3)
    assert filled.state().reindexed == 6
    told = []
    assert reindex(filled, other, progress=lambda _, done, __: told.append(done)) == len(TEXTS)
    assert told == [8]


def test_what_is_added_meanwhile_is_encoded_too(filled, engine, other, monkeypatch):
    finish, times = type(filled).finish_reindex, []

    def add_first(store):
        if not times:
            times.append(1)
            add(store, engine, ["a latecomer"], "late")
        finish(store)

    monkeypatch.setattr(type(filled), "finish_reindex", add_first)
    assert reindex(filled, other) == len(TEXTS) + 1
    vectors = filled.changes(0).vectors
    np.testing.assert_allclose(vectors[-1], other.encode(["a latecomer"])[0], atol=1e-3)

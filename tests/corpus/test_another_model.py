"""Another model's vectors take the place of the first's, in every store."""

import numpy as np
import pytest

from gemel.errors import DataError
from gemel.store.base import StoreState


def test_another_model_takes_the_place_of_the_first(store, ask, vectors):
    first = store.add([ask("a"), ask("b")], vectors(2), "one")
    store.begin_reindex("two", 3)
    state = store.state()
    assert (state.model, state.reindexing, state.reindexed) == ("one", "two", 0)
    third = store.add([ask("c")], vectors(1, 1), "one")
    (lone,) = store.without_vector(most=1)
    assert lone.id == "a"
    keys = np.array([kept.key for kept in store.without_vector()])
    assert keys.tolist() == [*first, *third]
    store.put_vectors(keys[:2], vectors(2, 2, dim=3))
    store.put_vectors(keys[1:2], vectors(1, 3, dim=3))
    assert store.state().reindexed == 2
    store.begin_reindex("two", 3)
    assert [kept.key for kept in store.without_vector()] == third.tolist()
    np.testing.assert_array_equal(
        store.changes(0).vectors, np.concatenate([vectors(2), vectors(1, 1)]).astype(np.float16)
    )
    with pytest.raises(DataError, match="2 of 3 questions have a vector of the model two"):
        store.finish_reindex()
    store.remove(["a"])
    assert store.state().reindexed == 1
    store.put_vectors(np.array([keys[0], third[0], 10**9]), vectors(3, 4, dim=3))
    store.finish_reindex()
    after = store.state()
    assert after._replace(sequence=0) == StoreState(0, 1, "two", 3, 2, "", 0, state.identity)
    assert after.sequence > state.sequence
    changes = store.changes(0)
    assert changes.generation == 1
    assert changes.keys.tolist() == [keys[1], third[0]]
    expected = np.concatenate([vectors(1, 3, dim=3), vectors(3, 4, dim=3)[1:2]])
    np.testing.assert_array_equal(changes.vectors, expected.astype(np.float16))
    store.add([ask("d")], vectors(1, dim=3), "two")


def test_a_third_model_gives_up_the_second(store, ask, vectors):
    keys = store.add([ask("a")], vectors(1), "one")
    store.begin_reindex("two", 3)
    store.put_vectors(keys, vectors(1, dim=3))
    store.begin_reindex("three", 4)
    assert store.state().reindexing == "three"
    assert store.state().reindexed == 0
    with pytest.raises(DataError, match="vectors of 3 numbers, where 4 are expected"):
        store.put_vectors(keys, vectors(1, dim=3))
    store.put_vectors(keys, vectors(1, dim=4))
    store.finish_reindex()
    assert store.state().dim == 4


def test_a_replaced_question_needs_a_vector_again(store, ask, vectors):
    keys = store.add([ask("a")], vectors(1), "one")
    store.begin_reindex("two", 3)
    store.put_vectors(keys, vectors(1, dim=3))
    store.add([ask("a")], vectors(1), "one", replace=True)
    assert store.state().reindexed == 0
    assert [kept.id for kept in store.without_vector()] == ["a"]


def test_reindexing_that_makes_no_sense_is_refused(store, ask, vectors):
    keys = store.add([ask("a")], vectors(1), "one")
    assert store.without_vector() == []
    for model in ("one", ""):
        with pytest.raises(DataError, match=f"the model '{model}' made the vectors"):
            store.begin_reindex(model, 8)
    with pytest.raises(DataError, match="vectors of 0 numbers"):
        store.begin_reindex("two", 0)
    with pytest.raises(DataError, match="no reindexing was begun"):
        store.finish_reindex()
    with pytest.raises(DataError, match="where no are expected; begin_reindex"):
        store.put_vectors(keys, vectors(1))
    store.begin_reindex("two", 8)
    with pytest.raises(DataError, match="a key occurs twice"):
        store.put_vectors(np.repeat(keys, 2), vectors(2))

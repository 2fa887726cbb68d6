"""Whatever is done to a store, it holds what a plain dict would; so does who follows it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemel.errors import DataError
from gemel.store.connection import open_store


class Replica:
    """What follows the changes of a store, in small batches, and sees nothing else."""

    def __init__(self):
        self.since, self.generation, self.vectors = 0, None, {}

    def follow(self, store):
        while self.since < store.state().sequence or self.generation is None:
            changes = store.changes(self.since, most=3)
            if changes.generation != self.generation:
                self.since, self.generation, self.vectors = 0, changes.generation, {}
                changes = store.changes(0, most=3)
            self.since = changes.until
            self.vectors |= zip(changes.keys.tolist(), changes.vectors.tolist(), strict=True)
            for key in changes.removed.tolist():
                self.vectors.pop(key, None)


NAMED = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=5)
STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "replace"]), NAMED)
    | st.tuples(st.just("remove"), NAMED)
    | st.tuples(st.sampled_from(["begin", "put", "finish", "follow", "reopen"]), st.just([])),
    max_size=25,
)


@settings(max_examples=25)
@given(steps=STEPS)
def test_a_store_does_what_a_dict_does(new_store, steps, ask, vectors):
    where = new_store()
    store = open_store(where)
    kept, made, served, next_model = {}, {}, 0, None
    replicas = [Replica(), Replica()]
    for number, (step, names) in enumerate(steps):
        new = vectors(len(names), number) if names else np.zeros((0, 8), np.float32)
        if step in ("add", "replace"):
            asked = [ask(name, f"{name} {number}", n=number % 3) for name in names]
            if step == "add" and kept.keys() & set(names):
                with pytest.raises(DataError):
                    store.add(asked, new, f"model {served}")
            elif names:
                keys = store.add(asked, new, f"model {served}", replace=step == "replace")
                rows = zip(names, keys.tolist(), asked, new.astype(np.float16), strict=True)
                for name, key, each, vector in rows:
                    kept.pop(name, None)
                    kept[name] = (key, each.text, each.metadata, vector.tolist())
        elif step == "remove":
            assert store.remove(names) == [name for name in names if kept.pop(name, None)]
        elif step == "begin" and store.state().model:
            next_model = f"model {served + 1}"
            store.begin_reindex(next_model, 8)
        elif step == "put" and next_model:
            keys = np.array([each.key for each in store.without_vector(most=3)], np.int64)
            if len(keys):
                put = vectors(len(keys), 1000 + number)
                store.put_vectors(keys, put)
                made |= zip(keys.tolist(), put.astype(np.float16).tolist(), strict=True)
        elif step == "finish" and next_model:
            if any(key not in made for key, *_ in kept.values()):
                with pytest.raises(DataError):
                    store.finish_reindex()
            else:
                store.finish_reindex()
                kept = {name: (key, *rest[:-1], made[key]) for name, (key, *rest) in kept.items()}
                made, served, next_model = {}, served + 1, None
        elif step == "follow":
            replicas[0].follow(store)
        elif step == "reopen":
            store.close()
            store = open_store(where)
        assert {each.id: (each.key, each.text) for lot in store.scan(chunk=2) for each in lot} == {
            name: (key, text) for name, (key, text, *_) in kept.items()
        }
    for n in range(3):
        expected = sorted(key for key, _, metadata, _ in kept.values() if metadata["n"] == n)
        assert store.where({"n": n}).tolist() == expected
    for replica in replicas:
        replica.follow(store)
        assert replica.vectors == {key: vector for key, *_, vector in kept.values()}
    assert store.state().questions == len(kept)
    store.close()

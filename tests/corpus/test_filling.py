import json

import numpy as np
import pytest

from gemel.corpus import store_jobs as filling
from gemel.corpus.store_jobs import fill_store
from gemel.data import QuestionColumns
from gemel.errors import DataError, ModelMismatchError, StoreError
from gemel.inference import Engine
from gemel.store.connection import open_store


@pytest.fixture
def engine(tiny_model):
    return Engine(tiny_model)


@pytest.fixture
def put(tmp_path):
    def write(name, *rows):
        path = tmp_path / name
        path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
        return path

    return write


@pytest.fixture(autouse=True)
def small_lots(monkeypatch):
    monkeypatch.setattr(filling, "_BATCH", 3)


def kept(store):
    return {each.id: (each.text, dict(each.metadata)) for lot in store.scan() for each in lot}


def test_questions_are_kept_with_their_vectors(store, engine, put):
    texts = [f"how old are {number} people" for number in range(8)]
    done = fill_store(store, engine, put("q.txt", *texts))
    assert (done.added, done.replaced, done.there, done.questions) == (8, 0, 0, 8)
    assert kept(store) == {str(line): (text, {}) for line, text in enumerate(texts, 1)}
    changes = store.changes(0)
    np.testing.assert_allclose(changes.vectors, engine.encode(texts), atol=1e-3)
    assert store.state().model == engine.model.fingerprint


def test_what_goes_along_is_kept(store, engine, put):
    rows = [json.dumps({"text": "one?", "id": 7, "forum": "a", "votes": 3})]
    columns = QuestionColumns(kept=("forum", "votes"))
    fill_store(store, engine, put("q.jsonl", *rows), columns=columns, prefix="x-")
    assert kept(store) == {"x-7": ("one?", {"forum": "a", "votes": 3})}


def test_what_was_stopped_is_resumed(store, engine, put):
    path = put("q.txt", *(f"question {number}" for number in range(8)))

    def stop(_, done, __):
        if done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill_store(store, engine, path, progress=stop)
    assert len(kept(store)) == 6
    before = store.state().sequence
    done = fill_store(store, engine, path)
    assert (done.added, done.there, done.questions) == (2, 6, 8)
    assert store.state().sequence == before + 2


@pytest.mark.parametrize(
    ("second", "problem"),
    [
        (
            ["1,one?", "1,two?"],
            r"q\.csv:3: has the id '1', .* \('one\?'\); give each an id of its own",
        ),
        (["1,one?", "9,a", "9,b"], r"q\.csv:4: has the id '9'.*--prefix$"),
    ],
)
def test_an_id_is_of_one_question(store, engine, put, second, problem):
    path = put("q.csv", "id,question", *second)
    with pytest.raises(DataError, match=problem):
        fill_store(store, engine, path)


def test_another_text_of_an_id_is_refused_or_replaces(store, engine, put):
    fill_store(store, engine, put("a.csv", "id,question", "1,one?", "2,two?"))
    path = put("b.csv", "id,question", "1,one?", "2,TWO?", "3,three?")
    with pytest.raises(DataError, match=r"b\.csv:3: has the id '2'.*'two\?'.*or add --replace"):
        fill_store(store, engine, path)
    assert kept(store)["2"] == ("two?", {})
    done = fill_store(store, engine, path, replace=True)
    assert (done.added, done.replaced, done.there, done.questions) == (1, 1, 1, 3)
    assert kept(store)["2"] == ("TWO?", {})


def test_blank_questions_are_bad_rows(store, engine, put, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = put("q.csv", "question", "one?", "\u200b")
    with pytest.raises(DataError, match=r"q\.csv:3: the question has no word or mark"):
        fill_store(store, engine, path)
    done = fill_store(store, engine, path, skip_bad=1)
    assert (done.added + done.there, done.questions) == (1, 1)


def test_a_file_without_questions(store, engine, put):
    with pytest.raises(DataError, match="has no questions"):
        fill_store(store, engine, put("q.csv", "question"))


def test_another_model_is_refused(where, engine, put, tiny_model):
    import dataclasses

    with open_store(where) as store:
        fill_store(store, engine, put("q.txt", "one?"))
        weights = {name: array * 2 for name, array in tiny_model.weights.items()}
        other = Engine(dataclasses.replace(tiny_model, weights=weights))
        with pytest.raises(ModelMismatchError, match="index it again"):
            fill_store(store, other, put("r.txt", "x", "y"), prefix="r")
        assert store.state().questions == 1
    with pytest.raises(StoreError, match="closed"):
        fill_store(store, engine, put("q.txt", "one?"))

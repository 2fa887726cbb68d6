"""A copy of a question is found first, however far its vector is."""

import dataclasses

import numpy as np
import pytest

from gemel.corpus.duplicate_index import DuplicateIndex
from gemel.corpus.matches import Query
from gemel.corpus.store_jobs import reindex
from gemel.data import Pairs
from gemel.duplicates.pipeline import find_duplicates
from gemel.inference import Engine
from gemel.mining.mining_questions import gather_questions
from gemel.store.base import NewQuestion
from gemel.store.connection import open_store, restore
from gemel.store.input_checks import copy_facet

ASKED = "Is the sky blue?"
COPY = "Is  the \u201cSky\u201d blue!"
OTHERS = [f"is the sky {word} blue" for word in ["so", "how", "old", "your", "age", "never"]]


@pytest.fixture
def engine(tiny_model):
    return Engine(tiny_model)


@pytest.fixture
def index(store, engine):
    """A corpus whose copies of `ASKED` have the vectors that are farthest from it."""
    index = DuplicateIndex(store, engine)
    for number, text in enumerate(OTHERS):
        index.add(text, id=f"other {number}", metadata={"forum": number % 2})
    add_copies(index, {"copy 0": 0, "copy 1": 1})
    return index


def add_copies(index, forums):
    far = np.repeat(-index.engine.encode([ASKED]), len(forums), axis=0)
    copies = [
        NewQuestion(id=name, text=COPY, metadata={"forum": forum}) for name, forum in forums.items()
    ]
    index.store.add(copies, far, index.engine.model.fingerprint)


def ids(matches):
    return [match.question.id for match in matches]


def test_copies_come_first(index):
    for find in (index.search, index.check):
        assert ids(find(ASKED, 1)) == ["copy 0"]
        found = find(ASKED, 4)
        assert ids(found)[:2] == ["copy 0", "copy 1"]
        assert len(set(ids(found))) == len(found) == 4
        assert [match.verdict.similarity for match in found][:2] == [1, 1]
        assert found[0].verdict.answer == "the same"
        assert found[0].verdict.probability >= 0.99
        assert found[0].cosine == pytest.approx(-1, abs=1e-3)
        assert all(match.verdict.similarity < 1 for match in found[2:])
        assert len(find(ASKED, 100)) == len(index)


def test_a_filter_holds_for_copies_too(index):
    found = index.check(ASKED, 3, where={"forum": 1})
    assert ids(found)[0] == "copy 1"
    assert all(match.question.metadata == {"forum": 1} for match in found)
    assert ids(index.search(ASKED, 1, where={"forum": 0})) == ["copy 0"]


def test_many_are_asked_at_once(index):
    asked = [Query(text, 2, where) for text in (ASKED, OTHERS[0]) for where in (None, {"forum": 0})]
    found = index.check_all(asked)
    assert [ids(matches)[0] for matches in found] == ["copy 0", "copy 0", "other 0", "other 0"]


def test_a_removed_copy_is_not_found(index):
    index.remove("copy 0")
    assert ids(index.check(ASKED, 1)) == ["copy 1"]
    index.add("something else", id="copy 1", replace=True)
    assert "copy 1" not in ids(index.check(ASKED, 3))
    assert [keys.tolist() for keys in index.store.copies([ASKED], 9)] == [[]]


def test_as_many_copies_are_known_as_are_wanted(index):
    assert [len(keys) for keys in index.store.copies([ASKED, "no", COPY], 1)] == [1, 0, 1]
    first, *_ = index.store.copies([ASKED], 9)
    assert [question.id for question in index.store.get(first.tolist())] == ["copy 0", "copy 1"]


def test_a_corpus_of_an_older_gemel_learns_its_copies_at_reindexing(index, tiny_model):
    with index.store.changing() as (session, _):
        session.run("DELETE FROM facets WHERE facet = ?", (copy_facet(ASKED),))
    assert "copy 0" not in ids(index.check(ASKED, 1))
    found = index.check(ASKED, len(index))  # what is found by its vector is first all the same
    assert ids(found)[:2] == ["copy 0", "copy 1"]
    assert ids(index.search(ASKED, len(index)))[:2] == ["copy 0", "copy 1"]
    assert reindex(index.store, index.engine) == reindex(index.store, index.engine) == 0
    assert ids(index.check(ASKED, 1)) == ["copy 0"]
    with index.store.changing() as (session, _):
        session.run("DELETE FROM facets WHERE facet = ?", (copy_facet(ASKED),))
    weights = {name: array[::-1].copy() for name, array in tiny_model.weights.items()}
    other = Engine(dataclasses.replace(tiny_model, weights=weights))
    reindex(index.store, other)
    assert [len(keys) for keys in index.store.copies([ASKED, OTHERS[0]], 9)] == [2, 1]
    assert ids(DuplicateIndex(index.store, other).check(ASKED, 1)) == ["copy 0"]


def test_a_restored_corpus_knows_them(index, new_store, tmp_path):
    index.store.backup(tmp_path / "backup.db")
    where = new_store()
    restore(tmp_path / "backup.db", where)
    with open_store(where) as restored:
        assert [len(keys) for keys in restored.copies([ASKED], 9)] == [2]


def test_copies_are_one_question_of_a_corpus(engine):
    texts = [ASKED, COPY, "is the sky blue", OTHERS[1], "10\u2074 rooms", "104 rooms"]
    found = find_duplicates(engine, [str(row) for row in range(len(texts))], texts)
    assert found.exact == 2
    assert found.copies[0] == found.copies[1] == found.copies[2]
    assert len(set(found.copies.tolist())) == 4
    assert all(one < 1 for one in found.pairs.similarity.tolist())


def test_a_copy_is_no_negative():
    pairs = [(ASKED, OTHERS[0], True), (OTHERS[1], OTHERS[2], False)]
    found = gather_questions(Pairs.of(*zip(*pairs, strict=True)), [COPY, *OTHERS])
    assert COPY not in found.texts
    assert found.texts[0] == ASKED

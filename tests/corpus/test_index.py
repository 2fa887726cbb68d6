import dataclasses
import threading

import pytest

from gemel.corpus.duplicate_index import DuplicateIndex
from gemel.corpus.matches import Query
from gemel.errors import ConfigError, DataError, ModelMismatchError, StoreError
from gemel.inference import Engine
from gemel.store.base import NewQuestion
from gemel.store.connection import open_store

TEXTS = [f"how old are {number} people in {number % 3} rooms" for number in range(12)]


@pytest.fixture
def engine(tiny_model):
    return Engine(tiny_model)


@pytest.fixture
def index(store, engine):
    index = DuplicateIndex(store, engine)
    index.add_all([question(number, text) for number, text in enumerate(TEXTS)])
    return index


def question(number, text):
    return NewQuestion(id=f"q{number}", text=text, metadata={"room": number % 3})


def ids(matches):
    return [match.question.id for match in matches]


def test_what_is_added_is_found(index):
    name = index.add("Why is the sky blue?", metadata={"forum": "sky"})
    assert len(index) == len(TEXTS) + 1
    (match,) = index.search("Why is the sky blue?", 1)
    assert (match.question.id, match.question.metadata) == (name, {"forum": "sky"})
    assert match.verdict.similarity == 1
    assert match.verdict.is_duplicate


def test_search_is_by_the_cosine_with_the_verdicts_of_the_model(index, engine):
    asked = "how old are they"
    found = index.search(asked, len(TEXTS))
    cosines = dict(zip(TEXTS, engine.cosine([asked] * len(TEXTS), TEXTS).tolist(), strict=True))
    ordered = [match.cosine for match in found]
    assert ordered == sorted(ordered, reverse=True)
    for match in found:
        assert match.cosine == pytest.approx(cosines[match.question.text], abs=3e-3)
        expected = engine.predict(asked, match.question.text)
        assert match.verdict.probability == pytest.approx(expected.probability, abs=0.02)


def test_a_check_judges_the_nearest_and_puts_the_likeliest_first(index, monkeypatch):
    def turned_round(self, left, right):
        return -cosine(self, left, right)

    cosine = Engine.score
    monkeypatch.setattr(Engine, "score", turned_round)
    nearest = index.search("how old are they", 4)
    checked = index.check("how old are they", 4)
    assert set(ids(checked)) == set(ids(nearest))
    cosines = [match.cosine for match in checked]
    assert cosines == sorted(cosines)
    assert cosines[0] < cosines[-1]


def test_many_are_answered_together_as_each_is_by_itself(index):
    asked = [
        Query("how old are they", 3),
        Query(TEXTS[5], 1, {"room": 2}),
        Query("two people", 20),
        Query(TEXTS[5], 2, {"room": 1}),
        Query("how old are they", 3, {}),
        Query(TEXTS[1], 2, {"room": 7}),
    ]
    found = index.search_all(asked)
    each_alone = [index.search(text, k, where=where) for text, k, where in asked]
    assert [ids(matches) for matches in found] == [ids(alone) for alone in each_alone]
    assert [len(matches) for matches in found] == [3, 1, len(TEXTS), 2, 3, 0]
    for matches, each in zip(index.check_all(asked), asked, strict=True):
        alone = index.check(each.text, each.k, where=each.where)
        assert ids(matches) == ids(alone)
        likely = [match.verdict.probability for match in matches]
        assert likely == pytest.approx([match.verdict.probability for match in alone], abs=1e-5)
    assert index.search_all([]) == []


def test_what_is_removed_is_gone(index):
    assert index.remove("q3", "q4", "nothing") == ["q3", "q4"]
    assert {"q3", "q4"}.isdisjoint(ids(index.search(TEXTS[3], 20)))
    assert len(index) == len(TEXTS) - 2


def test_a_filter_still_gives_as_many_as_there_are(index):
    found = index.search(TEXTS[0], 4, where={"room": 1})
    assert len(found) == 4
    assert all(match.question.metadata["room"] == 1 for match in found)
    assert len(index.check(TEXTS[0], 9, where={"room": 2})) == 4
    assert index.search(TEXTS[0], 4, where={"room": 7}) == []


def test_a_question_of_another_id_replaces_if_it_may(index):
    with pytest.raises(DataError, match="exist already"):
        index.add("something else", id="q0")
    index.add("something else", id="q0", replace=True)
    assert index.search("something else", 1)[0].question.id == "q0"


def test_an_empty_corpus_answers(store, engine):
    index = DuplicateIndex(store, engine)
    assert index.search("anything?") == index.check("anything?") == []
    assert index.duplicates().groups == ()


@pytest.mark.parametrize("text", ["", " \u200b"])
def test_blank_questions_are_refused(index, text):
    for call in (index.add, index.search, index.check):
        with pytest.raises(DataError, match="no word or mark"):
            call(text)
    with pytest.raises(ConfigError, match="k must be a whole number of 1 at least"):
        index.search("a", 0)


def test_another_model_is_refused_also_while_one_is_at_it(index, engine, tiny_model):
    weights = {name: array[::-1].copy() for name, array in tiny_model.weights.items()}
    other = Engine(dataclasses.replace(tiny_model, weights=weights))
    with pytest.raises(ModelMismatchError, match="gemel reindex"):
        DuplicateIndex(index.store, other)
    from gemel.corpus.store_jobs import reindex

    index.search("how old", 1)
    reindex(index.store, other)
    for call in (index.search, index.add):
        with pytest.raises(ModelMismatchError):
            call("how old")
    assert len(DuplicateIndex(index.store, other).search("how old", 20)) == len(TEXTS)


def test_what_others_add_and_remove_is_seen_at_once(where, engine):
    with open_store(where) as one, open_store(where) as other:
        mine, theirs = DuplicateIndex(one, engine), DuplicateIndex(other, engine)
        name = theirs.add("a new one?")
        assert ids(mine.search("a new one?", 1)) == [name]
        theirs.remove(name)
        assert mine.search("a new one?", 1) == []


def test_many_threads_ask_while_one_adds_and_removes(index):
    problems = []
    ended = threading.Event()

    def ask():
        while not ended.is_set():
            try:
                assert index.search(TEXTS[5], 1)[0].question.id == "q5"
            except BaseException as error:
                problems.append(error)
                return

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(30):
        index.add(f"one more, number {number}", id=f"x{number}")
        index.remove(f"x{number}")
    ended.set()
    for thread in threads:
        thread.join()
    assert problems == []


def test_duplicates_of_a_corpus(index):
    index.add(TEXTS[2], id="twin")
    found = index.duplicates(probability=1.0, floor=0.9999)
    assert {"q2", "twin"} in [{member.id for member in group.members} for group in found.groups]


def test_closing_lets_go(index):
    with index:
        index.search("how old", 1)
    with pytest.raises(StoreError, match="closed"):
        index.search("how old", 1)

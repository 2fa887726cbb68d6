import numpy as np
import pytest

from gemel.data import Pairs
from gemel.errors import DataError
from gemel.mining.mining_questions import gather_questions


def gather(rows, corpus=None):
    return gather_questions(Pairs.of(*zip(*rows, strict=True)), corpus)


def words(questions, numbers):
    return [questions.texts[number] for number in numbers.tolist()]


def test_anchors_and_positives_occur_once_and_in_order():
    found = gather(
        [
            ("B", "c", 1),
            ("a", "b ", 1),
            ("b", "d", 1),
            ("b", "C", 1),
            ("x", "y", 0),
            ("a", "a ", 1),
            ("", "a", 1),
        ]
    )
    assert words(found, found.anchors) == ["B", "a"]
    assert words(found, found.positives) == ["c", "d", "B"]
    assert found.starts.tolist() == [0, 2, 3]
    assert (found.copies, found.blanks) == (1, 1)
    assert sorted(found.texts) == ["B", "a", "c", "d", "x", "y"]
    assert found.candidates == 6


def test_candidates_of_a_corpus_come_first_and_are_spelled_as_the_pairs_are():
    found = gather([("a b?", "C?", 1), ("d?", "e?", 0)], ["ab?", "z?", "c?", "Z?"])
    assert found.texts == ["a b?", "z?", "C?", "d?", "e?"]
    assert found.candidates == 3
    assert words(found, found.anchors) == ["a b?"]
    assert found.groups.tolist() == [0, 1, 0, 3, 4]


def test_pairs_that_are_labelled_apart_are_known_from_either_side():
    found = gather([("a", "b", 1), ("c", "a", 0), ("A", "c", 0), ("b", "d", 0)])
    number = {text: np.array([place]) for place, text in enumerate(found.texts)}
    for one, other, apart in [("a", "c", 1), ("c", "a", 1), ("d", "b", 1), ("a", "d", 0)]:
        assert found.are_apart(number[one], number[other]).tolist() == [bool(apart)]
    none = gather([("a", "b", 1)])
    assert none.are_apart(np.array([0, 1]), np.array([1, 0])).tolist() == [False, False]


@pytest.mark.parametrize(
    ("rows", "corpus", "message"),
    [
        ([("a", "b", 0)], None, "none of its 1 pairs is labelled as asking the same"),
        ([("a", "A", 1), ("", "b", 1)], None, "of its 2 duplicates none has two different"),
        ([("a", "b", 1)], [], "the corpus has no questions"),
    ],
)
def test_nothing_to_mine_for_is_reported(rows, corpus, message):
    with pytest.raises(DataError) as raised:
        gather(rows, corpus)
    assert message in str(raised.value)

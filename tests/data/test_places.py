from decimal import Decimal

import pytest

from gemel.data import QuestionPair
from gemel.data.bad_rows import BadRowError
from gemel.data.places import Places, label_of


@pytest.mark.parametrize("value", ["1", " 1 ", "1.0", "true", "TRUE", True, 1, 1.0, Decimal(1)])
def test_labels_that_say_the_same(value):
    assert label_of(value) is True


@pytest.mark.parametrize("value", ["0", "0\n", "0.0", "false", "False", False, 0, 0.0])
def test_labels_that_say_not(value):
    assert label_of(value) is False


@pytest.mark.parametrize(
    "value", ["2", "0.1", "", "yes", "½", 2, -1, 0.5, None, [], [1], {}, "nan"]
)
def test_what_is_no_label(value):
    with pytest.raises(BadRowError, match=r"has the label .*; expected 0 or 1"):
        label_of(value)


@pytest.mark.parametrize("value", ["4.75", 3, 0.5])
def test_a_graded_similarity_is_named(value):
    with pytest.raises(BadRowError, match="turn a graded similarity into 0 and 1 first"):
        label_of(value)


@pytest.mark.parametrize("value", ["yes", "", None])
def test_other_labels_are_not_called_graded(value):
    with pytest.raises(BadRowError, match=r"expected 0 or 1$"):
        label_of(value)


@pytest.mark.parametrize("negative", [None, ""])
def test_no_negative_no_pair(negative):
    places = Places(("a", "p", "n"), 0, 1, None, 2)
    assert places.read(["x", "y", negative], 7) == (QuestionPair("x", "y", True, 7),)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (["x", None, "z"], "has null as p; expected a text"),
        ([3, None, "z"], "has 3 as a; expected a text"),
        (["x", "y", {"z": 1}], r"has \{'z': 1\} as n; expected a text"),
        (["x", "y"], "has 2 columns; expected 3"),
    ],
)
def test_what_is_no_text(fields, problem):
    with pytest.raises(BadRowError, match=problem):
        Places(("a", "p", "n"), 0, 1, None, 2).read(fields, 1)


@pytest.mark.parametrize("value", [0, 1, "0", "true", False, 1.0])
def test_the_label_of_the_same_may_be_0(value):
    usual, turned = (Places(("a", "b", "l"), 0, 1, 2, same=same) for same in (1, 0))
    fields = ("how", "why", value)
    assert usual.read(fields, 1)[0].is_duplicate == label_of(value)
    assert turned.read(fields, 1)[0].is_duplicate != label_of(value)

import pytest

from gemel.data import QuestionPair
from gemel.data.bad_rows import BadRowError
from gemel.data.column_layout import Places


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

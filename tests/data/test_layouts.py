import pytest

from gemel.data import Columns, QuestionPair, stream_pairs
from gemel.data.bad_rows import BadRowError
from gemel.errors import DataError


def put(folder, content):
    path = folder / "pairs.csv"
    path.write_text(content)
    return path


@pytest.mark.parametrize(
    ("names", "places"),
    [
        ("id question1 question2 is_duplicate", (1, 2, 3, None)),
        ("label sentence2 sentence1 idx", (2, 1, 0, None)),
        ("question1 question2 label idx", (0, 1, 2, None)),
        ("positive anchor", (1, 0, None, None)),
        ("negative positive anchor", (2, 1, None, 0)),
        ("anchor positive question1 question2 label", (2, 3, 4, None)),
    ],
)
def test_known_layouts(names, places):
    found = Columns().find(names.split())
    assert (found.left, found.right, found.label, found.negative) == places


def test_anchors_give_a_pair_or_two(tmp_path):
    path = put(tmp_path, 'anchor,positive,negative\na,b,c\nd,"e\n",\nf,g,h\n')
    assert list(stream_pairs(path)) == [
        QuestionPair("a", "b", True, 2),
        QuestionPair("a", "c", False, 2),
        QuestionPair("d", "e\n", True, 3),
        QuestionPair("f", "g", True, 5),
        QuestionPair("f", "h", False, 5),
    ]
    path = put(tmp_path, "anchor,positive\na,b\n")
    assert list(stream_pairs(path)) == [QuestionPair("a", "b", True, 2)]


def test_a_label_next_to_anchors_is_not_passed_over(tmp_path):
    path = put(tmp_path, "anchor,positive,label\na,b,0\n")
    message = "a label as well; .*add --left anchor --right positive --label label"
    with pytest.raises(DataError, match=message):
        list(stream_pairs(path))
    columns = Columns(left="anchor", right="positive", label="label")
    assert list(stream_pairs(path, columns)) == [QuestionPair("a", "b", False, 2)]


def test_anchors_are_not_looked_for_where_columns_are_named():
    with pytest.raises(BadRowError, match="has no columns"):
        Columns(left="anchor", right="positive").find(["anchor", "positive"])


@pytest.mark.parametrize("names", ["anchor anchor positive", "anchor positive negative negative"])
def test_doubled_columns(names):
    with pytest.raises(BadRowError, match="has 2 columns named"):
        Columns().find(names.split())


def test_numbers_are_places_only_where_that_is_reported():
    columns = Columns(left="1", right="2", label="3")
    assert columns.find(["a", "b", "c"], by_number=True).label == 2
    with pytest.raises(BadRowError, match="has no column 1, 2, 3; it has: a, b, c"):
        columns.find(["a", "b", "c"])

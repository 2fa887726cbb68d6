"""What is kept of a question besides its text, in every store, and finding questions by it."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from gemel.store.base import NewQuestion
from gemel.store.input_checks import facet


def test_questions_are_found_by_all_of_the_values(store, ask, vectors):
    keys = store.add(
        [ask("a", x=1, y="u"), ask("b", x=1, y="v"), ask("c", x=2, y="u"), ask("d")],
        vectors(4),
        "model",
    )
    assert store.where({}).tolist() == keys.tolist()
    assert store.where({"x": 1}).tolist() == keys[:2].tolist()
    assert store.where({"y": "u", "x": 1}).tolist() == [keys[0]]
    assert store.where({"y": "v", "x": 2}).tolist() == []


VALUES = [
    True,
    False,
    1,
    1.0,
    0,
    0.0,
    -0.0,
    2.5,
    2**53,
    2**53 + 1,
    float(2**53),
    10**30,
    1e30,
    None,
]
VALUES += [
    "",
    "1",
    "true",
    "null",
    "None",
    "a.b",
    "'; DROP TABLE questions; --",
    '"',
    "\\",
    "\0",
    "%s?",
]
NAMES = ["", "a", "a.b", '"', "'", "$", "\\", "ü", "a b", "?", "%s", "[0]", "\n", "\0", "; --"]


def are_equal(one, other):
    """Python's equality, but that True is no number."""
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def test_values_are_found_by_what_equals_them(store, vectors):
    asked = [NewQuestion(id=str(n), text="", metadata={"v": v}) for n, v in enumerate(VALUES)]
    keys = store.add([*asked, NewQuestion(id="none", text="")], vectors(len(VALUES) + 1), "model")
    for value in VALUES:
        expected = [key for key, v in zip(keys[:-1], VALUES, strict=True) if are_equal(v, value)]
        assert store.where({"v": value}).tolist() == expected, value


def test_names_are_taken_unchanged(store, vectors):
    asked = [NewQuestion(id=str(n), text="", metadata={v: n}) for n, v in enumerate(NAMES)]
    keys = store.add(asked, vectors(len(NAMES)), "model")
    for n, name in enumerate(NAMES):
        assert store.where({name: n}).tolist() == [keys[n]], name
        assert store.where({name: n + 1}).tolist() == []
    assert [dict(kept.metadata) for kept in store.get(keys.tolist())] == [
        {name: n} for n, name in enumerate(NAMES)
    ]


def test_metadata_comes_back_with_its_types(store, vectors):
    metadata = {str(n): value for n, value in enumerate(VALUES)}
    store.add([NewQuestion(id="a", text="", metadata=metadata)], vectors(1), "model")
    (kept,) = store.find(["a"])
    assert json.dumps(kept.metadata) == json.dumps(metadata)


PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


@settings(max_examples=50)
@given(PLAIN, PLAIN)
def test_facets_are_equal_where_values_are(one, other):
    assert (facet("n", one) == facet("n", other)) == are_equal(one, other)
    assert facet("n", one) != facet("m", one)

import importlib.util

import pytest

from gemel import ConfigError, MissingExtraError
from gemel.neighbours.approximate import ApproximateNeighbours
from gemel.neighbours.exact import ExactNeighbours
from gemel.neighbours.follower import EXACT_UP_TO, choose_neighbours


def test_few_are_compared_one_by_one_and_many_are_not():
    few, many = choose_neighbours(100), choose_neighbours(EXACT_UP_TO + 1)
    assert (few.name, many.name) == ("exact", "approximate")
    assert few.why == "up to 250,000 questions it is fast to compare with every one"
    assert many.why == "above 250,000 questions a graph is faster, and misses few"
    assert isinstance(few.make(4), ExactNeighbours)
    assert isinstance(many.make(4), ApproximateNeighbours)


@pytest.mark.parametrize(
    ("kind", "made"), [("exact", ExactNeighbours), ("approximate", ApproximateNeighbours)]
)
def test_each_can_be_asked_for(kind, made):
    for questions in (0, 10**8):
        choice = choose_neighbours(questions, kind)
        assert (choice.name, choice.why) == (kind, "asked for")
        assert isinstance(choice.make(4), made)


def test_without_usearch_many_are_compared_one_by_one_too(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    choice = choose_neighbours(10**6)
    assert choice.name == "exact"
    assert "pip install 'gemel[ann]'" in choice.why
    assert choose_neighbours(100).why.startswith("up to")
    with pytest.raises(MissingExtraError, match="ann"):
        choose_neighbours(100, "approximate")


def test_there_are_no_others():
    with pytest.raises(ConfigError, match="one of auto, exact, approximate, not 'faiss'"):
        choose_neighbours(1, "faiss")

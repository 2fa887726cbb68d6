import pytest

from gemel.config.mining_rules import MiningRules
from gemel.errors import ConfigError


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            {"count": 0},
            "count, the negatives of an anchor, must be a whole number from 1 to 10,000, not 0",
        ),
        ({"range_min": -1}, "range_min must be a whole number of 0 at least, not -1"),
        ({"range_min": 5, "range_max": 5}, "range_min must be below range_max, not 5 with a"),
        ({"range_min": 5, "range_max": 4}, "lower the one, or raise the other"),
        ({"range_max": 0}, "range_min must be below range_max, not 0 with a range_max of 0"),
        ({"range_min": 5, "range_max": 7}, "leave 2 candidates, too few for a count of 3"),
        ({"min_score": 1.5}, "min_score is a cosine, -1 to 1, not 1.5"),
        ({"max_score": -2.0}, "max_score is a cosine, -1 to 1, not -2"),
        ({"max_score": float("nan")}, "max_score is a cosine, -1 to 1, not nan"),
        ({"min_score": 0.5, "max_score": 0.4}, "min_score 0.5 is above max_score 0.4"),
        ({"absolute_margin": -0.1}, "absolute_margin is a difference of two scores, 0 to 2"),
        ({"relative_margin": 5.0}, "relative_margin is a share of the positive's score, 0 to 1"),
        ({"max_probability": 70.0}, "max_probability is a probability, 0 to 1, not 70"),
        ({"sampling": "best"}, "sampling must be one of top, random, not 'best'"),
        ({"seed": -1}, "the seed must be a whole number from 0 to 2"),
    ],
)
def test_what_has_no_meaning_is_reported(said, message):
    with pytest.raises(ConfigError) as raised:
        MiningRules(**said)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("said", "depth"),
    [
        ({}, 3),
        ({"count": 5, "range_min": 10}, 15),
        ({"max_score": 1.0}, 30),
        ({"relative_margin": 0.0}, 30),
        ({"max_probability": 0.5, "count": 1, "range_min": 2}, 12),
        ({"sampling": "random"}, 30),
        ({"sampling": "random", "range_max": 4}, 4),
        ({"max_score": 0.5, "range_max": 7}, 7),
    ],
)
def test_how_many_are_looked_at(said, depth):
    assert MiningRules(**said).depth == depth

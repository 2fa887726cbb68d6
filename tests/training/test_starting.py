import dataclasses

import numpy as np
import pytest

from gemel.config import Config
from gemel.data import Pairs
from gemel.errors import ConfigError
from gemel.inference import Engine
from gemel.models import SiameseModel, get_weights
from gemel.training import learn
from gemel.training.folding import Folding
from gemel.training.starting import begin_with

TOPICS = ["cat", "dog", "car", "tea", "sun", "map"]
SMALL = Config().replace(
    [
        *("training.epochs=2", "training.batch_size=8", "network.d_model=8"),
        *("training.validation_fraction=0.2", "text.ngram_buckets=64", "text.min_count=1"),
    ]
)


def make_pairs(topics, start=0, count=96):
    ones = [topics[n % len(topics)] for n in range(count)]
    others = [topics[(n if n % 2 else n // 8) % len(topics)] for n in range(count)]
    return Pairs.of(
        [f"where is the {topic} {start + n % 3}" for n, topic in enumerate(ones)],
        [f"I look for a {topic}" for topic in others],
        [one == other for one, other in zip(ones, others, strict=True)],
    )


@pytest.fixture(scope="module")
def start():
    return learn(make_pairs(TOPICS), SMALL)


def test_new_words_join_the_old_ones(start):
    model = learn(make_pairs(["hat", "pen", "cup", "cat"], start=7), start=start)
    old, new = start.tokenizer.vocabulary, model.tokenizer.vocabulary
    assert list(new)[: len(old)] == list(old)
    assert {"hat", "pen", "cup"} < set(new) - set(old)
    assert model.weights["embedding.weight"].shape == (len(new), 8)
    assert model.config == start.config
    assert model.training["earlier_data"] == [start.training["data"]]
    again = learn(make_pairs(TOPICS, start=20), start=model)
    assert again.training["earlier_data"] == [start.training["data"], model.training["data"]]


@pytest.mark.parametrize("buckets", [64, 0])
def test_it_begins_where_the_model_was(buckets):
    """Untouched by training, the grown network gives the very vectors of the model."""
    config = SMALL.replace([f"text.ngram_buckets={buckets}"])
    start = learn(make_pairs(TOPICS), config)
    tokenizer = start.tokenizer.learn(["a hat for the cat"])
    siamese = SiameseModel(len(tokenizer.vocabulary), 8, ngram_buckets=buckets)
    begin_with(start, tokenizer, siamese, Folding(siamese, tokenizer))
    weights = get_weights(siamese.processor)
    known = len(start.tokenizer.vocabulary)
    np.testing.assert_array_equal(
        weights["embedding.weight"][:known], start.weights["embedding.weight"]
    )
    if buckets:
        grown = dataclasses.replace(start, tokenizer=tokenizer, weights=weights)
        asked = ["a hat for the cat", "where is the cat 1", "hat"]
        np.testing.assert_allclose(
            Engine(grown).encode(asked), Engine(start).encode(asked), atol=1e-6
        )


def test_composed_words_begin_where_the_model_was():
    """Rows and spellings come apart again from the folder's table, and new words get no row."""
    config = SMALL.replace(
        ["network.compose_all=true", "text.ngram_buckets=64", "training.epochs=1"]
    )
    start = learn(make_pairs(TOPICS), config)
    tokenizer = start.tokenizer.learn(["a hat for the cat"])
    siamese = SiameseModel(len(tokenizer.vocabulary), 8, ngram_buckets=64, compose_all=True)
    folded = Folding(siamese, tokenizer)
    begin_with(start, tokenizer, siamese, folded)
    grown = dataclasses.replace(start, tokenizer=tokenizer, weights=folded.weights())
    asked = ["a hat for the cat", "where is the cat 1", "hat"]
    np.testing.assert_allclose(Engine(grown).encode(asked), Engine(start).encode(asked), atol=1e-5)


@pytest.mark.parametrize(
    "setting",
    ["network.d_model=16", "text.lowercase=false", "text.ngram_buckets=0", "network.masked=false"],
)
def test_another_network_is_refused_by_name(start, setting):
    name = setting.partition("=")[0]
    with pytest.raises(ConfigError, match=f"{name} is .* in the model to go on from and cannot"):
        learn(make_pairs(TOPICS), SMALL.replace([setting]), start=start)


def test_other_settings_may_change(start):
    model = learn(make_pairs(TOPICS), start.config.replace(["training.epochs=1"]), start=start)
    assert len(model.training["epochs"]) == 1

import dataclasses

import numpy as np
import pytest

from gemel.config import Config
from gemel.data import Pairs
from gemel.errors import ConfigError
from gemel.folder import load_model, save_model
from gemel.inference import Engine
from gemel.models import SiameseModel, get_weights
from gemel.training import learn
from gemel.training.initial_network import FoldedWeights, copy_weights, set_word_vectors

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
    copy_weights(start, tokenizer, siamese, FoldedWeights(siamese, tokenizer))
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
    folded = FoldedWeights(siamese, tokenizer)
    copy_weights(start, tokenizer, siamese, folded)
    grown = dataclasses.replace(start, tokenizer=tokenizer, weights=folded.weights())
    asked = ["a hat for the cat", "where is the cat 1", "hat"]
    np.testing.assert_allclose(Engine(grown).encode(asked), Engine(start).encode(asked), atol=1e-5)


@pytest.mark.parametrize(
    "setting",
    ["network.d_model=16", "text.lowercase=false", "text.ngram_buckets=0", "network.masked=false"],
)
def test_another_network_is_refused_by_name(start, setting):
    name = setting.partition("=")[0]
    with pytest.raises(ConfigError, match=f"{name} is .* in the model to continue from and cannot"):
        learn(make_pairs(TOPICS), SMALL.replace([setting]), start=start)


def test_other_settings_may_change(start):
    model = learn(make_pairs(TOPICS), start.config.replace(["training.epochs=1"]), start=start)
    assert len(model.training["epochs"]) == 1


@pytest.mark.parametrize("compose_all", [False, True])
def test_words_begin_with_learned_vectors_of_the_same_length(compose_all):
    siamese = SiameseModel(40, 8, ngram_buckets=16, compose_all=compose_all)
    before = get_weights(siamese.processor)
    vectors = np.zeros((40, 8), np.float32)
    vectors[5:] = np.random.default_rng(0).normal(size=(35, 8))
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    set_word_vectors(vectors, siamese)
    after = get_weights(siamese.processor)
    table, old = after.pop("embedding.weight"), before.pop("embedding.weight")
    np.testing.assert_array_equal(table[:5], old[:5])
    directions = table[5:] / np.linalg.norm(table[5:], axis=1, keepdims=True)
    np.testing.assert_allclose(directions, vectors[5:], atol=1e-5)
    lengths = (np.sqrt(np.square(rows[5:]).sum(axis=1).mean()) for rows in (table, old))
    assert next(lengths) == pytest.approx(next(lengths), rel=1e-5)
    for name, array in after.items():
        np.testing.assert_array_equal(array, before[name])


def test_word_vectors_are_learned_when_asked_for_and_not_when_training_further():
    """One step of no size leaves the words where they began."""
    still = ["training.learning_rate=1e-30", "training.epochs=1", "network.compose_all=true"]
    config = SMALL.replace([*still, "training.word_vectors=cooccurrence"])
    learned = learn(make_pairs(TOPICS), config)
    random = learn(make_pairs(TOPICS), SMALL.replace(still))
    assert (learned.weights["embedding.weight"] != random.weights["embedding.weight"]).any()
    again = learn(make_pairs(TOPICS), config)
    np.testing.assert_array_equal(
        again.weights["embedding.weight"], learned.weights["embedding.weight"]
    )
    further = learn(make_pairs(TOPICS), start=learned)
    np.testing.assert_allclose(
        further.weights["embedding.weight"], learned.weights["embedding.weight"], atol=1e-6
    )


def test_slips_are_put_right_in_the_folder_too(tmp_path):
    """Read from the folder, the model answers slips as it did: as the words they are read as."""
    config = SMALL.replace(["text.nearest=true", "text.min_count=2"])
    model = learn(make_pairs([f"{topic}house" for topic in TOPICS]), config)
    save_model(model, tmp_path / "model")
    engine = Engine(load_model(tmp_path / "model"))
    asked = engine.encode(["where is the cathouse 1", "wheer is the cathuose 1", "where is zzzzzz"])
    np.testing.assert_array_equal(asked[0], asked[1])
    assert (asked[0] != asked[2]).any()
    np.testing.assert_array_equal(
        asked, Engine(model).encode(["where is the cathouse 1"] * 2 + ["where is zzzzzz"])
    )
    assert engine.explain("wheer is it", "where is it").verdict.similarity == pytest.approx(1)

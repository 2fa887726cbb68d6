"""Training begins with the vectors of a file, and resumes no others."""

import json

import numpy as np
import pytest

import gemel
from gemel.config import Config
from gemel.data import Pairs
from gemel.data.word_vectors import VectorFile
from gemel.errors import ConfigError, DataError
from gemel.text import Tokenizer
from gemel.training import Silent, learn
from gemel.training.initial_network import (
    FoldedWeights,
    learn_vocabulary,
    make_batches,
    make_network,
)

TOPICS = ["cat", "dog", "car", "tea", "sun", "map"]
SMALL = Config().replace(
    [
        *("training.epochs=1", "training.batch_size=8", "network.d_model=8"),
        *("training.validation_fraction=0.2", "text.ngram_buckets=64", "text.min_count=1"),
    ]
)
FROZEN = SMALL.replace(["training.learning_rate=1e-9"])


def make_pairs(count=96):
    ones = [TOPICS[n % 6] for n in range(count)]
    others = [TOPICS[(n if n % 2 else n // 8) % 6] for n in range(count)]
    return Pairs.of(
        [f"where is the {topic} {n % 3}" for n, topic in enumerate(ones)],
        [f"I look for a {topic}" for topic in others],
        [one == other for one, other in zip(ones, others, strict=True)],
    )


def write(path, words, seed=0):
    table = np.random.default_rng(seed).normal(size=(len(words), 8)).astype(np.float32)
    table *= np.arange(1, len(words) + 1)[:, None]  # of different lengths
    lines = [
        " ".join([word, *map(repr, row)]) for word, row in zip(words, table.tolist(), strict=True)
    ]
    path.write_text("\n".join(lines) + "\n")
    return table


@pytest.fixture
def vectors(tmp_path):
    path = tmp_path / "vectors.txt"
    write(path, ["Cat", "dog", "sun", "where", "unnote_taker"])
    return path


def lengths(table):
    return np.sqrt(np.square(table).sum(axis=1).mean())


@pytest.mark.parametrize(
    "settings",
    [
        [],
        ["text.ngram_buckets=0"],
        ["network.compose_all=true"],
        ["network.head=4", "training.loss=joint"],
    ],
)
def test_training_begins_with_these_vectors(settings, tmp_path, note_taker):
    """After an epoch whose steps are next to nothing, they are in the model, by one factor."""
    table = write(tmp_path / "v.txt", ["Cat", "dog", "sun", "where", "unnote_taker"])
    config = FROZEN.replace(settings)
    model = learn(make_pairs(), config, vectors=VectorFile(tmp_path / "v.txt"), reporter=note_taker)
    without = learn(make_pairs(), config)
    vocabulary, weights = model.tokenizer.vocabulary, model.weights["embedding.weight"]
    rows = [vocabulary[word] for word in ("cat", "dog", "sun", "where")]
    plain = without.weights["embedding.weight"]
    factor = lengths(plain[rows]) / lengths(table[:4])
    np.testing.assert_allclose(weights[rows], factor * table[:4], atol=1e-5)
    others = np.delete(np.arange(len(vocabulary)), rows)
    np.testing.assert_allclose(weights[others], plain[others], atol=1e-5)
    for name in other_weights(model):
        np.testing.assert_allclose(model.weights[name], without.weights[name], atol=1e-5)
    total = len(vocabulary) - 2
    assert f"v.txt (text): 4 of {total} words of the vocabulary ({4 / total:.1%})" in str(
        note_taker.notes
    )
    assert model.training["word_vectors"] == {"file": "v.txt", "kind": "text", "words": 4}
    assert "word_vectors" not in without.training


def other_weights(model):
    return [name for name in model.weights if name != "embedding.weight"]


def test_words_the_file_lacks_begin_as_the_settings_say(tmp_path):
    write(tmp_path / "v.txt", ["cat"])
    config = SMALL.replace(["training.word_vectors=cooccurrence"])
    tokenizer = learn_vocabulary(make_pairs(), config, None)
    batches = make_batches(make_pairs(), tokenizer, config)
    found = VectorFile(tmp_path / "v.txt").look_up(tokenizer.vocabulary.words, lowercase=True)
    tables = [
        make_network(tokenizer, batches, config, None, Silent(), given)[1].weights()
        for given in (None, found)
    ]
    before, after = (table["embedding.weight"] for table in tables)
    is_other = (before != after).any(axis=1)
    assert np.flatnonzero(is_other).tolist() == [tokenizer.vocabulary["cat"]]


def test_vectors_of_zeros_only_are_taken_as_they_are(tmp_path):
    (tmp_path / "v.txt").write_text("cat 0 0 0 0 0 0 0 0\n")
    tokenizer = Tokenizer().learn(["a cat"])
    found = VectorFile(tmp_path / "v.txt").look_up(tokenizer.vocabulary.words, lowercase=True)
    config = SMALL.replace(["text.ngram_buckets=0"])
    batches = make_batches(make_pairs(), tokenizer, config)
    _, folded = make_network(tokenizer, batches, config, None, Silent(), found)
    assert isinstance(folded, FoldedWeights)
    assert not folded.weights()["embedding.weight"][tokenizer.vocabulary["cat"]].any()


def test_not_together_with_a_model_to_start_from(vectors):
    start = learn(make_pairs(), SMALL)
    with pytest.raises(ConfigError, match=r"--vectors\), or with a model's \(--from\), not with"):
        learn(make_pairs(), start=start, vectors=VectorFile(vectors))


class PowerCut(Exception):  # noqa: N818
    pass


class Cutter(Silent):
    def step(self, summary):
        if summary.step == 3:
            raise PowerCut


def test_it_is_resumed_with_the_same_vectors_only(tmp_path, vectors):
    def go_on(**changes):
        given = {"config": SMALL, "vectors": vectors} | changes
        return gemel.train(make_pairs(), tmp_path / "model", **given)

    whole = gemel.train(make_pairs(), tmp_path / "whole", config=SMALL, vectors=vectors)
    with pytest.raises(PowerCut):
        go_on(reporter=Cutter(), checkpoint_every=0.0)
    write(tmp_path / "others.txt", ["Cat", "dog"], seed=1)
    for other in (None, tmp_path / "others.txt"):
        with pytest.raises(DataError, match=r"the word vectors \(--vectors\) are not those"):
            go_on(vectors=other, resume=True)
    vectors.rename(tmp_path / "moved.txt")  # it is what is in it that counts
    resumed = go_on(vectors=tmp_path / "moved.txt", resume=True)
    for name, array in whole.weights.items():
        np.testing.assert_array_equal(array, resumed.weights[name])


def test_what_is_wrong_with_them_is_reported_before_the_work(tmp_path, vectors):
    with pytest.raises(DataError, match="no such file"):
        gemel.train(make_pairs(), tmp_path / "model", vectors=tmp_path / "none.txt")
    with pytest.raises(ConfigError, match=r"add --set network.d_model=8, or take another file"):
        gemel.train(make_pairs(), tmp_path / "model", vectors=vectors)
    assert not (tmp_path / "model").exists()


def test_a_resumed_training_of_before_there_were_such_vectors(tmp_path):
    """A checkpoint that gives nothing of vectors is one of a training without them."""
    import safetensors.numpy
    from safetensors import safe_open

    with pytest.raises(PowerCut):
        gemel.train(
            make_pairs(), tmp_path / "m", config=SMALL, reporter=Cutter(), checkpoint_every=0.0
        )
    path = tmp_path / "m.checkpoint"
    with safe_open(path, framework="numpy") as file:
        known = json.loads(file.metadata()["gemel"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    del known["identity"]["vectors"]
    safetensors.numpy.save_file(tensors, path, {"gemel": json.dumps(known)})
    assert gemel.train(make_pairs(), tmp_path / "m", config=SMALL, resume=True)

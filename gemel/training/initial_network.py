"""What a training begins with: a model's weights, or word vectors learned beforehand."""

import numpy as np
import torch
from jaxtyping import Float32

from gemel.config import Config
from gemel.data import Pairs
from gemel.data.word_vectors import WordVectors
from gemel.errors import ConfigError
from gemel.folder import Model
from gemel.layers import ComposedEmbedding, SubwordEmbedding
from gemel.models import SiameseModel, get_weights, set_weights
from gemel.text import Rules, Tokenizer
from gemel.training.folding import Folding

_FIRST = 2
"""Id of a vocabulary's first word; before it are the unknown word and padding."""


def require_same_network(start: Model, config: Config) -> None:
    """Refuse settings for another network, or another reading of words, than the model's.

    Raises:
        ConfigError: names the setting.
    """
    was, now = start.config.to_mapping(), config.to_mapping()
    for section, name in _FIXED:
        if was[section][name] != now[section][name]:
            raise ConfigError(
                f"{section}.{name} is {was[section][name]!r} in the model to go on from and "
                f"cannot become {now[section][name]!r}; leave it as it is, or train anew"
            )


_FIXED = (
    ("text", "lowercase"),
    ("text", "repair"),
    ("text", "normalization"),
    ("text", "nearest"),
    ("text", "final_mark"),
    ("text", "ngram_buckets"),
    ("network", "d_model"),
    ("network", "masked"),
    ("network", "n_units"),
    ("network", "bidirectional"),
    ("network", "pooling"),
    ("network", "compose_all"),
    ("network", "head"),
)


def learn_words(training: Pairs, config: Config, start: Model | None) -> Tokenizer:
    """Learn the words of training questions, on top of those that a model knows."""
    text = config.text
    tokenizer = start.tokenizer if start else Tokenizer(rules=Rules.of(text))
    return tokenizer.learn(training.texts, training.counts, min_count=text.min_count)


def begin_with(start: Model, tokenizer: Tokenizer, model: SiameseModel, folded: Folding) -> None:
    """Copy a model's weights into a network of at least its words.

    A new word begins as what its spelling gave so far, where words are spelled; else at random.

    Args:
        start: the model.
        tokenizer: its tokenizer, grown.
        model: the network to change.
        folded: reads and writes its table of words.
    """
    weights = get_weights(model.processor, model.head)
    known = len(start.tokenizer.vocabulary)
    table = weights["embedding.weight"]
    table[:known] = start.weights["embedding.weight"]
    set_weights(model.processor, {**start.weights, "embedding.weight": table}, model.head)
    embedding = model.processor.sublayers[0]
    if len(table) > known and isinstance(embedding, SubwordEmbedding):
        spelled = tokenizer.spell(list(tokenizer.vocabulary)[known:])
        with torch.no_grad():
            embedding.words.weight[known:] = embedding.compose(
                torch.from_numpy(spelled.ids).long(), torch.from_numpy(spelled.starts)
            )
    elif isinstance(embedding, ComposedEmbedding):
        rows = torch.from_numpy(folded.unfold(table))
        rows[known:] = 0
        with torch.no_grad():
            embedding.spelled.words.weight.copy_(rows)


def begin_with_vectors(vectors: Float32[np.ndarray, "words dim"], model: SiameseModel) -> None:
    """Have words begin with these vectors, made as long as the random ones they replace.

    Args:
        vectors: unit vectors; a word whose vector is zero keeps its random one.
        model: the network to change.
    """
    weights = get_weights(model.processor, model.head)
    table = weights["embedding.weight"]
    learned = np.flatnonzero(vectors.any(axis=1))
    if len(learned):
        length = np.sqrt(np.square(table[learned]).sum(axis=1).mean())
        table[learned] = vectors[learned] * length
    set_weights(model.processor, weights, model.head)


def begin_with_file(vectors: WordVectors, model: SiameseModel, folded: Folding) -> None:
    """Have the words that a file has begin with its vectors, all made smaller by one factor.

    The factor makes them as long, by their mean square, as the random ones that they replace: at
    the length that files have them the LSTM, and steps made for random ones, learn worse.

    Other words stay as they are, and so do the n-grams that unknown words are composed from: what
    a spelling means is learned as ever. Where known words are read by their spelling too
    (`network.compose_all`), a word's own row begins as what its spelling lacks to the vector.

    Args:
        vectors: a row for every word, from id 2 on.
        model: the network to change.
        folded: reads and writes its table of words.
    """
    rows = _FIRST + np.flatnonzero(vectors.found)
    given = vectors.table[vectors.found]
    table = folded.weights()["embedding.weight"]
    was, now = (np.sqrt(np.square(each).sum(axis=1).mean()) for each in (table[rows], given))
    table[rows] = given * (was / now if now else 1)
    weights = get_weights(model.processor, model.head)
    weights["embedding.weight"][rows] = folded.unfold(table)[rows]
    set_weights(model.processor, weights, model.head)

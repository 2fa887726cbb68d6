"""A model reduced to its network, with a finished vector for every word."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from gemel.config import Config
from gemel.decision import Decision
from gemel.errors import ConfigError
from gemel.folder import Model
from gemel.inference.numpy_network import compose
from gemel.text import TOKENS, UNKNOWN_TOKEN, Rules, Tokenizer

PADDING_ROW, UNKNOWN_ROW = 0, 1
"""The two rows before those of words."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LstmDirection:
    """One direction of an LSTM; gates in the order input, forget, new, output."""

    weight_ih: Float32[np.ndarray, "gates depth"]
    weight_hh: Float32[np.ndarray, "gates units"]
    bias: Float32[np.ndarray, "gates"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Frozen:
    """What another tool needs to compute the model's vectors."""

    words: list[str]
    """Of each row: padding, the unknown word, the vocabulary, added words."""
    table: Float32[np.ndarray, "rows depth"]
    """Input of the LSTM for each word, already composed of n-grams."""
    forwards: LstmDirection
    backwards: LstmDirection | None
    """From right to left, if the model is bidirectional."""
    pooling: str
    """"mean" or "max" of the LSTM's outputs over words."""
    rules: Rules
    config: Config
    decision: Decision
    """The model's, or one fitted for the cosine."""
    holds_for_cosine: bool
    """Whether `decision` is of the cosine."""
    only_cosine: bool
    """Whether the model's own similarity is the cosine alone."""
    composes: bool
    """Whether the model composes unknown words from n-grams, which other tools cannot."""

    @property
    def dim(self) -> int:
        """Length of a question's vector."""
        return sum(way.weight_hh.shape[1] for way in self.directions.values())

    @property
    def directions(self) -> dict[str, LstmDirection]:
        """One or both, by the name of their weights."""
        both = {"lstm": self.forwards, "lstm_backwards": self.backwards}
        return {name: way for name, way in both.items() if way is not None}


def freeze(
    model: Model, more_words: Iterable[str] = (), decision: Decision | None = None
) -> Frozen:
    """Return a model with a finished vector for every word.

    Args:
        more_words: other words that get a row, unless the model reads them as the unknown word.
        decision: fitted for the cosine; the model's own if None.

    Raises:
        ConfigError: `network.masked = false`: vectors depend on the other questions of the batch.
    """
    network, weights = model.config.network, model.weights
    if not network.masked:
        raise ConfigError(
            "this model was trained with network.masked = false, as the notebook was: padding "
            "counts in a question's vector, which depends on the longest question of its batch; "
            "other tools do not support that; train again with network.masked = true"
        )
    added, vectors = _added(model, more_words)
    embedding = weights["embedding.weight"]
    first = [TOKENS.padding, TOKENS.unknown]
    share = weights.get("spelling.share", np.zeros(1))
    only_cosine = not network.head and not share[0]
    return Frozen(
        words=[TOKENS.padding_token, UNKNOWN_TOKEN, *model.tokenizer.vocabulary.words, *added],
        table=np.concatenate([embedding[first], embedding[len(first) :], vectors]),
        forwards=_direction(model, "lstm"),
        backwards=_direction(model, "lstm_backwards") if network.bidirectional else None,
        pooling=network.pooling,
        rules=model.tokenizer.rules,
        config=model.config,
        decision=decision or model.decision,
        holds_for_cosine=only_cosine or decision is not None,
        only_cosine=only_cosine,
        composes="ngrams.weight" in weights,
    )


def unknown_words(tokenizer: Tokenizer, texts: Iterable[str]) -> list[str]:
    """Return the distinct words of texts that are not in the vocabulary, in order."""
    known = tokenizer.vocabulary
    found = (word for text in texts for word in tokenizer.words(text) if word not in known)
    return list(dict.fromkeys(found))


def _added(model: Model, words: Iterable[str]) -> tuple[list[str], Float32[np.ndarray, "n depth"]]:
    """Return the words that need a row, and their vectors."""
    tokenizer, embedding = model.tokenizer, model.weights["embedding.weight"]
    new = [word for word in dict.fromkeys(words) if word not in tokenizer.vocabulary]
    read_as = tokenizer.read_as(new)
    vectors = embedding[read_as]
    left = read_as == TOKENS.unknown
    if "ngrams.weight" in model.weights:
        spelled = tokenizer.spell([new[place] for place in np.flatnonzero(left)])
        vectors[left] = compose(model.weights["ngrams.weight"], spelled)
        return new, vectors
    return [new[place] for place in np.flatnonzero(~left)], vectors[~left]


def _direction(model: Model, name: str) -> LstmDirection:
    parts = ("weight_ih", "weight_hh", "bias")
    return LstmDirection(**{part: model.weights[f"{name}.{part}"] for part in parts})

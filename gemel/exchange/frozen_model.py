"""A model with nothing left to compute but its network: a finished vector for every word."""

from collections.abc import Iterable, Sequence
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
"""The two rows that are before those of words."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reading:
    """One direction of an LSTM; the gates are in the order input, forget, new, output."""

    weight_ih: Float32[np.ndarray, "gates depth"]
    """What a word's vector is multiplied with."""
    weight_hh: Float32[np.ndarray, "gates units"]
    """What the last output is multiplied with."""
    bias: Float32[np.ndarray, "gates"]
    """What is added to both."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Frozen:
    """What another tool needs to give the model's vectors: words, their vectors, two readings."""

    words: list[str]
    """What each row represents: padding, the unknown word, the vocabulary, words that were added;
    words as `Tokenizer.words` gives them."""
    table: Float32[np.ndarray, "rows depth"]
    """Each word's vector as the LSTM is fed it: what the model composes of n-grams is done."""
    forwards: Reading
    """What reads from left to right."""
    backwards: Reading | None
    """What reads from right to left, if anything does; its output is behind the other's."""
    pooling: str
    """"mean" or "max" of the LSTM's outputs, over words only."""
    rules: Rules
    """How a text becomes words."""
    config: Config
    """The model's settings."""
    decision: Decision
    """The model's decision, or one fitted for the cosine."""
    holds_for_cosine: bool
    """Whether it is one of the cosine."""
    only_cosine: bool
    """Whether the similarity that the model goes by is the cosine alone, without head or letters;
    so its figures are the cosine's too."""
    composes: bool
    """Whether the model gives a word without a row a vector by its spelling, which is lost here; if
    not, it is the unknown word there too, unless a known one is a letter away (`rules.nearest`)."""

    @property
    def dim(self) -> int:
        """Numbers in a question's vector."""
        units: int = self.forwards.weight_hh.shape[1]
        return units if self.backwards is None else 2 * units


def freeze(
    model: Model, more_words: Iterable[str] = (), decision: Decision | None = None
) -> Frozen:
    """Return every word of a model its finished vector.

    Args:
        model: what `load_model` gives.
        more_words: other words, as `Tokenizer.words` gives them, that should have a row too; what
            the model would read as the unknown word needs none and gets none.
        decision: one fitted for the cosine; the model's own if None.

    Raises:
        ConfigError: `network.masked = false`: what such a model makes of a question depends on
            the others in its batch.
    """
    network, weights = model.config.network, model.weights
    if not network.masked:
        raise ConfigError(
            "this model was trained with network.masked = false, as the notebook was: padding "
            "counts in a question's vector, which so depends on the longest question next to it; "
            "no other tool's network does that. Train again with network.masked = true to export"
        )
    added, vectors = _added(model, more_words)
    embedding = weights["embedding.weight"]
    first = [TOKENS.padding, TOKENS.unknown]
    share = weights.get("spelling.share", np.zeros(1))
    only_cosine = not network.head and not share[0]
    return Frozen(
        words=[TOKENS.padding_token, UNKNOWN_TOKEN, *model.tokenizer.vocabulary.words, *added],
        table=np.concatenate([embedding[first], embedding[len(first) :], vectors]),
        forwards=_reading(model, "lstm"),
        backwards=_reading(model, "lstm_backwards") if network.bidirectional else None,
        pooling=network.pooling,
        rules=model.tokenizer.rules,
        config=model.config,
        decision=decision or model.decision,
        holds_for_cosine=only_cosine or decision is not None,
        only_cosine=only_cosine,
        composes="ngrams.weight" in weights,
    )


def unknown_words(tokenizer: Tokenizer, texts: Iterable[str]) -> list[str]:
    """Return the words of texts that have no id, each once, in order of their first place."""
    known = tokenizer.vocabulary
    found = (word for text in texts for word in tokenizer.words(text) if word not in known)
    return list(dict.fromkeys(found))


def _added(model: Model, words: Iterable[str]) -> tuple[list[str], Float32[np.ndarray, "n depth"]]:
    """Return the words that need a row, and the vectors that the model reads them as."""
    tokenizer, embedding = model.tokenizer, model.weights["embedding.weight"]
    new = [word for word in dict.fromkeys(words) if word not in tokenizer.vocabulary]
    read_as = tokenizer.read_as(new)
    vectors = embedding[read_as]
    left = read_as == TOKENS.unknown
    if "ngrams.weight" in model.weights:
        vectors[left] = _composed(
            model, [word for word, is_left in zip(new, left, strict=True) if is_left]
        )
        return new, vectors
    return [word for word, is_left in zip(new, left, strict=True) if not is_left], vectors[~left]


def _composed(model: Model, words: Sequence[str]) -> Float32[np.ndarray, "words depth"]:
    return compose(model.weights["ngrams.weight"], model.tokenizer.spell(words))


def _reading(model: Model, name: str) -> Reading:
    parts = ("weight_ih", "weight_hh", "bias")
    return Reading(**{part: model.weights[f"{name}.{part}"] for part in parts})

"""A model folder's content out of a checkpoint of the notebook's network, as Trax wrote it."""

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from gemel.config import Config, DecisionConfig, NetworkConfig, TextConfig
from gemel.data import Pairs
from gemel.decision import Decision
from gemel.evaluation import Refit, refit
from gemel.exchange.trax_checkpoint import TraxWeights, read_trax
from gemel.exchange.trax_vocabulary import KnownWords, match_rows, read_vocabulary
from gemel.folder import Model
from gemel.inference import Engine
from gemel.text import Progress, Rules, Tokenizer, Vocabulary
from gemel.version import __version__

NOTEBOOK_THRESHOLD = 0.7
"""The cosine above which the notebook calls two questions the same; nothing was fitted."""
_SLOPE = 10.0
"""Of the probability that stands beside such a guess."""


@dataclass(frozen=True, eq=False)
class FromTrax:
    """A model, and what was found in bringing it in."""

    model: Model
    """What can answer; its threshold is the notebook's."""
    known: KnownWords
    """Its words, and what the vocabulary had beside them."""
    unreachable: list[str]
    """Words that no question can have as gemel cuts it into words: the notebook's tokenizer, NLTK,
    cuts some otherwise."""
    fitted: Refit | None = None
    """The decision fitted on validation pairs, beside the notebook's threshold."""

    def fit(self, pairs: Pairs, progress: Progress | None = None) -> "FromTrax":
        """Fit threshold and probabilities on validation pairs.

        Args:
            pairs: labelled pairs that the network was not trained on.
            progress: is told how far the work is.

        Raises:
            DataError: one label only.
        """
        engine = Engine(self.model)
        score = functools.partial(engine.similarity, progress=progress)
        before = self.model.decision
        fitted = refit(pairs, score, before, before.settings, encode=engine.encode)
        model = dataclasses.replace(self.model, decision=fitted.decision)
        return dataclasses.replace(self, model=model, fitted=fitted)


def model_from_trax(checkpoint: str | Path, vocabulary: str | Path) -> FromTrax:
    """Make a model that gives the very vectors that Trax gives, of the same ids.

    It reads as the notebook did: case counts, an unknown word is one vector for all, and padding
    runs through the LSTM and into the mean (`network.masked = false`).

    Args:
        checkpoint: the pickle; see `read_trax`.
        vocabulary: the ids of its tokens; see `read_vocabulary`.

    Raises:
        DataError: one of the two cannot be read, or they are not of one network.
    """
    trax, ids = read_trax(checkpoint), read_vocabulary(vocabulary)
    known = match_rows(ids, len(trax.embedding), vocabulary)
    config = _config(trax)
    tokenizer = Tokenizer(Vocabulary(known.words), Rules.of(config.text))
    unreachable = [word for word in known.words if tokenizer.words(word) != [word]]
    model = Model(
        config=config,
        tokenizer=tokenizer,
        weights=_weights(trax, known),
        decision=_guess(config.decision),
        training={
            "gemel_version": __version__,
            "data": f"unknown, of the Trax checkpoint {Path(checkpoint).name}",
            "steps": trax.step,
            "vocabulary": len(known.rows),
        },
    )
    return FromTrax(model, known, unreachable)


def _config(trax: TraxWeights) -> Config:
    depth, units = trax.embedding.shape[1], len(trax.bias) // 4
    return Config(
        text=TextConfig(lowercase=False, min_count=1, ngram_buckets=0, normalization=1),
        network=NetworkConfig(d_model=depth, n_units=0 if units == depth else units, masked=False),
    )


def _weights(trax: TraxWeights, known: KnownWords) -> Mapping[str, Float32[np.ndarray, "..."]]:
    matrix = _reordered(trax.lstm).T
    depth = trax.embedding.shape[1]
    return {
        "embedding.weight": trax.embedding[known.rows],
        "lstm.weight_ih": np.ascontiguousarray(matrix[:, :depth]),
        "lstm.weight_hh": np.ascontiguousarray(matrix[:, depth:]),
        "lstm.bias": _reordered(trax.bias),
    }


def _reordered(gates: Float32[np.ndarray, "... gates"]) -> Float32[np.ndarray, "... gates"]:
    """Turn input, new, forget, output into input, forget, new, output."""
    first, new, forget, output = np.split(gates, 4, axis=-1)
    return np.concatenate([first, forget, new, output], axis=-1)


def _guess(settings: DecisionConfig) -> Decision:
    return Decision(
        threshold=NOTEBOOK_THRESHOLD,
        lower=NOTEBOOK_THRESHOLD,
        upper=NOTEBOOK_THRESHOLD,
        slope=_SLOPE,
        intercept=-_SLOPE * NOTEBOOK_THRESHOLD,
        settings=settings,
        pairs=0,
        prevalence=0.5,
        data="",
    )

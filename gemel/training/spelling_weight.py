"""The weight of spelling similarity next to the network's."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float32

from gemel.config import Config
from gemel.data import Pairs
from gemel.evaluation import fit_share
from gemel.folder import Model
from gemel.inference import NumpyTwin
from gemel.text import TfIdf, Tokenizer


def learn_spelling(
    training: Pairs, tokenizer: Tokenizer, config: Config, start: Model | None
) -> dict[str, np.ndarray]:
    """Compute n-gram weights, or copy them from the model to continue from.

    Returns:
        `spelling.idf`, rounded as in the folder; empty if not used.
    """
    if not config.text.spelling_buckets:
        return {}
    buckets = config.text.spelling_buckets
    if start is not None and start.config.text.spelling_buckets == buckets:
        return {"spelling.idf": start.weights["spelling.idf"]}
    idf = TfIdf.learn(training.texts, buckets, tokenizer.clean).idf
    return {"spelling.idf": _rounded(idf, config)}


def fit_spelling(
    network: Mapping[str, np.ndarray],
    spelling: Mapping[str, np.ndarray],
    tokenizer: Tokenizer,
    validation: Pairs,
    config: Config,
) -> dict[str, np.ndarray]:
    """Fit the share of spelling similarity on validation pairs.

    Args:
        network: weights of the network.
        spelling: from `learn_spelling`.
        tokenizer: tokenizer of the model.
        validation: pairs not trained on.
        config: settings.

    Returns:
        All weights of the model folder.
    """
    if not spelling:
        return dict(network)
    sides = validation.left_texts, validation.right_texts
    alike = TfIdf(spelling["spelling.idf"], tokenizer.clean)(*sides)
    similarity = NumpyTwin(network, tokenizer, config.network).similarity(*sides)
    share = fit_share(similarity.astype(np.float64), alike, validation.labels)
    return {**network, **spelling, "spelling.share": _rounded(np.array([share]), config)}


def _rounded(array: np.ndarray, config: Config) -> Float32[np.ndarray, "_"]:
    return array.astype(config.network.weights).astype(np.float32)

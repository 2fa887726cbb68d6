"""The weights of an LSTM's gates, made ready for reading."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float32


def halve_gates(
    weights: Mapping[str, np.ndarray], name: str
) -> tuple[
    Float32[np.ndarray, "depth gates"],
    Float32[np.ndarray, "units gates"],
    Float32[np.ndarray, "gates"],
]:
    """Give what an LSTM multiplies its input and its output with, and its bias.

    sigmoid(x) = (1 + tanh(x / 2)) / 2: halving three of the four gates beforehand leaves one tanh
    for all of them.

    Args:
        weights: arrays named as in the model folder.
        name: which of its LSTMs.
    """
    bias = weights[f"{name}.bias"]
    half = np.full(len(bias), 0.5, np.float32)
    half[len(bias) // 2 : 3 * len(bias) // 4] = 1
    input_, recurrent = (
        np.ascontiguousarray((weights[f"{name}.weight_{which}"] * half[:, None]).T)
        for which in ("ih", "hh")
    )
    return input_, recurrent, bias * half

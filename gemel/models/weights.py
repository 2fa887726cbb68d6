"""Between the encoder's parameters and the arrays that lie on disk: one copy, plain names."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from gemel.layers import Serial

__all__ = ["get_weights", "set_weights"]

_NAMES = {
    "sublayers.0.weight": "embedding.weight",
    "sublayers.0.words.weight": "embedding.weight",
    "sublayers.0.ngrams": "ngrams.weight",
    "sublayers.1.cell.weight_ih": "lstm.weight_ih",
    "sublayers.1.cell.weight_hh": "lstm.weight_hh",
    "sublayers.1.cell.bias": "lstm.bias",
}


def get_weights(encoder: Serial) -> dict[str, np.ndarray]:
    """Copy an encoder's parameters out as float32 arrays under the names of the model folder."""
    state: Mapping[str, Tensor] = encoder.state_dict()
    return {
        _NAMES[key]: tensor.detach().to("cpu", torch.float32).numpy().copy()
        for key, tensor in state.items()
    }


def set_weights(encoder: Serial, arrays: Mapping[str, np.ndarray]) -> None:
    """Copy arrays, named as in the model folder, into an encoder of the same shape."""
    state = {key: torch.from_numpy(arrays[_NAMES[key]].copy()) for key in encoder.state_dict()}
    encoder.load_state_dict(state)

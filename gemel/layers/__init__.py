"""Layers under the names of Trax, as PyTorch modules: `import gemel.layers as tl`."""

from gemel.layers import combinators, core, sequence
from gemel.layers.base import Layer
from gemel.layers.combinators import Parallel, Serial
from gemel.layers.core import Dense, Embedding, Fn, LogSoftmax, Normalize, normalize
from gemel.layers.sequence import LSTM, LSTMCell, Mean
from gemel.layers.subwords import SubwordEmbedding

__all__ = [
    "LSTM",
    "Dense",
    "Embedding",
    "Fn",
    "LSTMCell",
    "Layer",
    "LogSoftmax",
    "Mean",
    "Normalize",
    "Parallel",
    "Serial",
    "SubwordEmbedding",
    "combinators",
    "core",
    "normalize",
    "sequence",
]

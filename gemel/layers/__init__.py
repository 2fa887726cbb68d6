"""Layers under the names of Trax, as PyTorch modules: `import gemel.layers as tl`."""

from gemel.layers import combinators, core, pooling, sequence
from gemel.layers.base import Layer
from gemel.layers.combinators import Parallel, Serial
from gemel.layers.core import Dense, Dropout, Embedding, Fn, LogSoftmax, Normalize, normalize
from gemel.layers.pooling import Max, Mean
from gemel.layers.sequence import LSTM, BidirectionalLSTM, LSTMCell
from gemel.layers.subword_embedding import ComposedEmbedding, SubwordEmbedding

__all__ = [
    "LSTM",
    "BidirectionalLSTM",
    "ComposedEmbedding",
    "Dense",
    "Dropout",
    "Embedding",
    "Fn",
    "LSTMCell",
    "Layer",
    "LogSoftmax",
    "Max",
    "Mean",
    "Normalize",
    "Parallel",
    "Serial",
    "SubwordEmbedding",
    "combinators",
    "core",
    "normalize",
    "pooling",
    "sequence",
]

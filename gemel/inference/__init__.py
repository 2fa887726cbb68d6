"""Prediction without torch."""

from gemel.inference.backend import Backend, available_cores, choose_backend, one_compute_thread
from gemel.inference.engine import Engine, Explanation, WordShare
from gemel.inference.numpy_network import NumpyEncoder, NumpyHead, NumpyTwin, in_precision
from gemel.inference.streams import Compared, compare_stream, stream_answerable
from gemel.inference.vector_files import Encoded, encode_file, ids_file

__all__ = [
    "Backend",
    "Compared",
    "Encoded",
    "Engine",
    "Explanation",
    "NumpyEncoder",
    "NumpyHead",
    "NumpyTwin",
    "WordShare",
    "available_cores",
    "choose_backend",
    "compare_stream",
    "encode_file",
    "ids_file",
    "in_precision",
    "one_compute_thread",
    "stream_answerable",
]

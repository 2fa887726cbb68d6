"""Prediction without torch."""

from gemel.inference.backend import Backend, choose_backend
from gemel.inference.engine import Engine
from gemel.inference.explanation import Explanation, WordShare
from gemel.inference.numpy_network import NumpyEncoder, NumpyHead, NumpyTwin, in_precision
from gemel.inference.streams import Compared, compare_stream, stream_answerable
from gemel.inference.threads import available_cores, one_compute_thread
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

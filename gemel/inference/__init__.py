"""Answering: predict mode, without torch."""

from gemel.inference.backend import BACKENDS, Backend, choose_backend
from gemel.inference.comparing import Compared, compare_stream
from gemel.inference.engine import Engine
from gemel.inference.explaining import Explanation, WordShare
from gemel.inference.head import NumpyHead
from gemel.inference.network import NumpyEncoder
from gemel.inference.precision import PRECISIONS
from gemel.inference.threads import one_compute_thread
from gemel.inference.twin import NumpyTwin

__all__ = [
    "BACKENDS",
    "PRECISIONS",
    "Backend",
    "Compared",
    "Engine",
    "Explanation",
    "NumpyEncoder",
    "NumpyHead",
    "NumpyTwin",
    "WordShare",
    "choose_backend",
    "compare_stream",
    "one_compute_thread",
]

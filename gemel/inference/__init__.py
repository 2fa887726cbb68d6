"""Answering: predict mode, without torch."""

from gemel.inference.comparing import Compared, compare_stream
from gemel.inference.engine import Engine
from gemel.inference.explaining import Explanation, WordShare
from gemel.inference.head import NumpyHead
from gemel.inference.network import NumpyEncoder
from gemel.inference.threads import one_compute_thread
from gemel.inference.twin import NumpyTwin

__all__ = [
    "Compared",
    "Engine",
    "Explanation",
    "NumpyEncoder",
    "NumpyHead",
    "NumpyTwin",
    "WordShare",
    "compare_stream",
    "one_compute_thread",
]

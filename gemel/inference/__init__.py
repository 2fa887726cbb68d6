"""Answering: predict mode, without torch."""

from gemel.inference.comparing import Compared, compare_stream
from gemel.inference.engine import Engine
from gemel.inference.explaining import Explanation, WordShare
from gemel.inference.network import NumpyEncoder
from gemel.inference.threads import one_compute_thread

__all__ = [
    "Compared",
    "Engine",
    "Explanation",
    "NumpyEncoder",
    "WordShare",
    "compare_stream",
    "one_compute_thread",
]

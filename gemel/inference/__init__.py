"""Answering: predict mode, without torch."""

from gemel.inference.engine import Engine
from gemel.inference.network import NumpyEncoder
from gemel.inference.threads import one_compute_thread

__all__ = ["Engine", "NumpyEncoder", "one_compute_thread"]

"""Answering: predict mode, without torch."""

from gemel.inference.engine import Engine
from gemel.inference.network import NumpyEncoder

__all__ = ["Engine", "NumpyEncoder"]

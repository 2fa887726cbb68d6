"""What may be asked of the engine."""

__all__ = ["BACKENDS", "VECTOR_PRECISIONS"]

BACKENDS = ("auto", "tiles", "compiled", "numpy")
"""What may compute; see `gemel.inference.choose_backend`."""
VECTOR_PRECISIONS = ("float32", "float16", "int8")
"""What the numbers of a vector may be, widest first; see `gemel.inference.in_precision`."""

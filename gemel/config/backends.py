"""Backends and precisions of the engine."""

BACKENDS = {
    "auto": "`tiles` where the processor has them and the model has `network.masked = true`, "
    "else `float32`",
    "float32": "`compiled` where it is installed, else `numpy`",
    "tiles": "products in bfloat16, sums in float32, on processors with AMX: the cosine of a "
    "vector to its float32 vector is at least 0.9999",
    "compiled": "float32, compiled at install, for AVX-512, AVX2 or any processor: vectors differ "
    "from those of `numpy` by at most 1e-5",
    "numpy": "float32, NumPy alone, at a fraction of the speed",
}
"""Backends that compute vectors, with their precision, as in docs/speed.md."""
VECTOR_PRECISIONS = ("float32", "float16", "int8")
"""Types of vectors, widest first; see `gemel.inference.in_precision`."""

"""The numbers that vectors are handed out in."""

import numpy as np
from jaxtyping import Float32, Shaped

from gemel.config import VECTOR_PRECISIONS
from gemel.errors import ConfigError

_MOST = 127


def require_precision(precision: str) -> None:
    """Refuse a precision that there is not.

    Raises:
        ConfigError: there is not.
    """
    if precision not in VECTOR_PRECISIONS:
        raise ConfigError(
            f"precision must be one of {', '.join(VECTOR_PRECISIONS)}, not {precision!r}"
        )


def in_precision(
    vectors: Float32[np.ndarray, "texts dim"], precision: str
) -> Shaped[np.ndarray, "texts dim"]:
    """Round unit vectors to fewer bits.

    "float16" keeps length and direction to about 1e-3. Of "int8" the largest number of each vector
    is 127 or -127, so its length gives nothing: divide by it, or compare by cosine.

    Args:
        vectors: unit vectors.
        precision: one of `VECTOR_PRECISIONS`.
    """
    if precision == "float32":
        return vectors
    if precision == "float16":
        return vectors.astype(np.float16)
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=1e-30)
    rounded: Shaped[np.ndarray, "texts dim"] = np.rint(vectors * (_MOST / largest))
    return rounded.astype(np.int8)

"""What was found in texts: words of a list, and others."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int32, Int64


@dataclass(frozen=True, eq=False)
class Found:
    """The words of some texts."""

    numbers: Int32[np.ndarray, "words"]
    """Of each word in the list; -1 where it is not in it."""
    starts: Int64[np.ndarray, "texts_and_1"]
    """Where the words of each text begin."""
    places: Int64[np.ndarray, "others"]
    """Which words are not in the list."""
    others: list[str]
    """What these are."""

"""What shared letters say of two questions, beside what the network says."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float32

from gemel.text import TfIdf, Tokenizer


class SharedSpelling:
    """Mixes the TF-IDF cosine of two questions into their similarity; exact in either order.

    A network that learned from few pairs knows few words; letters that two questions share need
    no learning. How much they count was fitted on validation pairs.

    Args:
        weights: arrays named as in the model folder.
        tokenizer: cleans questions.
    """

    def __init__(self, weights: Mapping[str, np.ndarray], tokenizer: Tokenizer):
        self.share = np.float32(weights["spelling.share"][0])
        self.alike = TfIdf(weights["spelling.idf"], tokenizer.clean)

    def mix(
        self,
        similarity: Float32[np.ndarray, "pairs"],
        left: Sequence[str],
        right: Sequence[str],
    ) -> Float32[np.ndarray, "pairs"]:
        """Give (1 - share) * similarity + share * TF-IDF cosine; 1 stays 1 for equal questions."""
        if not self.share:
            return similarity
        alike = self.alike(left, right).astype(np.float32)
        mixed: Float32[np.ndarray, "pairs"] = similarity + self.share * (alike - similarity)
        return mixed

"""The weights that answer: rows and spellings of known words in one table."""

import numpy as np
import torch
from torch import Tensor

from gemel.layers import ComposedEmbedding
from gemel.models import SiameseModel, get_weights
from gemel.text import Tokenizer


class Folding:
    """Gives the weights of a model folder while, and after, a network is trained.

    Where known words are read by their spelling too, the folder's table holds the sum of both.

    Args:
        model: the network, in mode "train".
        tokenizer: its tokenizer.
    """

    def __init__(self, model: SiameseModel, tokenizer: Tokenizer):
        self.model = model
        embedding = model.processor.sublayers[0]
        self._embedding = embedding if isinstance(embedding, ComposedEmbedding) else None
        if self._embedding is not None:
            spelled = tokenizer.spell(tokenizer.vocabulary)
            self._ids, self._starts = map(torch.from_numpy, (spelled.ids, spelled.starts))

    def weights(self) -> dict[str, np.ndarray]:
        """Copy the weights, folded."""
        weights = get_weights(self.model.processor, self.model.head)
        if self._embedding is not None:
            with torch.no_grad():
                folded = self._embedding.fold(*self._spelled())
            weights["embedding.weight"] = folded.cpu().numpy()
        return weights

    def unfold(self, table: np.ndarray) -> np.ndarray:
        """Give the rows that, with the spellings the network has now, make a folder's table."""
        if self._embedding is None:
            return table
        with torch.no_grad():
            spelled = self._embedding.spelled.compose(*self._spelled())
        rows: np.ndarray = table - spelled.cpu().numpy()
        return rows

    def _spelled(self) -> tuple[Tensor, Tensor]:
        """Give how all words are spelled, where the network is."""
        device = next(self.model.processor.parameters()).device
        return self._ids.long().to(device), self._starts.to(device)

"""The pair head: what a pair's two vectors report together."""

import torch
from jaxtyping import Float
from torch import Tensor

from gemel.layers import Dense, Dropout, Layer
from gemel.layers.base import Mask


class PairHead(Layer):
    """How likely two questions ask the same, judged by their unit vectors; either may be first.

    Takes two tensors of unit vectors (batch, dim) and gives a logit for each pair: a layer with a
    rectifier and one number behind it, over the two vectors' distance in each number, |u - v|,
    their product in each number, u * v, and their cosine. The first two are made longer, by the
    root of dim and by dim, so that a number of theirs is of the size of 1.

    Args:
        dim: numbers in a vector.
        n_units: numbers in the hidden layer.
        dropout: share of the numbers that are zero in training.

    Source: the classifier of Conneau et al. (2017), InferSent, without u and v themselves, which
    would make the order matter.
    """

    def __init__(self, dim: int, n_units: int, dropout: float = 0.0):
        super().__init__(n_in=2, name=f"PairHead_{dim}_{n_units}")
        self.dim = dim
        self.hidden, self.last = Dense(n_units), Dense(1)
        self.hidden.bind(2 * dim + 1)
        self.last.bind(n_units)
        self.dropout = Dropout(dropout)

    def forward(
        self, u: Float[Tensor, "batch dim"], v: Float[Tensor, "batch dim"], mask: Mask | None = None
    ) -> Float[Tensor, "batch"]:
        """Judge each pair."""
        product = u * v
        cosine = product.sum(dim=1, keepdim=True)
        distance = (u - v).abs()
        features = torch.cat([distance * self.dim**0.5, product * self.dim, cosine], dim=1)
        inner = torch.relu(self.hidden(self.dropout(features)))
        logits: Float[Tensor, "batch"] = self.last(self.dropout(inner)).squeeze(1)
        return logits

"""The rival of the main job: the same network and loss as anybody would write them in PyTorch."""

import random
import time

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["train_plain"]


class Encoder(nn.Module):
    """Embedding, LSTM, masked mean, normalisation."""

    def __init__(self, words: int, dim: int):
        super().__init__()
        self.table = nn.Embedding(words, dim)
        self.lstm = nn.LSTM(dim, dim, batch_first=True)

    def forward(self, ids: Tensor) -> Tensor:
        """Encode padded ids."""
        mask = (ids != 1).unsqueeze(-1).float()
        states, _ = self.lstm(self.table(ids))
        return F.normalize((states * mask).sum(1) / mask.sum(1))


def triplet(v1: Tensor, v2: Tensor, margin: float) -> Tensor:
    """Compute the notebook's loss."""
    scores = v1 @ v2.T
    size = len(scores)
    positive = scores.diagonal()
    other = 1 - torch.eye(size)
    closest = (scores - 2 * torch.eye(size)).max(dim=1).values
    mean = (scores * other).sum(dim=1) / (size - 1)
    return (F.relu(margin - positive + closest) + F.relu(margin - positive + mean)).mean()


def pad(rows: list[list[int]]) -> Tensor:
    """Fill rows up to the longest."""
    longest = max(len(row) for row in rows)
    return torch.tensor([row + [1] * (longest - len(row)) for row in rows])


def train_plain(
    left: list[list[int]],
    right: list[list[int]],
    words: int,
    *,
    dim: int = 128,
    batch_size: int = 256,
    epochs: int = 4,
    margin: float = 0.25,
    seed: int = 0,
) -> tuple[Encoder, float]:
    """Train over batches sorted by length.

    Returns:
        The encoder and the seconds it took.
    """
    torch.manual_seed(seed)
    random.seed(seed)
    encoder = Encoder(words, dim)
    optimizer = torch.optim.Adam(encoder.parameters(), lr=1e-3)
    order = sorted(range(len(left)), key=lambda i: max(len(left[i]), len(right[i])))
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    started = time.perf_counter()
    for _ in range(epochs):
        random.shuffle(batches)
        for rows in batches:
            v1, v2 = encoder(pad([left[i] for i in rows])), encoder(pad([right[i] for i in rows]))
            loss = triplet(v1, v2, margin)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return encoder, time.perf_counter() - started

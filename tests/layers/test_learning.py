"""Layers put together learn."""

import torch

import gemel.layers as tl


def test_a_classifier_learns():
    """Whether the id 7 occurs in a row: only the table and the mean can tell."""
    torch.manual_seed(0)
    model = tl.Serial(tl.Embedding(20, 8), tl.Mean(axis=1), tl.Dense(2), tl.LogSoftmax())
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    ids = torch.randint(0, 20, (256, 6))
    labels = (ids == 7).any(dim=1).long()
    for _ in range(150):
        loss = torch.nn.functional.nll_loss(model(ids), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert (model(ids).argmax(dim=1) == labels).float().mean() > 0.99

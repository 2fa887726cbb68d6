"""The network against Trax's own numbers, masking off."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import gemel.layers as tl
from gemel.losses import in_batch_triplet_loss
from gemel.models import SiameseModel

GOLDEN = Path(__file__).parents[1] / "golden"
PRINTS = json.loads((GOLDEN / "trax_prints.json").read_text())
CLOSE = {"rtol": 0, "atol": 1e-5}


def gates_from_trax(array):
    """Reorder the last axis from Trax's i, g, f, o to i, f, g, o."""
    i, g, f, o = np.split(array, 4, axis=-1)
    return np.concatenate([i, f, g, o], axis=-1)


@pytest.fixture(scope="module")
def trax():
    with np.load(GOLDEN / "trax_siamese.npz") as archive:
        return dict(archive)


@pytest.fixture
def twin(trax):
    siamese = SiameseModel(50, 8, masked=False)
    embedding, lstm, _, _ = siamese.processor.sublayers
    matrix = gates_from_trax(trax["lstm_w"]).T
    with torch.no_grad():
        embedding.weight.copy_(torch.from_numpy(trax["embedding"]))
        lstm.cell.weight_ih.copy_(torch.from_numpy(matrix[:, :8].copy()))
        lstm.cell.weight_hh.copy_(torch.from_numpy(matrix[:, 8:].copy()))
        lstm.cell.bias.copy_(torch.from_numpy(gates_from_trax(trax["lstm_b"])))
    return siamese


def ids(trax, name):
    return torch.from_numpy(trax[name].astype(np.int64))


def test_intermediate_values(trax, twin):
    embedding, lstm, mean, _ = twin.processor.sublayers
    states = lstm(embedding(ids(trax, "x1")))
    np.testing.assert_allclose(states.detach(), trax["lstm_out_x1"], **CLOSE)
    np.testing.assert_allclose(mean(states).detach(), trax["mean_x1"], **CLOSE)


def test_vectors(trax, twin):
    v1, v2 = twin.model(ids(trax, "x1"), ids(trax, "x2"))
    np.testing.assert_allclose(v1.detach(), trax["v1"], **CLOSE)
    np.testing.assert_allclose(v2.detach(), trax["v2"], **CLOSE)


def test_loss_and_gradients(trax, twin):
    v1, v2 = twin.model((ids(trax, "x1"), ids(trax, "x2")))
    loss = in_batch_triplet_loss(v1, v2, margin=0.25)
    np.testing.assert_allclose(loss.item(), trax["loss"], **CLOSE)
    loss.backward()
    embedding, lstm, _, _ = twin.processor.sublayers
    matrix = gates_from_trax(trax["grad_lstm_w"]).T
    gradients = {
        "embedding": (embedding.weight.grad, trax["grad_embedding"]),
        "input": (lstm.cell.weight_ih.grad, matrix[:, :8]),
        "recurrent": (lstm.cell.weight_hh.grad, matrix[:, 8:]),
        "bias": (lstm.cell.bias.grad, gates_from_trax(trax["grad_lstm_b"])),
    }
    for name, (ours, theirs) in gradients.items():
        np.testing.assert_allclose(ours, theirs, **CLOSE, err_msg=name)


def test_masking_changes_the_vectors_of_padded_rows_only(trax, twin):
    """The notebook's fault, shown on Trax's own numbers."""
    masked = SiameseModel(50, 8)
    masked.processor.load_state_dict(twin.processor.state_dict())
    x1 = ids(trax, "x1")
    padded = (x1 == 1).any(dim=1)
    assert padded.any()
    assert not padded.all()
    ours = masked.processor(x1).detach().numpy()
    np.testing.assert_allclose(ours[~padded], trax["v1"][~padded], **CLOSE)
    assert (np.abs(ours[padded] - trax["v1"][padded]).max(axis=1) > 1e-3).all()


def notebook_normalize(x):
    return x / torch.sqrt(torch.sum(x * x, axis=-1, keepdims=True))


def two_argument_normalize(x, _):
    return notebook_normalize(x)


def siamese_of(normalize):
    encoder = tl.Serial(
        tl.Embedding(77068, 128), tl.LSTM(128), tl.Mean(axis=1), tl.Fn("Normalize", normalize)
    )
    return tl.Parallel(encoder, encoder)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("Siamese(77068,128)", lambda: siamese_of(notebook_normalize)),
        ("Siamese(77068,128)", lambda: SiameseModel(77068).model),
        ("two-argument Normalize", lambda: siamese_of(two_argument_normalize)),
        (
            "classifier",
            lambda: tl.Serial(tl.Embedding(100, 16), tl.Mean(axis=1), tl.Dense(2), tl.LogSoftmax()),
        ),
        ("LSTM", lambda: tl.LSTM(16)),
        (
            "Parallel of Dense",
            lambda: tl.Parallel(tl.Dense(3), tl.Serial(tl.Dense(4), tl.LogSoftmax())),
        ),
        ("Serial empty", lambda: tl.Serial()),
    ],
)
def test_prints_as_trax_does(name, make):
    assert str(make()) == PRINTS[name]


def test_every_print_of_trax_is_held():
    assert len(PRINTS) == 6

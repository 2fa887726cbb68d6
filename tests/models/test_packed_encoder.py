import numpy as np
import pytest
import torch

from gemel.models import SiameseModel, read
from gemel.models import packed_encoder as packed
from gemel.text import TokenTable, spell, spell_all

WORDS, KNOWN = 30, 20
ROWS = TokenTable.from_rows([[2, 3, 25, 2], [4], [], [25, 28, 5, 3, 2, 19]])
SPELLINGS = TokenTable.from_rows([[n, n + 1, 2 * n] for n in range(WORDS)])


def inputs_of(kind):
    ids = ROWS.pad(np.arange(len(ROWS)))
    if kind == "ids":
        return (ids % KNOWN,)
    if kind == "spelled":
        return spell(ids, ids >= KNOWN, KNOWN, SPELLINGS)
    return spell_all(ids, ids >= KNOWN, SPELLINGS)


def model_of(kind, **options):
    torch.manual_seed(0)
    buckets = 0 if kind == "ids" else 64
    options = {"ngram_buckets": buckets, "compose_all": kind == "composed"} | options
    return SiameseModel(KNOWN, 6, "train", **options)


def learned(model, way, inputs):
    """Return vectors, and what the weights learn of them."""
    model.processor.zero_grad()
    vectors = way(model.processor, inputs)
    (vectors * torch.arange(float(vectors.numel())).reshape(vectors.shape)).sum().backward()
    return [vectors.detach(), *(each.grad.clone() for each in model.processor.parameters())]


def by_the_layers(processor, inputs):
    return processor(inputs)


@pytest.fixture
def read_packed(monkeypatch):
    """Count the readings without padding."""
    calls, uncounted = [], packed.read_packed

    def counted(*arguments, **options):
        calls.append(arguments)
        return uncounted(*arguments, **options)

    monkeypatch.setattr(packed, "read_packed", counted)
    return calls


@pytest.mark.parametrize("kind", ["ids", "spelled", "composed"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("pooling", ["mean", "max"])
def test_it_gives_what_the_layers_give(kind, bidirectional, pooling, read_packed):
    model = model_of(kind, bidirectional=bidirectional, pooling=pooling, n_units=9)
    inputs = inputs_of(kind)
    found = learned(model, read, inputs)
    assert len(read_packed) == (1 + bidirectional) * packed.can_pack(torch.zeros(1))
    for one, other in zip(found, learned(model, by_the_layers, inputs), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5 * float(other.abs().max()), rtol=0)


def test_with_dropout_every_place_is_another(read_packed):
    processor = model_of("ids", dropout=0.5).processor
    same = (np.full((40, 1), 7),)
    torch.manual_seed(1)
    first, again = read(processor, same), read(processor, same)
    assert len(first.unique(dim=0)) > 20
    assert not torch.equal(first, again)
    torch.manual_seed(1)
    assert torch.equal(read(processor, same), first)
    processor.eval()
    torch.testing.assert_close(read(processor, same), processor(same))


@pytest.mark.parametrize("why", ["padding counts", "no words", "not compiled"])
def test_else_the_layers_read(why, read_packed, monkeypatch):
    model = model_of("ids", masked=why != "padding counts")
    inputs = inputs_of("ids") if why != "no words" else (np.ones((2, 3), np.int64),)
    if why == "not compiled":
        monkeypatch.setattr(packed, "find_library", lambda: None)
    assert torch.equal(read(model.processor, inputs), model.processor(inputs))
    assert not read_packed

"""Each row of the notebook's table: the calls it makes, in our words."""

import numpy as np
import pytest
import torch

import gemel.layers as tl
from gemel import siamese_networks
from gemel.siamese_networks import (
    AXIS,
    CONSTANTS,
    TOKENS,
    DataGenerator,
    DataLoader,
    Siamese,
    SiameseModel,
    triplet_loss,
    triplet_loss_layer,
)


@pytest.fixture
def quora(tmp_path):
    path = tmp_path / "train.csv"
    rows = ["id,qid1,qid2,question1,question2,is_duplicate"]
    rows += [
        f"{n},{2 * n},{2 * n + 1},What is thing {n}?,Which is it {n}?,{int(n % 2 == 0)}"
        for n in range(1000)
    ]
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


@pytest.fixture
def loader(quora):
    return DataLoader(quora)


def test_constants():
    assert tuple(AXIS) == (1, -1)
    assert (AXIS.columns, AXIS.last) == (1, -1)
    assert CONSTANTS == (128, AXIS)
    assert (CONSTANTS.model_depth, CONSTANTS.axis) == (128, AXIS)
    assert (TOKENS.unknown, TOKENS.padding, TOKENS.padding_token) == (0, 1, "<PAD>")


def test_layers_under_their_own_names_and_positions():
    def normalize(x):
        return x / torch.sqrt(torch.sum(x * x, axis=-1, keepdims=True))

    processor = tl.Serial(
        tl.Embedding(30, 8), tl.LSTM(8), tl.Mean(axis=1), tl.Fn("Normalize", normalize)
    )
    model = tl.Parallel(processor, processor)
    v1, v2 = model((torch.tensor([[2, 3]]), torch.tensor([[4, 5, 6]])))
    assert v1.shape == v2.shape == (1, 8)
    torch.testing.assert_close(v1.norm(), torch.tensor(1.0))
    assert tl.LSTMCell(8).n_units == 8
    assert str(tl.Serial(tl.Dense(2), tl.LogSoftmax())) == "Serial[\n  Dense_2\n  LogSoftmax\n]"


def test_annotations_of_the_notebook_exist():
    assert tl.combinators.Serial is tl.Serial
    assert tl.combinators.Parallel is tl.Parallel


def test_siamese_with_all_arguments_and_with_none(loader, monkeypatch, quora):
    assert "Embedding_40_16" in str(Siamese(vocab_size=40, d_model=16, mode="train"))
    monkeypatch.setenv("QUORA_TRAIN", str(quora))
    siamese_networks._default_loader.cache_clear()
    try:
        assert f"Embedding_{len(loader.vocabulary)}_128" in str(Siamese())
    finally:
        siamese_networks._default_loader.cache_clear()


def test_siamese_model(loader):
    siamese = SiameseModel(vocabulary_size=len(loader.vocabulary), model_depth=8, mode="train")
    assert isinstance(siamese.processor, tl.combinators.Serial)
    assert isinstance(siamese.model, tl.combinators.Parallel)
    assert siamese.processor is siamese.processor
    assert all(layer is siamese.processor for layer in siamese.model.sublayers)
    assert SiameseModel(77068).model_depth == 128


def test_vocabulary_has_no_gap_and_never_grows(loader):
    size = len(loader.vocabulary)
    assert sorted(loader.vocabulary.values()) == list(range(size))
    assert loader.vocabulary["<PAD>"] == 1
    assert loader.vocabulary.get("never-seen", 0) == 0
    assert loader.vocabulary["never-seen"] == TOKENS.unknown
    assert "never-seen" not in loader.vocabulary
    assert len(loader.vocabulary) == size
    every_id = torch.tensor([list(loader.vocabulary.values())])
    assert SiameseModel(size, 4).processor(every_id).isfinite().all()


def test_data_is_cut_as_the_notebook_cut_it(loader):
    training = round(1000 * 300_000 / 404_290)
    duplicates = len(range(0, training, 2))
    data = loader.data
    assert len(data.train.question_one) == len(data.train.question_two) == int(0.8 * duplicates)
    assert len(data.validate.question_one) == duplicates - int(0.8 * duplicates)
    assert len(data.test.question_one) == len(data.y_test) == 1000 - training
    np.testing.assert_array_equal(data.y_test, np.arange(training, 1000) % 2 == 0)
    words = {index: word for word, index in loader.vocabulary.items()}
    assert [words[index] for index in data.train.question_one[1]] == [
        "What",
        "is",
        "thing",
        "2",
        "?",
    ]


def test_the_split_can_be_chosen(quora):
    data = DataLoader(quora, training_rows=10, train_fraction=0.6).data
    assert [len(part.question_one) for part in data[:3]] == [3, 2, 990]


def test_the_loader_states_which_file_it_took(quora, monkeypatch, capsys):
    DataLoader(quora)
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("QUORA_TRAIN", str(quora))
    assert DataLoader().path == quora
    assert str(quora) in capsys.readouterr().err
    monkeypatch.delenv("QUORA_TRAIN")
    sample = DataLoader()
    assert sample.path.name in capsys.readouterr().err == f"DataLoader reads {sample.path}\n"
    assert len(sample.data.train.question_one) > 300
    assert sample.data.y_test.any()
    assert not sample.data.y_test.all()


def test_generator_pads_both_sides_to_one_power_of_two():
    generator = DataGenerator(
        [[2], [2, 3, 4]], [[5] * 5, [6]], batch_size=2, padding=1, shuffle=False
    )
    one, two = next(generator)
    assert one.tolist() == [[2, *[1] * 7], [2, 3, 4, *[1] * 5]]
    assert two.tolist() == [[*[5] * 5, 1, 1, 1], [6, *[1] * 7]]
    assert np.array_equal(next(generator)[0], one)


def test_generator_is_endless_loses_nothing_and_has_a_seed():
    rows = [[number] for number in range(2, 12)]

    def draw(seed, batches=15):
        generator = DataGenerator(rows, rows, 4, seed=seed)
        return [next(generator)[0].flatten().tolist() for _ in range(batches)]

    assert draw(1) == draw(1) != draw(2)
    drawn = [number for batch in draw(1) for number in batch]
    for start in range(0, 60, 10):
        assert sorted(drawn[start : start + 10]) == list(range(2, 12))
    for one, two in zip(range(3), DataGenerator(rows, rows, 3), strict=False):
        del one
        assert np.array_equal(*two)


def test_no_batch_holds_a_row_twice_if_it_need_not():
    """A row next to itself would be its own worst negative."""
    rows = [[number] for number in range(2, 9)]
    generator = DataGenerator(rows, rows, 5, seed=0)
    for _ in range(50):
        drawn = next(generator)[0].flatten().tolist()
        assert len(set(drawn)) == 5


def test_a_course_loop_with_numpy_arrays_only(loader):
    """Batches straight into the model, and vectors straight into NumPy, as the course has it."""
    arrays = [np.array(side, dtype=object) for side in loader.data.train]
    batch = next(DataGenerator(*arrays, batch_size=8, seed=0))
    v1, v2 = Siamese(len(loader.vocabulary), 8, mode="eval")(batch)
    one, two = np.asarray(v1.numpy()), np.asarray(v2.numpy())
    assert np.isfinite([np.dot(one[row], two[row].T) for row in range(8)]).all()
    assert triplet_loss(v1.numpy(), v2.numpy()) == triplet_loss(v1, v2)


@pytest.mark.parametrize("arguments", [([], [], 2), ([[2]], [], 2), ([[2]], [[3]], 0)])
def test_generator_refuses_what_has_no_batches(arguments):
    with pytest.raises(ValueError, match="as many first as second questions"):
        DataGenerator(*arguments)


def test_loss_and_its_layer():
    v1, v2 = (torch.nn.functional.normalize(torch.randn(5, 4)) for _ in range(2))
    loss = triplet_loss(v1, v2, margin=0.25)
    torch.testing.assert_close(triplet_loss(v1, v2), loss)
    layer = triplet_loss_layer()
    assert str(layer) == "TripletLoss_in2"
    torch.testing.assert_close(layer(v1, v2), loss)
    assert triplet_loss_layer(margin=1.0)(v1, v2) > loss


def test_the_twin_and_its_loss_in_one_serial():
    siamese = SiameseModel(20, 8)
    training = tl.Serial(siamese.model, triplet_loss_layer())
    ids = torch.tensor([[2, 3], [4, 5], [6, 7]])
    loss = training(ids, ids)
    loss.backward()
    assert loss.isfinite()


def test_normalize_keeps_zero_finite():
    assert siamese_networks.normalize(torch.zeros(2, 3)).eq(0).all()

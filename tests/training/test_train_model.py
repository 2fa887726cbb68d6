import dataclasses
import json

import numpy as np
import pytest
import torch

from gemel.config import OBJECTIVES, Config
from gemel.data import Pairs
from gemel.errors import DataError, FolderError, TrainingError
from gemel.evaluation import evaluate, fit_cuts, judge
from gemel.folder import load_model, save_model
from gemel.inference import Engine
from gemel.models import SiameseModel, set_weights
from gemel.text import TfIdf
from gemel.training import EpochSummary, Silent, Trainer, learn
from gemel.training.trainer import TrainingState

TOPICS = ["cat", "dog", "car", "tea", "sun", "map", "hat", "pen", "bed", "cup"]
SMALL = Config.from_mapping(
    {
        "text": {"min_count": 1, "ngram_buckets": 64},
        "network": {"d_model": 16},
        "training": {
            "batch_size": 8,
            "epochs": 4,
            "learning_rate": 0.02,
            "validation_fraction": 0.2,
        },
    }
)


class Listener(Silent):
    def __init__(self):
        self.said, self.warned, self.epochs, self.steps = [], [], [], []

    def note(self, text):
        self.said.append(text)

    def warn(self, text):
        self.warned.append(text)

    def step(self, summary):
        self.steps.append((summary.epoch, summary.batch, summary.batches, summary.pairs))

    def epoch(self, summary):
        self.epochs.append(summary)


def make_pairs(count=400, seed=0):
    """Two questions ask the same if they name the same topic."""
    random = np.random.default_rng(seed)
    left, right, labels = [], [], []
    for number in range(count):
        one = TOPICS[random.integers(len(TOPICS))]
        two = one if number % 2 else TOPICS[random.integers(len(TOPICS))]
        left.append(f"where is the {one} number {random.integers(10**6)}")
        right.append(f"I look for my {two} {random.integers(10**6)}")
        labels.append(one == two)
    return Pairs.of(left, right, np.array(labels), np.arange(count))


SHORT = SMALL.replace(["training.epochs=1"])
"""For what does not depend on how well a model has learned."""

JOINT = SMALL.replace(
    [
        *("network.n_units=12", "network.bidirectional=true", "network.pooling=max"),
        *("network.compose_all=true", "network.head=8", "training.loss=joint"),
        *("training.dropout=0.1", "training.transitive=0.5", "training.word_dropout=0.2"),
    ]
)


@pytest.fixture(scope="module")
def learned():
    listener = Listener()
    return learn(make_pairs(), SMALL, reporter=listener), listener


@pytest.fixture(scope="module")
def joint():
    return learn(make_pairs(300), JOINT)


@pytest.fixture(scope="module")
def short():
    return learn(make_pairs(120), SHORT)


@pytest.mark.parametrize("which", ["learned", "joint"])
def test_it_learns(which, request):
    model = request.getfixturevalue(which)
    model = model[0] if which == "learned" else model
    report = evaluate(
        judge(make_pairs(seed=1), Engine(model).similarity, model.decision), rounds=20
    )
    assert report.figures["accuracy"].value > 0.9


def test_the_reporter_is_called_for_every_step_and_epoch(learned):
    model, listener = learned
    assert [summary.epoch for summary in listener.epochs] == [1, 2, 3, 4]
    steps = listener.steps[0][2]
    assert [step[:3] for step in listener.steps] == [
        (epoch, step, steps) for epoch in (1, 2, 3, 4) for step in range(1, steps + 1)
    ]
    seen = sum(pairs for epoch, *_, pairs in listener.steps if epoch == 1)
    assert seen == model.training["training_pairs"]
    assert any("held out for validation" in text for text in listener.said)
    (warning,) = listener.warned  # questions of another topic are alike in all but one word
    assert "the negatives are much easier than what gemel check will judge" in warning


def test_the_record_states_how_it_went(learned):
    model, listener = learned
    record = json.loads(json.dumps(model.training))
    best = max(listener.epochs, key=lambda summary: summary.validation_average_precision)
    assert record["data"] == make_pairs().digest
    assert record["kept_epoch"] == best.epoch
    assert record["epochs"] == [dataclasses.asdict(summary) for summary in listener.epochs]
    assert record["training_pairs"] + record["validation_pairs"] == record["pairs"] == 400


def test_the_engine_answers_as_the_network_in_eval_mode(learned):
    model, _ = learned
    siamese = SiameseModel(len(model.tokenizer.vocabulary), 16, "eval", ngram_buckets=64)
    set_weights(siamese.processor, model.weights)
    texts = make_pairs(seed=2).left_texts[:50]
    table = model.tokenizer.encode_all(texts)
    with torch.inference_mode():
        expected = siamese.processor(table.inputs(np.arange(50)))
    exact = Engine(model, backend="numpy").encode(texts)
    np.testing.assert_allclose(exact, expected.numpy(), atol=2e-6)
    cosines = (Engine(model).encode(texts) * expected.numpy()).sum(axis=1)
    assert cosines.min() > 0.9999


def test_a_joint_network_answers_as_it_does_in_eval_mode(joint):
    """Its known words have rows and spellings of their own; the folder's table has their sum."""
    siamese = SiameseModel(
        len(joint.tokenizer.vocabulary),
        16,
        "eval",
        ngram_buckets=64,
        n_units=12,
        bidirectional=True,
        pooling="max",
        head=8,
    )
    set_weights(siamese.processor, joint.weights, siamese.head)
    left, right = make_pairs(seed=2).left_texts[:40], make_pairs(seed=2).right_texts[:40]
    table = joint.tokenizer.encode_all(left + right)
    with torch.inference_mode():
        u, v = siamese.processor(table.inputs(np.arange(80))).split(40)
        cosines = (u * v).sum(1)
        both = (torch.tanh(siamese.head(u, v) / 6) + cosines) / 2
        scores = (both + both**3) / 2
    engine = Engine(joint, backend="numpy")
    np.testing.assert_allclose(engine.cosine(left, right), cosines.numpy(), atol=5e-6)
    np.testing.assert_allclose(engine.similarity(left, right), scores.numpy(), atol=5e-6)
    np.testing.assert_array_equal(engine.similarity(left, right), engine.similarity(right, left))
    assert engine.similarity(left, left).tolist() == [1] * 40


def test_a_joint_network_is_saved_and_trained_further(joint, tmp_path):
    save_model(joint, tmp_path / "m")
    read = load_model(tmp_path / "m")
    for name, array in joint.weights.items():
        np.testing.assert_array_equal(read.weights[name], array)
    more = learn(make_pairs(seed=3), JOINT.replace(["training.epochs=1"]), start=read)
    known = len(joint.tokenizer.vocabulary)
    assert list(more.tokenizer.vocabulary)[:known] == list(joint.tokenizer.vocabulary)
    assert more.config.network == joint.config.network


@pytest.mark.slow
def test_shared_letters_go_with_the_model_and_on_from_it(joint, tmp_path):
    pairs, config = make_pairs(), JOINT.replace(["text.spelling_buckets=512"])
    listener = Listener()
    model = learn(pairs, config, start=joint, reporter=listener)
    (share,) = model.weights["spelling.share"]
    assert 0 < share < 1
    assert any("shared letters count for" in text for text in listener.said)
    save_model(model, tmp_path / "m")
    opened = load_model(tmp_path / "m")
    sides = pairs.left_texts, pairs.right_texts
    similarity = Engine(opened).similarity(*sides)
    assert (similarity == Engine(model).similarity(*sides)).all()
    spelling = [name for name in model.weights if name.startswith("spelling.")]
    network = {name: array for name, array in model.weights.items() if name not in spelling}
    alone = Engine(dataclasses.replace(model, weights=network)).similarity(*sides)
    alike = TfIdf(model.weights["spelling.idf"], model.tokenizer.clean)(*sides)
    assert similarity == pytest.approx((1 - share) * alone + share * alike, abs=1e-5)
    assert opened.fingerprint == dataclasses.replace(model, weights=network).fingerprint
    further = learn(make_pairs(seed=2), config, start=opened)
    assert (further.weights["spelling.idf"] == model.weights["spelling.idf"]).all()
    assert further.weights["spelling.share"] != model.weights["spelling.share"]


def test_a_share_of_spelling_beyond_its_bounds_is_refused(tmp_path):
    model = learn(make_pairs(120), SHORT.replace(["text.spelling_buckets=16"]))
    weights = {**model.weights, "spelling.share": np.array([1.5], np.float32)}
    save_model(dataclasses.replace(model, weights=weights), tmp_path / "m")
    with pytest.raises(FolderError, match=r"spelling\.share is 1\.5; expected 0 to 1"):
        load_model(tmp_path / "m")


def test_dropout_leaves_the_callers_randomness_alone(joint):
    state = torch.get_rng_state()
    again = learn(make_pairs(300), JOINT)
    assert torch.equal(torch.get_rng_state(), state)
    for name, array in joint.weights.items():
        np.testing.assert_array_equal(array, again.weights[name])


def test_same_seed_same_numbers_another_seed_others(short):
    state = torch.get_rng_state()
    again = learn(make_pairs(120), SHORT)
    other = learn(make_pairs(120), SHORT.replace(["training.seed=1"]))
    assert torch.equal(torch.get_rng_state(), state), "training touched the caller's randomness"
    for name, array in short.weights.items():
        np.testing.assert_array_equal(array, again.weights[name])
    assert again.decision == short.decision
    assert other.decision != short.decision


@pytest.mark.parametrize(
    "setting",
    [
        *("text.min_count=3", "text.ngram_buckets=0", "training.margin=0.5"),
        *("training.batch_size=16", "training.epochs=2", "training.learning_rate=0.01"),
        *("training.labelled_negatives=false", "training.word_dropout=0.5"),
        *("training.precision='float32'", "training.precision='bfloat16'", "training.seed=1"),
        *("network.masked=false", "training.clip_norm=0.01", "text.ngram_buckets=65"),
    ],
)
def test_every_setting_makes_a_difference(short, setting):
    """Of the two precisions one is what `auto` represents here."""
    weights = learn(make_pairs(120), SHORT.replace([setting])).weights
    same = [
        name in weights and array.shape == weights[name].shape and (array == weights[name]).all()
        for name, array in short.weights.items()
    ]
    is_what_auto_chooses = setting == f"training.precision='{short.training['precision']}'"
    assert all(same) == is_what_auto_chooses


def test_the_objective_is_that_of_the_settings():
    for objective in OBJECTIVES:
        config = SHORT.replace([f"decision.objective={objective!r}", "decision.prevalence=0.2"])
        validation = make_pairs(60, seed=3)
        model = learn(make_pairs(120), config, validation=validation)
        scores = Engine(model).similarity(validation.left_texts, validation.right_texts)
        fitted = fit_cuts(scores, validation.labels, config.decision)
        assert model.decision.settings == config.decision
        assert model.decision.prevalence == 0.2
        for cut in ("lower", "threshold", "upper"):
            expected = min(getattr(fitted, cut), 1.0)
            assert getattr(model.decision, cut) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_either_precision_learns_and_is_recorded(precision):
    model = learn(make_pairs(200), SMALL.replace([f"training.precision={precision}"]))
    assert model.training["precision"] == precision
    assert model.training["validation_average_precision"] > 0.9
    assert all(array.dtype == np.float32 for array in model.weights.values())


def test_given_validation_pairs_are_used():
    validation = make_pairs(60, seed=3)
    model = learn(make_pairs(120), SHORT, validation=validation)
    assert model.decision.data == validation.digest
    assert model.training["training_pairs"] == 120


def test_a_collapse_is_reported():
    """One word for everything: no network can tell the questions apart."""
    rows = [(f"same {'same ' * (n % 3)}", f"same {'same ' * (n % 2)}") for n in range(60)]
    pairs = Pairs.of(
        [f"{left}{n}" for n, (left, _) in enumerate(rows)],
        [f"{right}{n + 100}" for n, (_, right) in enumerate(rows)],
        np.arange(60) % 2 == 0,
        np.arange(60),
    )
    listener = Listener()
    config = SMALL.replace(
        ["text.min_count=50", "text.ngram_buckets=0", "training.learning_rate=0.001"]
    )
    learn(pairs, config, reporter=listener)
    assert any("collapsed" in text and "mean cosine" in text for text in listener.warned)


def test_duplicates_alone_do_where_validation_pairs_are_given():
    pairs = make_pairs()
    same = pairs.select(pairs.labels)
    model = learn(same, SMALL, validation=make_pairs(seed=4))
    assert model.training["validation_average_precision"] > 0.9
    assert model.training["training_pairs"] == len(same)


def test_one_label_is_refused():
    pairs = make_pairs()
    same = pairs.select(pairs.labels)
    with pytest.raises(DataError, match="training pairs are all duplicates; both labels, 0 and 1"):
        learn(same, SMALL)
    with pytest.raises(DataError, match="training pairs are all non-duplicates"):
        learn(pairs.select(~pairs.labels), SMALL, validation=pairs)
    with pytest.raises(DataError, match="validation pairs are all duplicates"):
        learn(pairs, SMALL, validation=same)


def test_a_validation_part_of_one_label_states_what_to_do():
    pairs = Pairs.of(["a", "c", "e"], ["b", "d", "f"], np.array([True, True, False]), np.arange(3))
    with pytest.raises(DataError, match=r"raise training\.validation_fraction or give validation"):
        learn(pairs, SMALL)


def test_one_group_of_questions_is_refused():
    pairs = Pairs.of(["a", "b", "c"], ["b", "c", "a"], np.array([True, True, False]), np.arange(3))
    with pytest.raises(DataError, match="at least two duplicate groups"):
        learn(pairs, SMALL, validation=make_pairs(20))


def test_a_loss_that_is_no_number_stops_the_training(monkeypatch):
    config = SMALL.replace(["training.learning_rate=9.9", "training.margin=2"])
    real = SiameseModel.processor.func

    def broken(self):
        processor = real(self)
        with torch.no_grad():
            processor.sublayers[1].cell.bias.fill_(float("nan"))
        return processor

    monkeypatch.setattr(SiameseModel.processor, "func", broken)
    with pytest.raises(
        TrainingError, match=r"loss is nan .* in epoch 1, batch 1; lower training\."
    ):
        learn(make_pairs(), config)


def test_questions_that_part_late_are_no_collapse():
    """After one of several epochs they may still be close together; that alone is no collapse."""
    trainer = Trainer.__new__(Trainer)
    trainer.reporter = listener = Listener()
    trainer.state = TrainingState()

    def watch(*history):
        trainer.state.history = list(history)
        trainer._watch_for_collapse()

    summary = learn_summary(mean_similarity=0.999, epoch=1)
    watch(summary)
    assert listener.warned == []
    watch(summary, learn_summary(mean_similarity=0.999, epoch=2))
    assert len(listener.warned) == 1
    watch(summary, learn_summary(mean_similarity=0.2, epoch=2))
    watch(summary, learn_summary(mean_similarity=0.99, epoch=2))
    watch(learn_summary(mean_similarity=0.999, epoch=1, epochs=1))
    assert len(listener.warned) == 2


def learn_summary(**values):
    defaults = {
        "epochs": 3,
        "step": 1,
        "loss": 0.5,
        "validation_average_precision": 0.5,
        "validation_accuracy": 0.5,
        "pairs_per_second": 1.0,
        "is_best": False,
    }
    return EpochSummary(**(defaults | values))

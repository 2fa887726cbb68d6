import dataclasses

import numpy as np
import pytest

import gemel
from gemel.config import REFINING, Config
from gemel.data import Pairs
from gemel.decision import Evidence
from gemel.errors import ConfigError, DataError
from gemel.evaluation import Ranking, judge
from gemel.inference import Engine
from gemel.training import learn, refine
from gemel.training.refinement import choose_replay

TOPICS = ["cat", "dog", "car", "tea", "sun", "map", "hat", "pen", "bed", "cup"]
NEW = {"fiddle": "violin", "sofa": "couch", "lorry": "truck", "autumn": "fall", "film": "movie"}
SMALL = Config.from_mapping(
    {
        "text": {"min_count": 1, "ngram_buckets": 64},
        "network": {"d_model": 16, "pooling": "max", "head": 8},
        "training": {"loss": "joint", "batch_size": 16, "epochs": 4, "learning_rate": 0.02},
    }
)
FEW = [*REFINING, "training.learning_rate=0.02", "training.batch_size=16"]


def known_pairs(count=300, seed=0):
    random = np.random.default_rng(seed)
    left, right, labels = [], [], []
    for number in range(count):
        one = TOPICS[random.integers(len(TOPICS))]
        two = one if number % 2 else TOPICS[random.integers(len(TOPICS))]
        left.append(f"where is the {one} number {random.integers(10**6)}")
        right.append(f"I look for my {two} {random.integers(10**6)}")
        labels.append(one == two)
    return Pairs.of(left, right, labels)


def new_pairs(count=80, seed=1):
    """Pairs that are the same if one word means the other, which no letter tells."""
    random = np.random.default_rng(seed)
    words, meanings = list(NEW), list(NEW.values())
    left, right, labels = [], [], []
    for number in range(count):
        one = int(random.integers(len(words)))
        two = one if number % 2 else (one + 1 + int(random.integers(len(words) - 1))) % len(words)
        left.append(f"where is the {words[one]} number {random.integers(10**6)}")
        right.append(f"I look for my {meanings[two]} {random.integers(10**6)}")
        labels.append(one == two)
    return Pairs.of(left, right, labels)


def ranked(model, pairs):
    scores = Engine(model).similarity(pairs.left_texts, pairs.right_texts)
    return Ranking(scores, pairs.labels).average_precision()


@pytest.fixture(scope="module")
def start():
    return learn(known_pairs(), SMALL)


@pytest.fixture(scope="module")
def refined(start):
    return refine(start, new_pairs(), config=start.config.replace(FEW))


def test_it_learns_what_is_new_and_keeps_what_it_knew(start, refined):
    new, old = new_pairs(seed=7), known_pairs(seed=8)
    # How far it gets depends on the rounding of the processor.
    assert ranked(refined.model, new) > max(0.75, ranked(start, new) + 0.1)
    assert ranked(refined.model, old) > ranked(start, old) - 0.05
    judged = judge(new, Engine(refined.model).similarity, refined.model.decision)
    assert judged.confusion.accuracy > 0.6


def test_the_decision_is_fitted_on_what_networks_say_that_have_not_seen_the_pairs(refined):
    judged = refined.added.after
    assert refined.model.decision == refined.added.decision
    assert refined.model.decision.pairs == len(judged.pairs) == 80
    assert refined.model.decision.evidence == Evidence.of(judged.similarity, judged.pairs.labels)


def test_labels_of_pure_chance_do_not_look_learned(start):
    pairs = new_pairs(120, seed=3)
    labels = np.random.default_rng(5).random(120) < 0.5
    noise = refine(
        start, dataclasses.replace(pairs, labels=labels), config=start.config.replace(FEW)
    )
    seen = Engine(noise.model).similarity(pairs.left_texts, pairs.right_texts)
    unseen = noise.added.after.similarity
    assert Ranking(unseen, labels).roc_auc() < 0.65
    assert Ranking(seen, labels).roc_auc() > Ranking(unseen, labels).roc_auc() + 0.1


def test_before_is_the_model_that_was_there(start, refined):
    pairs = new_pairs()
    before = refined.added.before
    assert before.decisions == (start.decision,)
    expected = Engine(start).similarity(pairs.left_texts, pairs.right_texts)
    np.testing.assert_allclose(before.similarity, expected, atol=1e-5)


def test_what_it_learned_from_is_on_record(start, refined):
    record = refined.model.training
    assert record["data"] == new_pairs().digest
    assert record["earlier_data"] == [start.training["data"]]
    assert record["replayed_pairs"] == 0
    assert record["training_pairs"] == 80
    assert len(record["epochs"]) == 10
    assert refined.known is None
    for pairs in (new_pairs(), known_pairs()):
        with pytest.raises(DataError, match="these are the very pairs that"):
            gemel.evaluate(pairs, refined.model, rounds=10)


def test_the_same_seed_is_the_same_model(start, refined):
    again = refine(start, new_pairs(), config=start.config.replace(FEW))
    assert again.model.fingerprint == refined.model.fingerprint
    assert again.model.decision == refined.model.decision


@pytest.mark.slow
def test_known_pairs_go_along_and_report_what_was_forgotten(start, note_taker):
    known = known_pairs()
    found = refine(
        start, new_pairs(), known=known, config=start.config.replace(FEW), reporter=note_taker
    )
    assert found.model.training["replayed_pairs"] == 80
    assert any("80 known pairs are learned once more" in text for text in note_taker.notes)
    assert found.known.before.decisions == (start.decision,)
    assert len(found.known.before.pairs) == start.training["validation_pairs"]
    assert found.known.before.pairs.digest == start.decision.data  # the very ones kept out then


@pytest.mark.slow
def test_other_known_pairs_are_on_record(start):
    others = known_pairs(seed=9)
    found = refine(start, new_pairs(), known=others, config=start.config.replace(FEW))
    assert others.digest in found.model.training["earlier_data"]


def test_replay_leaves_out_what_is_new():
    known = known_pairs(50)
    added = known.select(np.arange(50) < 20)
    drawn = choose_replay(known, added, 0)
    assert len(drawn) == 20
    new = set(zip(added.left_texts, added.right_texts, strict=True))
    assert not new & set(zip(drawn.left_texts, drawn.right_texts, strict=True))
    assert len(choose_replay(added, added, 0)) == 0


@pytest.mark.parametrize(("same", "different"), [(9, 40), (40, 9), (0, 0)])
def test_too_few_pairs_say_what_to_do(start, same, different):
    pairs = new_pairs(200)
    kept = np.zeros(200, bool)
    kept[np.flatnonzero(pairs.labels)[:same]] = True
    kept[np.flatnonzero(~pairs.labels)[:different]] = True
    message = rf"there are {same} and {different}: decide more \(gemel review\), or fit"
    with pytest.raises(DataError, match=message):
        refine(start, pairs.select(kept))


def test_another_network_is_refused(start):
    with pytest.raises(ConfigError, match=r"network\.d_model is 16"):
        refine(start, new_pairs(), config=start.config.replace(["network.d_model=8"]))


def test_a_model_with_a_head_and_letters_learns_too(tmp_path):
    config = SMALL.replace(
        [
            *("network.n_units=12", "network.bidirectional=true", "network.compose_all=true"),
            *("network.weights=float16", "training.dropout=0.1", "text.spelling_buckets=512"),
        ]
    )
    start = learn(known_pairs(), config)
    gemel.folder.save_model(start, tmp_path / "start")
    added = new_pairs(40), new_pairs(60, seed=2)
    found = gemel.refine(
        added[0],
        tmp_path / "m",
        start=tmp_path / "start",
        config=config.replace([*FEW, "training.epochs=2"]),
    )
    loaded = gemel.folder.load_model(tmp_path / "m")
    assert loaded.fingerprint == found.model.fingerprint != start.fingerprint
    assert loaded.decision == found.model.decision
    assert loaded.weights["spelling.share"] == start.weights["spelling.share"]
    assert (tmp_path / "m" / "loss.png").exists()
    with pytest.raises(gemel.FolderError, match="holds a model already"):
        gemel.refine(added[0], tmp_path / "m", start=start)

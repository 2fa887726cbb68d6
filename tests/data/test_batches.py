import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.data import Batches, PairGraph, Pairs
from gemel.text import TOKENS, TokenTable

# Pairs among twelve questions; question n has the ids [n + 10] * (1 + n % 4).
links = st.lists(
    st.tuples(st.integers(0, 11), st.integers(0, 11), st.booleans()), min_size=1, max_size=40
)


def batches_of(rows, **options):
    left, right, labels = zip(*rows, strict=True)
    pairs = Pairs.of(
        [str(n) for n in left], [str(n) for n in right], np.array(labels), np.arange(len(rows))
    )
    graph = PairGraph.of(pairs)
    table = TokenTable.from_rows(
        [[int(text) + 10] * (1 + int(text) % 4) for text in graph.questions]
    )
    batches = Batches(table, graph, pairs.labels, **({"batch_size": 4} | options))
    group = dict(zip(map(int, graph.questions), graph.groups.tolist(), strict=True))
    return batches, group


def usable(rows, **options):
    """Whether the questions of the rows are of more than one group."""
    try:
        return batches_of(rows, **options)
    except ValueError:
        return None


def parts(batch):
    """The anchors' ids, the duplicates' and the negatives'."""
    return np.split(batch.inputs[0], np.cumsum(batch.sizes)[:2])


def questions(ids):
    return (ids[:, 0] - 10).tolist()


@given(links, st.integers(2, 9), st.integers(0, 9))
def test_an_epoch_holds_every_pair_once(rows, batch_size, epoch):
    made = usable(rows, batch_size=batch_size)
    if made is None:
        return
    batches, group = made
    same, different, sizes = [], [], []
    for batch in batches.epoch(epoch):
        anchors, duplicates, partners = map(questions, parts(batch))
        assert batch.groups.tolist() == [group[question] for question in anchors]
        assert [group[question] for question in duplicates] == batch.groups.tolist()
        assert batch.negative_groups.tolist() == [group[question] for question in partners]
        same += [frozenset(pair) for pair in zip(anchors, duplicates, strict=True)]
        different += partners
        sizes.append(len(batch))
    assert sum(sizes) == len(rows)
    assert len(different) == sum(not label for *_, label in rows)
    assert set(different) <= {end for *ends, label in rows if not label for end in ends}
    for a, b, label in rows:
        if label:
            assert frozenset((a, b)) in same
            same.remove(frozenset((a, b)))


def test_every_negative_is_used_once():
    rows = [(2 * n, 2 * n + 1, n % 2 == 0) for n in range(50)]
    batches, _ = batches_of(rows)
    partners = [q for batch in batches.epoch(0) for q in questions(parts(batch)[2])]
    assert sorted(q // 2 for q in partners) == list(range(1, 50, 2))


@given(links, st.integers(2, 9))
def test_every_batch_can_have_a_negative(rows, batch_size):
    made = usable(rows, batch_size=batch_size)
    for batch in made[0].epoch(0) if made else ():
        assert len({*batch.groups.tolist(), *batch.negative_groups.tolist()}) > 1


@given(links)
def test_duplicates_alone_on_request(rows):
    made = usable(rows, labelled_negatives=False) if any(label for *_, label in rows) else None
    for batch in made[0].epoch(0) if made else ():
        anchors, duplicates, negatives = map(questions, parts(batch))
        assert negatives == []
        for pair in zip(anchors, duplicates, strict=True):
            assert (*pair, True) in rows or (*pair[::-1], True) in rows


def test_the_anchor_of_a_negative_is_next_to_another_of_its_group():
    rows = [(0, 1, True), (2, 0, False), (3, 4, False)]
    batches, _ = batches_of(rows)
    for epoch in range(5):
        (batch,) = batches.epoch(epoch)
        anchors, duplicates, negatives = map(questions, parts(batch))
        pairs = set(zip(anchors, duplicates, strict=True))
        assert pairs & {(0, 1), (1, 0)}
        assert pairs & {(3, 3), (4, 4)}, "a question without a duplicate is its own"
        assert 2 in negatives


def test_both_sides_serve_as_anchors():
    batches, _ = batches_of([(0, 1, True), (2, 3, True)])
    seen = {q for epoch in range(20) for b in batches.epoch(epoch) for q in questions(parts(b)[0])}
    assert seen == {0, 1, 2, 3}


def test_sizes_differ_by_one_where_groups_are_many():
    rows = [(2 * n, 2 * n + 1, True) for n in range(103)]
    batches, _ = batches_of(rows, batch_size=10)
    sizes = [len(batch) for batch in batches.epoch(0)]
    assert len(sizes) == len(batches) == 11
    assert set(sizes) == {9, 10}


def test_epochs_differ_and_a_seed_repeats_them():
    rows = [(2 * n, 2 * n + 1, n % 3 > 0) for n in range(100)]

    def epoch(number, seed):
        batches, _ = batches_of(rows, seed=seed, word_dropout=0.3)
        return [batch.inputs[0].tolist() for batch in batches.epoch(number)]

    assert epoch(0, 7) == epoch(0, 7)
    several = [epoch(0, 7), epoch(1, 7), epoch(0, 8)]
    assert all(a != b for a, b in itertools.combinations(several, 2))


def test_questions_of_like_length_go_together():
    lengths = np.random.default_rng(0).integers(1, 40, size=1000)
    texts = [f"q{n}" for n in range(1000)]
    pairs = Pairs.of(texts, [f"{text}!" for text in texts], np.ones(1000, bool), np.arange(1000))
    table = TokenTable.from_rows([[5] * length for length in np.repeat(lengths, 2)])
    batches = Batches(table, PairGraph.of(pairs), pairs.labels, batch_size=50)
    padded = [(batch.inputs[0] == TOKENS.padding).mean() for batch in batches.epoch(0)]
    assert np.mean(padded) < 0.15  # about 0.5 if mixed


def test_word_dropout_makes_words_unknown_and_leaves_padding():
    rows = [(2 * n, 2 * n + 1, True) for n in range(500)]
    batches, _ = batches_of(rows, word_dropout=0.3, batch_size=50)
    ids = [batch.inputs[0] for batch in batches.epoch(0)]
    words = np.concatenate([rows[rows != TOKENS.padding] for rows in ids])
    assert (words == TOKENS.unknown).mean() == pytest.approx(0.3, abs=0.05)
    assert set(words[words < 10].tolist()) == {TOKENS.unknown}
    for batch in ids:
        padding = batch == TOKENS.padding
        assert (padding == np.sort(padding, axis=1)).all(), "padding is all there, at the end"


@pytest.mark.parametrize("rows", [[(0, 1, True), (1, 2, True)], [(0, 1, True), (0, 1, False)]])
def test_one_group_alone_has_no_negative(rows):
    with pytest.raises(ValueError, match="at least two duplicate groups"):
        batches_of(rows)


def test_one_very_long_question_makes_a_small_batch():
    texts = [f"q{n}" for n in range(64)]
    pairs = Pairs.of(texts, [f"{text}!" for text in texts], np.ones(64, bool), np.arange(64))
    graph = PairGraph.of(pairs)
    lengths = [100_000 if text == "q7" else 5 for text in graph.questions]
    table = TokenTable.from_rows([[9] * length for length in lengths])
    batches = list(Batches(table, graph, pairs.labels, batch_size=64).epoch(0))
    assert sum(len(batch) for batch in batches) == 64
    long = [batch for batch in batches if batch.inputs[0].shape[1] == 100_000]
    assert [len(batch) <= 3 for batch in long] == [True]


def test_padding_stays_padding_whatever_is_dropped():
    rows = [(2 * n, 2 * n + 1, True) for n in range(60)]
    plain, dropped = (
        [
            batch.inputs[0] == TOKENS.padding
            for batch in batches_of(rows, word_dropout=share)[0].epoch(3)
        ]
        for share in (0.0, 0.95)
    )
    assert any(mask.any() for mask in plain)
    for one, other in zip(plain, dropped, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_question_with_duplicates_is_not_its_own():
    rows = [(0, 1, True), (1, 2, True), (0, 5, False), (1, 6, False), (2, 7, False)]
    batches, _ = batches_of(rows, batch_size=8)
    for epoch in range(30):
        for batch in batches.epoch(epoch):
            anchors, duplicates, _ = map(questions, parts(batch))
            for anchor, duplicate in zip(anchors, duplicates, strict=True):
                assert anchor != duplicate or anchor > 2


def test_an_epoch_can_be_taken_up_anywhere():
    rows = [(n, (n * 7 + 1) % 40, n % 3 > 0) for n in range(40)]
    batches, _ = batches_of(rows, batch_size=4, word_dropout=0.4)
    whole = [batch.inputs[0].tolist() for batch in batches.epoch(2)]
    for start in range(len(whole) + 2):
        assert [batch.inputs[0].tolist() for batch in batches.epoch(2, start)] == whole[start:]


def test_negatives_name_their_anchors():
    rows = [(0, 1, True), (2, 0, False), (3, 4, False), (5, 6, True)]
    batches, _ = batches_of(rows)
    for epoch in range(5):
        (batch,) = batches.epoch(epoch)
        anchors, duplicates, negatives = map(questions, parts(batch))
        apart = [
            {anchors[place], negative}
            for place, negative in zip(batch.negative_anchors, negatives, strict=True)
        ]
        assert sorted(map(sorted, apart)) == [[0, 2], [3, 4]] or {1, 2} in apart
        labelled = np.flatnonzero(batch.labelled).tolist()
        assert {frozenset((anchors[n], duplicates[n])) for n in labelled} == {
            frozenset((0, 1)),
            frozenset((5, 6)),
        }


@given(links, st.integers(0, 5))
def test_stand_ins_are_of_the_same_group_and_no_question_is_its_own_duplicate(rows, epoch):
    made = usable(rows, transitive=1.0)
    if made is None:
        return
    batches, group = made
    links_between = {frozenset((group[a], group[b])) for a, b, label in rows if not label}
    positives = 0
    for batch in batches.epoch(epoch):
        anchors, duplicates, negatives = map(questions, parts(batch))
        assert [group[q] for q in anchors] == [group[q] for q in duplicates]
        for place, negative in zip(batch.negative_anchors, negatives, strict=True):
            assert frozenset((group[anchors[place]], group[negative])) in links_between
        positives += batch.labelled.sum()
    assert positives == sum(label for *_, label in rows)


def test_all_pairs_of_a_group_come_up_in_time():
    rows = [(0, 1, True), (1, 2, True), (2, 3, True), (8, 9, True)]
    batches, _ = batches_of(rows, transitive=0.5)
    seen = {
        frozenset(pair)
        for epoch in range(60)
        for batch in batches.epoch(epoch)
        for pair in zip(*map(questions, parts(batch)[:2]), strict=True)
    }
    assert {frozenset((a, b)) for a in range(4) for b in range(a)} <= seen


def test_spelled_batches_have_rows_places_and_ngrams():
    rows = [(0, 1, True), (2, 3, True)]
    batches, _ = batches_of(rows)
    spellings = TokenTable.from_rows([[k] * 2 for k in range(30)])
    batches.table.known = 12
    batches.spellings, batches.compose_all = spellings, True
    (batch,) = batches.epoch(0)
    own, places, ngrams, starts = batch.inputs
    ids = {10, 11, 12, 13}
    assert set(ngrams.tolist()) == ids
    assert starts.tolist() == [0, 2, 4, 6, 8]
    spelled = np.where(places > 0, ngrams[starts[np.maximum(places - 1, 0)]], 0)
    assert set(spelled.ravel().tolist()) - {0} == ids
    assert (own[places == 0] == TOKENS.unknown).all()
    known = (spelled > 0) & (spelled < 12)
    assert (own[known] == spelled[known]).all()
    assert (own[~known] == TOKENS.unknown).all()

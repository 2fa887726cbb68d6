import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.data import Batches, Contrasts, PairGraph, Pairs
from gemel.text import TOKENS, Tokenizer

PAIRS = [
    ("best phone with android", "best phone with ios", False),
    ("apps for android", "apps for ios", False),
    ("rent in paris", "rent in rome", False),
    ("rent in the city", "rent in a city", True),
    ("how can i swim", "how do i swim", True),
    ("how can i run", "how do i run", False),
    ("can i smoke", "can i not smoke", False),
    ("is it so", "is it really so", True),
    ("is it true", "is it really true", False),
    ("totally other words", "nothing in common here at all", False),
]


@pytest.fixture
def learned():
    left, right, labels = zip(*PAIRS, strict=True)
    pairs = Pairs.of(left, right, labels)
    graph = PairGraph.of(pairs)
    tokenizer = Tokenizer().learn(graph.questions)
    table = tokenizer.encode_all(graph.questions)
    words = list(tokenizer.vocabulary)
    return Contrasts.learn(table, graph, pairs.labels), words, table, graph, pairs


def ids(words, text):
    return [words.index(word) for word in text.split()]


def test_words_that_make_another_question_are_found(learned):
    contrasts, words, *_ = learned
    found = {
        words[one]: {words[two] for two in others} for one, others in contrasts.partners.items()
    }
    assert found == {"android": {"ios"}, "ios": {"android"}, "paris": {"rome"}, "rome": {"paris"}}
    assert {words[word] for word in contrasts.telling} == {"not"}


def test_each_way_to_change_a_question_comes_up(learned):
    contrasts, words, *_ = learned
    random = np.random.default_rng(0)
    question = ids(words, "not android in ios")
    seen = {
        " ".join(words[word] for word in contrasts.change(question, random)) for _ in range(200)
    }
    assert seen == {
        "not ios in ios",
        "not android in android",
        "not ios in android",
        "android in ios",
    }


@given(st.lists(st.integers(0, 30), max_size=6), st.integers(0, 99))
def test_a_changed_question_is_another_one_or_none(words, seed):
    contrasts = Contrasts({n: [n ^ 1, n ^ 2] for n in range(8, 16)}, {20, 21})
    changed = contrasts.change(words, np.random.default_rng(seed))
    can = len(words) > 1 and any(word in contrasts.partners or word in (20, 21) for word in words)
    assert (changed is not None) == can
    if changed is not None:
        assert changed != words
        assert len(words) - len(changed) in (0, 1)


def test_batches_get_negatives_that_are_of_no_group(learned):
    contrasts, _, table, graph, pairs = learned
    batches = Batches(
        table, graph, pairs.labels, batch_size=5, contrasts=contrasts, contrast_share=1.0
    )
    texts = {tuple(table.ids[a:b].tolist()) for a, b in itertools.pairwise(table.starts.tolist())}
    made = 0
    for batch in batches.epoch(0):
        rows = [
            tuple(word for word in row if word != TOKENS.padding)
            for row in batch.inputs[0].tolist()
        ]
        assert len(rows) == sum(batch.sizes)
        anchors, negatives = rows[: len(batch)], rows[2 * len(batch) :]
        fresh = batch.negative_groups < 0
        assert len(set(batch.negative_groups[fresh].tolist())) == fresh.sum()
        for negative, anchor, group in zip(
            negatives, batch.negative_anchors, batch.negative_groups, strict=True
        ):
            if group >= 0:
                assert negative in texts
                continue
            made += 1
            assert len(set(anchors[anchor]) ^ set(negative)) in (1, 2, 0)
            assert anchors[anchor] != negative
    assert made >= 4
    assert not any(
        (batch.negative_groups < 0).any()
        for batch in Batches(table, graph, pairs.labels, batch_size=5).epoch(0)
    )

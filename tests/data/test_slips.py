import itertools

import numpy as np
import pytest

from gemel.data import Batches, PairGraph, Pairs, Slips
from gemel.text import TOKENS, Rules, Tokenizer

WORDS = ["password", "reset", "a", "account", "2024"]


@pytest.fixture
def tokenizer():
    return Tokenizer(rules=Rules(ngram_buckets=10_000)).learn([" ".join(WORDS)])


def test_long_words_have_slips_of_their_own(tokenizer):
    slips = Slips.of(tokenizer, 50, share=0.5, seed=0)
    long = [word for word in tokenizer.vocabulary if sum(map(str.isalpha, word)) >= 2]
    assert {"password", "reset", "account"} <= set(long)
    assert len(slips.spellings) == 4 * len(long)
    for index, word in enumerate(tokenizer.vocabulary):
        assert (slips.rows[index] >= 0) == (word in long)
        if word in ("password", "account"):
            own = set(tokenizer.spell([word]).ids.tolist())
            for kind in range(4):
                row = slips.spellings.gather(slips.rows[[index]] + kind)
                assert set(row.ids.tolist()) != own
                assert set(row.ids.tolist()) & own, "most of the letters stay"


def test_about_the_wanted_share_slips_and_nothing_else(tokenizer):
    slips = Slips.of(tokenizer, 50, share=0.25, seed=0)
    known = len(tokenizer.vocabulary)
    ids = np.tile(np.arange(known + 2), (3000, 1))
    may = (ids != TOKENS.padding) & (ids < known)
    drawn, slipped = slips.draw(ids, may, np.random.default_rng(0))
    assert (drawn[~slipped] == ids[~slipped]).all()
    assert not slipped[:, slips.rows[np.minimum(ids[0], known - 1)] < 0].any()
    password = list(tokenizer.vocabulary).index("password")
    assert slipped[:, password].mean() == pytest.approx(0.25, abs=0.03)
    first = 50 + slips.rows[password]
    assert set(drawn[slipped[:, password], password]) == {first + kind for kind in range(4)}
    assert not slipped[:, TOKENS.padding].any()
    assert not slipped[:, known:].any()


@pytest.mark.parametrize("compose_all", [False, True])
def test_batches_read_slips_by_their_spelling(tokenizer, compose_all):
    pairs = Pairs.of(["password", "reset"], ["account", "a"], [True, True])
    graph = PairGraph.of(pairs)
    spellings = tokenizer.spell(tokenizer.vocabulary)
    slips = Slips.of(tokenizer, len(spellings), share=0.999, seed=0)
    batches = Batches(
        tokenizer.encode_all(graph.questions),
        graph,
        pairs.labels,
        batch_size=2,
        spellings=spellings.joined(slips.spellings),
        slips=slips,
        compose_all=compose_all,
    )
    (batch,) = batches.epoch(0)
    *ids, ngrams, starts = batch.inputs
    assert len(starts) == (5 if compose_all else 4), "a is short and stays itself"
    own = {word: tuple(tokenizer.spell([word]).ids.tolist()) for word in WORDS}
    spelled = {tuple(ngrams[a:b].tolist()) for a, b in itertools.pairwise(starts)}
    assert not spelled & {own["password"], own["reset"], own["account"]}
    if compose_all:
        assert own["a"] in spelled
        rows = {index for index in ids[0].ravel().tolist() if index}
        assert rows == {list(tokenizer.vocabulary).index("a")}


def test_slips_are_no_known_words_where_others_are_to_be_had():
    tokenizer = Tokenizer(rules=Rules(ngram_buckets=10_000)).learn(["to so tow"])
    slips = Slips.of(tokenizer, 50, share=0.5, seed=0)
    known = {tuple(tokenizer.spell([word]).ids.tolist()) for word in tokenizer.vocabulary}
    rows = [slips.spellings.gather(np.array([row])).ids for row in range(len(slips.spellings))]
    assert len(rows) == 4 * len(tokenizer.vocabulary)
    assert not known & {tuple(row.tolist()) for row in rows}
    assert not slips.read_as.any()


def test_slips_that_are_put_right_are_the_word():
    tokenizer = Tokenizer(rules=Rules(ngram_buckets=10_000, nearest=True)).learn(["password it"])
    slips = Slips.of(tokenizer, 50, share=0.999, seed=0)
    password, short = (tokenizer.vocabulary[word] for word in ("password", "it"))
    ids = np.array([[password, short]] * 500)
    drawn, slipped = slips.draw(ids, ids > 0, np.random.default_rng(0))
    assert (drawn[:, 0] == password).all()
    assert not slipped[:, 0].any()
    assert slipped[:, 1].mean() > 0.99
    assert (drawn[slipped] >= 50).all()

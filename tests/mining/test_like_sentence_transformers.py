"""The options mean what they mean in sentence-transformers: its own function, the same vectors."""

import numpy as np
import pytest

from gemel.config.mining_rules import MiningRules
from gemel.data import Pairs
from gemel.mining.hard_negatives import mine_batches
from gemel.mining.mining_questions import MiningVectors, gather_questions
from gemel.neighbours.exact import ExactNeighbours

pytestmark = pytest.mark.slow
DIM = 6


class Vectors:
    """As much of a SentenceTransformer as its mining asks: a vector for each text."""

    device = "cpu"

    def __init__(self, vector_of):
        self.vector_of = vector_of

    def encode_document(self, texts, **_):
        return np.stack([self.vector_of[text] for text in texts])

    encode_query = encode_document

    def similarity(self, left, right):
        import torch

        return torch.as_tensor(left) @ torch.as_tensor(right).T

    def similarity_pairwise(self, left, right):
        import torch

        return (torch.as_tensor(left) * torch.as_tensor(right)).sum(dim=1)


def draw(seed, chained):
    """Anchors with one or two positives each, and others; with chains, or without."""
    random = np.random.default_rng(seed)
    names = [f"question {number}" for number in range(300)]
    vectors = random.normal(size=(300, DIM))
    rows = []
    for anchor in range(0, 150, 3):
        # Near ones, so that a margin leaves candidates below it.
        vectors[[anchor + 1, anchor + 2]] = vectors[anchor] + 0.3 * random.normal(size=(2, DIM))
        rows.append((names[anchor], names[anchor + 1], True))
        if anchor % 2 and not chained:
            rows.append((names[anchor], names[anchor + 2], True))
        elif chained:
            rows.append((names[anchor + 1], names[anchor + 2], True))
    rows += [(names[n], names[n + 1], False) for n in range(150, 299)]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    kept = vectors.astype(np.float16).astype(np.float32)
    return rows, dict(zip(names, kept, strict=True))


def ours(rows, vector_of, rules):
    questions = gather_questions(Pairs.of(*zip(*rows, strict=True)))
    table = np.stack([vector_of[text] for text in questions.texts])
    near = ExactNeighbours(DIM)
    near.put(np.arange(len(table)), table)
    vectors = MiningVectors(near, np.empty((0, DIM), np.float16))
    found = {}
    for lot in mine_batches(questions, vectors, rules):
        for place, negatives in enumerate(lot.negatives.tolist(), lot.first):
            anchor = questions.texts[questions.anchors[place]]
            found[anchor] = [questions.texts[number] for number in negatives if number >= 0]
    return questions, found


def theirs(rows, vector_of, corpus, **options):
    from datasets import Dataset
    from sentence_transformers.util import mine_hard_negatives

    pairs = [row[:2] for row in rows if row[2]]
    anchors, positives = zip(*pairs, strict=True)
    mined = mine_hard_negatives(
        Dataset.from_dict({"anchor": anchors, "positive": positives}),
        Vectors(vector_of),
        corpus=corpus,
        output_format="labeled-pair",
        verbose=False,
        **options,
    )
    found = {anchor: [] for anchor in anchors}
    for row in mined:
        if not row["label"]:
            found[row["anchor"]].append(row["positive"])
    return found


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"range_min": 2, "range_max": 12},
        {"relative_margin": 0.05, "range_max": 40},
        {"absolute_margin": 0.2, "range_max": 40},
        {"max_score": 0.8, "min_score": 0.3, "range_max": 40, "range_min": 3},
        {"max_score": 0.9, "absolute_margin": 0.1, "relative_margin": 0.1, "range_max": 40},
    ],
)
def test_the_same_negatives(options):
    pytest.importorskip("sentence_transformers")
    rows, vector_of = draw(1, chained=False)
    questions, found = ours(rows, vector_of, MiningRules(count=3, **options))
    # It takes the anchor for one of its own negatives, so it is marked as asking the same.
    own = [(anchor, anchor, True) for anchor in found]
    expected = theirs(rows + own, vector_of, questions.texts, num_negatives=3, **options)
    assert len(expected) == 50
    assert sum(map(len, found.values())) > 100
    assert found == expected


def test_it_gives_what_a_chain_of_pairs_calls_the_same_and_gemel_does_not():
    pytest.importorskip("sentence_transformers")
    rows, vector_of = draw(2, chained=True)
    questions, found = ours(rows, vector_of, MiningRules(count=3))
    own = [(row[0], row[0], True) for row in rows if row[2]]
    expected = theirs(rows + own, vector_of, questions.texts, num_negatives=3, range_max=10)
    group = dict(zip(questions.texts, questions.groups.tolist(), strict=True))

    def same(found):
        return sum(
            group[anchor] == group[other] for anchor, others in found.items() for other in others
        )

    assert same(expected) > 40
    assert same(found) == 0
    for anchor, others in expected.items():
        apart = [other for other in others if group[other] != group[anchor]]
        assert found[anchor][: len(apart)] == apart

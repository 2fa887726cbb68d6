"""Hard negatives against two plain loops over all questions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemel.config.mining_rules import SKIPS, MiningRules
from gemel.data import Pairs
from gemel.mining import hard_negatives
from gemel.mining.hard_negatives import mine_batches
from gemel.mining.mining_questions import MiningVectors, gather_questions
from gemel.neighbours.exact import ExactNeighbours
from gemel.text import clean

NAMES = [f"what is {letter}?" for letter in "abcdefghijkl"]
SPELLINGS = [str, str.upper, lambda name: f"  {name} ", lambda name: name.replace(" is ", "  is ")]


def name_of(text):
    return "".join(clean(text).split())


def slow_groups(rows):
    """Merge sets until none share a question."""
    groups = [{name_of(left), name_of(right)} for left, right, same in rows if same]
    merged = True
    while merged:
        merged = False
        for one in groups:
            for other in groups:
                if one is not other and one & other:
                    one |= other
                    groups.remove(other)
                    merged = True
                    break
            if merged:
                break
    return groups


def slow_mine(rows, vectors, order, rules, likely):
    """Give, anchor by anchor, all that pass, and count what was skipped."""
    groups = slow_groups(rows)
    apart = {frozenset(map(name_of, row[:2])) for row in rows if not row[2]}
    positives = {}
    for left, right, same in rows:
        one, other = name_of(left), name_of(right)
        if same and one != other:
            positives.setdefault(one, {})[other] = None
    skipped, found = dict.fromkeys(SKIPS, 0), []
    for anchor, others in positives.items():

        def cosine(other, anchor=anchor):
            return sum(
                float(x) * float(y) for x, y in zip(vectors[anchor], vectors[other], strict=True)
            )

        least = min(map(cosine, others))
        ranked = sorted(order, key=lambda other: (-cosine(other), order.index(other)))
        free, passing = 0, []
        for other in ranked:
            if free == rules.depth:
                break
            same = any({anchor, other} <= group for group in groups)
            free += other != anchor and not same
            score, reason = cosine(other), None
            if other == anchor:
                reason = "same_text"
            elif same:
                reason = "same_group"
            elif rules.absolute_margin is not None and score + rules.absolute_margin > least:
                reason = "absolute_margin"
            elif (
                rules.relative_margin is not None
                and score > least - abs(least) * rules.relative_margin
            ):
                reason = "relative_margin"
            elif rules.max_score is not None and score > rules.max_score:
                reason = "max_score"
            elif rules.min_score is not None and score < rules.min_score:
                reason = "min_score"
            elif (
                rules.max_probability is not None
                and frozenset((anchor, other)) not in apart
                and likely(anchor, other) > rules.max_probability
            ):
                reason = "max_probability"
            if reason is None:
                passing.append(other)
            else:
                skipped[reason] += 1
        skipped["range_min"] += len(passing[: rules.range_min])
        found.append((anchor, list(others), passing[rules.range_min :], cosine))
    return found, skipped, apart


def pretend_likely(one, other):
    """Say something of two questions that has nothing to do with their vectors."""
    return (ord(one[-2]) * ord(other[-2]) % 11) / 10


eighths = st.integers(-8, 8).map(lambda number: number / 8)


@st.composite
def some_rules(draw):
    count = draw(st.integers(1, 4))
    range_min = draw(st.integers(0, 3))
    least = draw(st.none() | eighths)
    return MiningRules(
        count=count,
        range_min=range_min,
        range_max=draw(st.none() | st.integers(range_min + count, 14)),
        min_score=least,
        max_score=draw(
            st.none() | eighths.map(lambda most: max(most, -1 if least is None else least))
        ),
        absolute_margin=draw(st.none() | eighths.map(abs)),
        relative_margin=draw(st.none() | eighths.map(abs)),
        max_probability=draw(st.none() | st.sampled_from([0.0, 0.3, 0.5, 1.0])),
        sampling=draw(st.sampled_from(["top", "random"])),
        seed=draw(st.integers(0, 3)),
    )


question = st.builds(
    lambda name, spell: spell(name), st.sampled_from(NAMES), st.sampled_from(SPELLINGS)
)
labelled = st.tuples(question, question, st.booleans())
vector = st.tuples(*[st.integers(-4, 4).map(lambda number: number / 8)] * 3)


def prepare(rows, corpus, vector_of):
    questions = gather_questions(Pairs.of(*zip(*rows, strict=True)), corpus)
    names = [name_of(text) for text in questions.texts]
    table = np.array([vector_of[name] for name in names], np.float32)
    near = ExactNeighbours(table.shape[1])
    cut = questions.candidates
    near.put(np.arange(cut), table[:cut])
    return questions, MiningVectors(near, table[cut:].astype(np.float16)), names


@settings(max_examples=40)
@given(
    rows=st.lists(labelled, min_size=1, max_size=14),
    corpus=st.none() | st.lists(question, min_size=1, max_size=10),
    drawn=st.lists(vector, min_size=len(NAMES), max_size=len(NAMES)),
    rules=some_rules(),
    lot=st.integers(1, 5),
    few=st.integers(0, 3),
    threads=st.integers(1, 3),
)
def test_the_same_as_two_plain_loops(rows, corpus, drawn, rules, lot, few, threads):
    rows = [*rows, (NAMES[0], NAMES[1], True)]
    vector_of = {name_of(name): each for name, each in zip(NAMES, drawn, strict=True)}
    questions, vectors, names = prepare(rows, corpus, vector_of)

    def likely(left, right):
        pairs = zip(left.tolist(), right.tolist(), strict=True)
        return np.array([pretend_likely(names[one], names[other]) for one, other in pairs], float)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hard_negatives, "_ANCHORS", lot)
        patch.setattr(hard_negatives, "_FEW", few)
        lots = list(mine_batches(questions, vectors, rules, likely=likely, threads=threads))
    order = list(dict.fromkeys(map(name_of, corpus))) if corpus is not None else names
    expected, skipped, apart = slow_mine(rows, vector_of, order, rules, pretend_likely)
    assert dict(zip(SKIPS, sum(lot.skipped for lot in lots).tolist(), strict=True)) == skipped
    negatives = np.concatenate([lot.negatives for lot in lots])
    scores = np.concatenate([lot.scores for lot in lots])
    positive_scores = np.concatenate([lot.positive_scores for lot in lots]).tolist()
    assert [names[number] for number in questions.anchors] == [anchor for anchor, *_ in expected]
    labelled_negatives = 0
    for place, (anchor, positives, passing, cosine) in enumerate(expected):
        found = [names[number] for number in negatives[place].tolist() if number >= 0]
        assert len(found) == min(rules.count, len(passing))
        if rules.sampling == "top":
            assert found == passing[: rules.count]
        else:
            assert found == [other for other in passing if other in found]
        assert scores[place].tolist() == [
            *map(cosine, found),
            *[-np.inf] * (rules.count - len(found)),
        ]
        begin, end = questions.starts[place : place + 2].tolist()
        assert [names[number] for number in questions.positives[begin:end]] == positives
        assert positive_scores[begin:end] == list(map(cosine, positives))
        labelled_negatives += sum(frozenset((anchor, other)) in apart for other in found)
    assert sum(lot.labelled for lot in lots) == labelled_negatives
    assert sum(lot.looked for lot in lots) == sum(skipped.values()) + sum(
        len(passing) for _, _, passing, _ in expected
    )


def circle(count):
    """Vectors on a circle, one degree apart, so that each is nearest to its neighbours."""
    angles = np.deg2rad(np.arange(count))
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_a_chain_of_duplicates_never_gives_a_negative():
    names = [f"question {number}" for number in range(60)]
    # Only neighbours are labelled; the ends of the chain are tied by forty pairs.
    rows = [(names[n], names[n + 1], True) for n in range(40)]
    rows += [(names[n], names[n + 1], False) for n in range(41, 59)]
    vector_of = dict(zip(map(name_of, names), circle(60), strict=True))
    questions, vectors, _ = prepare(rows, None, vector_of)
    (lot,) = mine_batches(questions, vectors, MiningRules(count=3))
    assert (lot.negatives >= 41).all()
    assert lot.negatives.tolist() == [[41, 42, 43]] * 40
    assert lot.skipped[SKIPS.index("same_text")] == 40
    assert lot.skipped[SKIPS.index("same_group")] > 1000


def test_a_seed_decides_and_the_threads_do_not():
    names = [f"question {number}" for number in range(300)]
    rows = [(names[n], names[n + 1], True) for n in range(0, 300, 2)]
    vector_of = dict(zip(map(name_of, names), circle(300), strict=True))
    questions, vectors, _ = prepare(rows, None, vector_of)

    def mine(seed, threads, anchors):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(hard_negatives, "_ANCHORS", anchors)
            rules = MiningRules(count=2, sampling="random", seed=seed)
            lots = mine_batches(questions, vectors, rules, threads=threads)
            return np.concatenate([lot.negatives for lot in lots])

    one = mine(0, 1, 256)
    np.testing.assert_array_equal(one, mine(0, 3, 7))
    assert (one != mine(1, 1, 256)).any()
    # All of the twenty that are looked at come up.
    ranks = np.abs(one - questions.anchors[:, None])
    assert len(np.unique(ranks)) > 5


def test_what_is_looked_at_bounds_a_batch():
    names = [f"question {number}" for number in range(150)]
    rows = [(names[n], names[n + 1], True) for n in range(0, 100, 2)]
    rows += [(names[n], names[n + 1], True) for n in range(100, 149)]  # one group of fifty
    vector_of = dict(zip(map(name_of, names), circle(150), strict=True))
    questions, vectors, _ = prepare(rows, None, vector_of)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hard_negatives, "_FOUND", 520)
        lots = list(mine_batches(questions, vectors, MiningRules(range_max=50)))
        assert [len(lot.negatives) for lot in lots] == [10] * 5 + [5] * 9 + [4]
        assert [lot.first for lot in lots] == [*range(0, 50, 10), *range(50, 99, 5)]
        patch.setattr(hard_negatives, "_FOUND", 1)
        assert sum(1 for _ in mine_batches(questions, vectors, MiningRules())) == 99


def test_progress_is_reported_in_order():
    names = [f"question {number}" for number in range(20)]
    rows = [(names[n], names[n + 1], True) for n in range(0, 20, 2)]
    vector_of = dict(zip(map(name_of, names), circle(20), strict=True))
    questions, vectors, _ = prepare(rows, None, vector_of)
    told = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hard_negatives, "_ANCHORS", 3)
        list(
            mine_batches(
                questions,
                vectors,
                MiningRules(),
                threads=2,
                progress=lambda *news: told.append(news),
            )
        )
    assert told == [("mining anchors", done, 10) for done in (3, 6, 9, 10)]


def test_a_probability_needs_a_judge():
    rows = [("a", "b", True), ("a", "c", False)]
    questions, vectors, _ = prepare(rows, None, dict.fromkeys("abc", (1.0, 0.0)))
    with pytest.raises(ValueError, match="max_probability needs what judges pairs"):
        list(mine_batches(questions, vectors, MiningRules(max_probability=0.5)))


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ({"max_score": 0.5}, "cde"),
        ({"max_score": 0.49}, "de"),
        ({"min_score": 0.25}, "abcd"),
        ({"min_score": 0.26}, "abc"),
        ({"absolute_margin": 0.25}, "cde"),
        ({"absolute_margin": 0.26}, "de"),
        ({"relative_margin": 0.0}, "bcde"),
        ({"relative_margin": 0.5}, "de"),
        ({"relative_margin": 0.51}, "e"),
        ({"range_min": 2, "range_max": 4}, "cd"),
    ],
)
def test_a_bound_itself_passes(said, left):
    scores = {"a": 0.875, "b": 0.75, "c": 0.5, "d": 0.375, "e": -0.25, "positive": 0.75}
    if "min_score" in said:
        scores["d"] = 0.25
    rows = [("anchor", "positive", True), *(("anchor", name, False) for name in "abcde")]
    vector_of = {name: (score, 0.0) for name, score in scores.items()} | {"anchor": (1.0, 0.0)}
    questions, vectors, names = prepare(rows, None, vector_of)
    rules = MiningRules(**{"count": 2, "range_max": 5} | said)
    (lot,) = mine_batches(questions, vectors, rules)
    assert "".join(names[n] for n in lot.negatives[0] if n >= 0) == left[:2]
    assert lot.looked - lot.skipped.sum() == len(left)
    assert lot.labelled == min(2, len(left))

import csv
import dataclasses

import numpy as np
import pytest

from gemel.config import DecisionConfig
from gemel.decision import Decision
from gemel.evaluation import measure_probes, probes_in_plain_words
from gemel.samples import PROBES

DECISION = Decision(
    threshold=0.5,
    lower=0.5,
    upper=0.5,
    slope=1.0,
    intercept=0.0,
    settings=DecisionConfig(),
    pairs=1,
    prevalence=0.5,
    data="",
)
KINDS = {"details": ["number", "name", "place"], "relations": ["order", "negation", "comparison"]}


@pytest.fixture(scope="module")
def rows():
    with PROBES.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def constant(similarity):
    return lambda left, right: np.full(len(left), similarity)


def by(rows, similarity):
    """Score a pair by its row, whatever place it is asked at."""
    known = {(row["question1"], row["question2"]): similarity(row) for row in rows}
    return lambda left, right: np.array([known[pair] for pair in zip(left, right, strict=True)])


def everything(probes):
    return [one for found in probes for one in (found, *found.kinds)]


def figures(one):
    return one.told_apart, one.kept_together, one.accuracy


def test_sets_and_kinds_count_what_is_in_the_file(rows):
    probes = measure_probes(constant(0.9), DECISION)
    assert {found.name: [kind.name for kind in found.kinds] for found in probes} == KINDS
    for found in probes:
        assert (found.different, found.same) == (150, 50)
        for kind in found.kinds:
            labels = [row["is_duplicate"] for row in rows if row["kind"] == kind.name]
            assert (kind.different, kind.same) == (labels.count("0"), labels.count("1"))


def test_always_or_never_the_same_is_half_right():
    for one in everything(measure_probes(constant(0.5), DECISION)):
        assert figures(one) == (0.0, 1.0, one.same / (one.same + one.different))
    for one in everything(measure_probes(constant(0.49), DECISION)):
        assert figures(one) == (1.0, 0.0, one.different / (one.same + one.different))


def test_who_knows_is_right_and_who_knows_but_lies_is_wrong(rows):
    truth = by(rows, lambda row: float(row["is_duplicate"]))
    assert {figures(one) for one in everything(measure_probes(truth, DECISION))} == {(1, 1, 1)}
    lie = by(rows, lambda row: 1 - float(row["is_duplicate"]))
    assert {figures(one) for one in everything(measure_probes(lie, DECISION))} == {(0, 0, 0)}


def test_figures_are_those_of_a_slow_loop(rows):
    random = np.random.default_rng(0)
    drawn = {row["question1"]: random.random() for row in rows}
    score = by(rows, lambda row: drawn[row["question1"]])
    decision = dataclasses.replace(DECISION, threshold=0.3, lower=0.2, upper=0.8)
    probes = measure_probes(score, decision)
    members = {**KINDS, **{kind: [kind] for kinds in KINDS.values() for kind in kinds}}
    for one in everything(probes):
        apart = together = different = same = 0
        for row in rows:
            if row["kind"] in members[one.name]:
                called_same = drawn[row["question1"]] >= 0.3
                if row["is_duplicate"] == "1":
                    same += 1
                    together += called_same
                else:
                    different += 1
                    apart += not called_same
        right = (apart + together) / (different + same)
        assert figures(one) == pytest.approx((apart / different, together / same, right))


def test_one_kind_that_is_missed_shows_in_its_set_alone(rows):
    blind = by(rows, lambda row: float(row["is_duplicate"] == "1" or row["kind"] == "order"))
    details, relations = measure_probes(blind, DECISION)
    assert figures(details) == (1, 1, 1)
    assert [kind.told_apart for kind in relations.kinds] == [0, 1, 1]
    assert relations.told_apart == pytest.approx(2 / 3)
    assert relations.kept_together == 1


def test_in_plain_words(rows):
    shares = {"number": 1, "name": 1, "place": 0}
    score = by(
        rows, lambda row: float(row["is_duplicate"] == "1" or not shares.get(row["kind"], 1))
    )
    details, relations = probes_in_plain_words(measure_probes(score, DECISION))
    assert details == (
        "Of 150 hand-written pairs in which a number, a name or a place makes it another question, "
        "it tells 67% apart (number 100%, name 100%, place 0%); of 50 that ask the same in other "
        "words, it keeps 100% together (number 100%, name 100%, place 100%)."
    )
    assert relations.startswith(
        "Of 150 hand-written pairs in which an order, a negation or a comparison makes it another "
        "question, it tells 100% apart (order 100%, negation 100%, comparison 100%); "
    )

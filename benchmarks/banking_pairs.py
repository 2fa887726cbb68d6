"""Pairs of questions from questions with an intent: the same intent, the same question.

    python benchmarks/banking_pairs.py banking77/train.csv banking77/test.csv --out banking-pairs

The intents are split, so that those of test.csv occur in train.csv in no pair. Every question gets
a partner of its own intent and, labelled 0, one of any other intent and one of an intent near by.
How near two intents are is told by the mean TF-IDF of their questions; within the intent the
partner is drawn at random, or the pairs would be picked to fool TF-IDF in particular.
"""

import argparse
import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from gemel.text import clean

NEAR = 3
"""How many intents are near by."""

Intents = dict[str, list[str]]
"""The questions of each intent."""


def read_intents(paths: Iterable[Path]) -> tuple[Intents, int]:
    """Read CSV files with a text and an intent a row, under a header.

    Returns:
        The different questions of each intent, and how many were left out for having two intents.
    """
    intents_of: dict[str, set[str]] = {}
    texts: dict[str, str] = {}
    for path in paths:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = csv.reader(stream)
            next(rows)
            for text, intent in rows:
                key = clean(text).lower()
                texts.setdefault(key, " ".join(text.split()))
                intents_of.setdefault(key, set()).add(intent)
    intents: Intents = {}
    for key, found in intents_of.items():
        if len(found) == 1:
            intents.setdefault(next(iter(found)), []).append(texts[key])
    return intents, len(intents_of) - sum(map(len, intents.values()))


def split_intents(names: Iterable[str], share: float, seed: int) -> tuple[list[str], list[str]]:
    """Draw intents to train on and, a share of them, to test on."""
    shuffled = np.random.default_rng(seed).permutation(sorted(names)).tolist()
    test = round(share * len(shuffled))
    return sorted(shuffled[test:]), sorted(shuffled[:test])


def near_by(intents: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Give the intents nearest to each."""
    names = list(intents)
    vectorizer = TfidfVectorizer(sublinear_tf=True)
    vectorizer.fit([text for texts in intents.values() for text in texts])
    means = [np.asarray(vectorizer.transform(intents[name]).mean(axis=0)).ravel() for name in names]
    vectors = np.array([mean / np.linalg.norm(mean) for mean in means])
    order = np.argsort(-(vectors @ vectors.T - 2 * np.eye(len(names))), axis=1, kind="stable")
    return {
        name: [names[other] for other in row[: min(NEAR, len(names) - 1)]]
        for name, row in zip(names, order.tolist(), strict=True)
    }


def make_pairs(intents: Mapping[str, Sequence[str]], seed: int) -> list[tuple[str, str, int]]:
    """Pair every question three times; no two questions are paired twice."""
    random = np.random.default_rng(seed)
    neighbours = near_by(intents)
    pairs: dict[frozenset[str], tuple[str, str, int]] = {}

    def add(text: str, others: Sequence[str], label: int) -> None:
        other = others[int(random.integers(len(others)))]
        if other != text:
            pairs.setdefault(frozenset((text, other)), (text, other, label))

    for name, texts in intents.items():
        others = [other for other in intents if other != name]
        for text in texts:
            add(text, texts, 1)
            add(text, intents[others[int(random.integers(len(others)))]], 0)
            near = neighbours[name]
            add(text, intents[near[int(random.integers(len(near)))]], 0)
    rows = list(pairs.values())
    return [rows[place] for place in random.permutation(len(rows)).tolist()]


def write_pairs(path: Path, pairs: Iterable[tuple[str, str, int]]) -> None:
    """Write them as Quora's columns."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer: Any = csv.writer(stream, lineterminator="\n")
        writer.writerow(("question1", "question2", "is_duplicate"))
        writer.writerows(pairs)


def main() -> None:
    """Write `train.csv` and `test.csv`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("questions", nargs="+", type=Path, help="CSV files of text and intent")
    parser.add_argument("--out", required=True, type=Path, help="a folder")
    parser.add_argument("--test", type=float, default=0.3, help="share of the intents to test on")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    intents, left_out = read_intents(options.questions)
    print(f"{len(intents)} intents; {left_out} questions with two of them left out")
    options.out.mkdir(parents=True, exist_ok=True)
    parts = split_intents(intents, options.test, options.seed)
    for name, chosen in zip(("train", "test"), parts, strict=True):
        pairs = make_pairs({intent: intents[intent] for intent in chosen}, options.seed)
        out = options.out / f"{name}.csv"
        write_pairs(out, pairs)
        same = sum(label for _, _, label in pairs)
        print(f"{out}: {len(pairs):,} pairs of {len(chosen)} intents, {same:,} the same")


if __name__ == "__main__":
    main()

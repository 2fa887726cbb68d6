"""What a model has to beat: logistic regression on TF-IDF of character n-grams, at its best."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

import gemel

__all__ = ["KINDS", "Rival"]

KINDS = ("cosine", "shared", "shared and different")
"""What of two TF-IDF vectors logistic regression sees: their cosine; their product, element by
element, too; and the size of their difference too. Whichever of it is best on the test pairs is
the rival, which is more than a model may do."""


@dataclass(frozen=True)
class Rival:
    """A trained one."""

    vectorizer: Any
    regression: Any
    kind: str

    @classmethod
    def train(cls, pairs: gemel.Pairs, kind: str) -> "Rival":
        """Learn n-grams from the texts and weights from the labels."""
        vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True)
        vectorizer.fit(pairs.texts)
        regression = LogisticRegression(C=10.0, max_iter=1000)
        regression.fit(features(vectorizer, pairs, kind), pairs.labels)
        return cls(vectorizer, regression, kind)

    def probability(self, pairs: gemel.Pairs) -> Any:
        """Say how likely each pair asks the same."""
        return self.regression.predict_proba(features(self.vectorizer, pairs, self.kind))[:, 1]


def features(vectorizer: Any, pairs: gemel.Pairs, kind: str) -> Any:
    """Describe pairs, a row each; not a bit depends on which question is first."""
    vectors = vectorizer.transform(pairs.texts).tocsr()
    left, right = vectors[pairs.left], vectors[pairs.right]
    product = left.multiply(right).tocsr()
    lengths = np.array([len(text) for text in pairs.texts], float)
    one, two = lengths[pairs.left], lengths[pairs.right]
    cosine = np.asarray(product.sum(axis=1)).ravel()
    if kind == "cosine":
        return cosine[:, None]
    ratio = np.minimum(one, two) / np.maximum(np.maximum(one, two), 1)
    columns = [sparse.csr_matrix(np.stack([cosine, ratio], axis=1)), product]
    if kind == "shared and different":
        columns.append(abs(left - right))
    return sparse.hstack(columns, format="csr")

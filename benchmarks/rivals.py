"""What a model has to beat: logistic regression on TF-IDF of character n-grams, at its best."""

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

import gemel

__all__ = ["LENGTHS", "RIVALS", "rival_scores"]

RIVALS = {
    "cosine": ("cosine", 10.0),
    "shared": ("shared", 10.0),
    "shared and different": ("different", 10.0),
    "shared and different, smoother": ("different", 1.0),
}
"""What logistic regression sees of two TF-IDF vectors, and its C: their cosine; their product,
element by element, too; the size of their difference too. Whichever is best on the test pairs is
the rival, which is more than a model may do."""

LENGTHS = "cosine and lengths"
"""Told beside them: how alike two questions are in length is no TF-IDF, but where pairs were
written by hand it may give the label away."""


def rival_scores(training: gemel.Pairs, test: gemel.Pairs) -> dict[str, Any]:
    """Train every rival, and `LENGTHS`, and let them judge other pairs.

    Args:
        training: n-grams are learned from its texts, their weights from its labels.
        test: what to judge.

    Returns:
        By name, how likely each pair of `test` asks the same.
    """
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True)
    vectorizer.fit(training.texts)
    seen, unseen = _Seen(vectorizer, training), _Seen(vectorizer, test)
    found = {}
    for name, (sees, strength) in {**RIVALS, LENGTHS: (LENGTHS, 10.0)}.items():
        regression = LogisticRegression(C=strength, max_iter=1000)
        regression.fit(seen.features(sees), training.labels)
        found[name] = regression.predict_proba(unseen.features(sees))[:, 1]
    return found


class _Seen:
    """Pairs as logistic regression sees them; not a bit depends on which question is first."""

    def __init__(self, vectorizer: Any, pairs: gemel.Pairs):
        vectors = vectorizer.transform(pairs.texts).tocsr()
        left, right = vectors[pairs.left], vectors[pairs.right]
        self.product = left.multiply(right).tocsr()
        self.difference = abs(left - right)
        self.cosine = np.asarray(self.product.sum(axis=1))
        lengths = np.array([len(text) for text in pairs.texts], float)
        self.lengths = lengths[np.stack([pairs.left, pairs.right])]

    def features(self, sees: str) -> Any:
        """Give a row a pair."""
        if sees == "cosine":
            return self.cosine
        if sees == LENGTHS:
            shorter, longer = self.lengths.min(axis=0), self.lengths.max(axis=0)
            return np.column_stack([self.cosine, shorter / np.maximum(longer, 1)])
        parts = [sparse.csr_matrix(self.cosine), self.product]
        if sees == "different":
            parts.append(self.difference)
        return sparse.hstack(parts, format="csr")

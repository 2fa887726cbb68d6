"""Pairs that a model knows, learned once more beside new ones, lest it forget them."""

import numpy as np

from gemel.data import Pairs

_REPLAYED = 1
"""Known pairs for each new one. Five of them were measured to drown what is new."""


def choose_replay(known: Pairs, added: Pairs, seed: int) -> Pairs:
    """Draw known pairs to go along with new ones; none of the new ones themselves.

    Args:
        known: what to draw from.
        added: the new ones. As many are drawn, if there are.
        seed: another seed, other pairs.
    """
    new = {frozenset(pair) for pair in zip(added.left_texts, added.right_texts, strict=True)}
    random = np.random.default_rng(seed)
    chosen = np.zeros(len(known), bool)
    left = _REPLAYED * len(added)
    for row in random.permutation(len(known)).tolist():
        if not left:
            break
        pair = frozenset((known.texts[known.left[row]], known.texts[known.right[row]]))
        if pair not in new:
            chosen[row] = True
            left -= 1
    return known.select(chosen)

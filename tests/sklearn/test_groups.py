import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold

from gemel.sklearn import question_groups

names = st.sampled_from(["a", "b", "c", "d", "e", "f", "g", "h"])


@given(st.lists(st.tuples(names, names), min_size=1, max_size=12))
def test_pairs_have_one_number_if_questions_link_them(pairs):
    groups = question_groups(pairs)
    together = {}
    for left, right in pairs:
        merged = together.get(left, {left}) | together.get(right, {right})
        for name in merged:
            together[name] = merged
    for (left, _), one in zip(pairs, groups, strict=True):
        for (other, _), two in zip(pairs, groups, strict=True):
            assert (other in together[left]) == (one == two)


def test_no_question_is_on_both_sides():
    random = np.random.default_rng(0)
    names = random.integers(300, size=(200, 2)) + 300 * np.arange(4).repeat(50)[:, None]
    frame = pd.DataFrame([(f"how {a}?", f"How {b} ?") for a, b in names], columns=["a", "b"])
    groups = question_groups(frame)
    for training, test in GroupKFold(4).split(frame, groups=groups):
        known = set(
            frame.iloc[training].map(str.lower).map(lambda text: text.replace(" ", "")).stack()
        )
        asked = set(frame.iloc[test].map(str.lower).map(lambda text: text.replace(" ", "")).stack())
        assert not known & asked


def test_texts_that_are_alike_once_cleaned_are_one_question():
    assert len(set(question_groups([("How?", "a"), ("how ?", "b"), ("who", "c")]).tolist())) == 2
    with pytest.raises(ValueError, match="expected a text"):
        question_groups([("a", None)])


def test_without_scikit_learn_it_says_what_to_install():
    code = (
        "import sys\n"
        "sys.modules['sklearn'] = None\n"
        "try:\n"
        "    import gemel.sklearn\n"
        "except ImportError as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == (
        "MissingExtraError gemel.sklearn needs packages that are not here: "
        "pip install 'gemel[sklearn]'\n"
    )

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold

import gemel
from gemel.sklearn import QuestionKFold, question_groups

names = st.sampled_from(["a", "b", "c", "d", "e", "f", "g", "h"])


@settings(max_examples=30)
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


def test_without_scikit_learn_it_states_what_to_install():
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
        "MissingExtraError gemel.sklearn requires packages that are not installed: "
        "pip install 'gemel[sklearn]'\n"
    )


def linked(count=40):
    """Pairs of one component: duplicates in twos, and near misses from each two to the next."""
    same = [(f"w{n} a", f"w{n} b") for n in range(count)]
    near = [(f"w{n} a", f"w{(n + 1) % count} a") for n in range(count)]
    return same + near, [1] * count + [0] * count


def test_folds_are_those_of_a_split_file(tmp_path):
    random = np.random.default_rng(0)
    names = random.integers(4, size=(200, 2)) + 4 * np.arange(50).repeat(4)[:, None]
    pairs = [(f"how {a} q", f"why {b} q") for a, b in names]
    y = random.integers(2, size=200)
    rows = [f"{left},{right},{label}" for (left, right), label in zip(pairs, y, strict=True)]
    (tmp_path / "p.csv").write_text("\n".join(["question1,question2,is_duplicate", *rows]) + "\n")
    gemel.split(tmp_path / "p.csv", tmp_path / "parts", folds=4, seed=7)
    folds = list(QuestionKFold(4, random_state=7).split(pairs, y))
    assert sorted(np.concatenate([test for _, test in folds]).tolist()) == list(range(200))
    for number, (training, test) in enumerate(folds, 1):
        written = tmp_path / "parts" / f"fold-{number}"
        for name, part in (("train", training), ("test", test)):
            assert [rows[row] for row in part] == (written / f"{name}.csv").read_text().split("\n")[
                1:-1
            ]
        known = {name for row in training for name in pairs[row]}
        assert not known & {name for row in test for name in pairs[row]}


def test_a_component_too_large_is_cut_between_its_duplicate_groups():
    pairs, y = linked()
    assert len(set(question_groups(pairs).tolist())) == 1
    with pytest.warns(UserWarning, match=r"\d+ of 80 pairs are in no test") as caught:
        folds = list(QuestionKFold(4).split(pairs, y))
    tested = [row for _, test in folds for row in test]
    left_out = set(range(80)) - set(tested)
    assert len(tested) == len(set(tested))
    assert str(caught[0].message).startswith(f"{len(left_out)} of 80")
    assert 0 < len(left_out) < 20
    assert not any(y[row] for row in left_out)
    assert left_out <= {row for training, _ in folds for row in training}
    for training, test in folds:
        known = {name for row in training for name in pairs[row]}
        assert not known & {name for row in test for name in pairs[row]}


def test_folds_that_cannot_be():
    with pytest.raises(
        gemel.ConfigError, match="folds, must be a whole number from 2 to 1,000, not 1"
    ):
        QuestionKFold(1)
    with pytest.raises(gemel.DataError, match=r"in 2 components .*too few for 5 folds"):
        list(QuestionKFold().split([("a", "b"), ("c", "d")], [0, 1]))
    with pytest.raises(ValueError, match="needs y"):
        list(QuestionKFold().split([("a", "b"), ("c", "d")]))

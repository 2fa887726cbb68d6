import pickle
import subprocess
import sys
import warnings
from contextlib import nullcontext
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

import gemel
from gemel.data import Pairs
from gemel.folder import load_model, save_model
from gemel.sklearn import DuplicateClassifier, QuestionKFold, question_groups


@pytest.fixture(scope="module")
def fitted(pairs, settings):
    return DuplicateClassifier(config=settings).fit(*pairs)


def test_it_learns_and_answers_by_the_stored_threshold(fitted, pairs, tmp_path):
    X, y = pairs
    assert fitted.score(X, y) > 0.9
    assert fitted.classes_.tolist() == [0, 1]
    assert fitted.n_features_in_ == 2
    save_model(fitted.model_, tmp_path / "m")
    verdicts = gemel.load(tmp_path / "m").predict_all(*zip(*X, strict=True))
    assert fitted.predict(X).tolist() == [int(each.is_duplicate) for each in verdicts]
    probability = fitted.predict_proba(X)
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    np.testing.assert_allclose(probability[:, 1], [each.probability for each in verdicts])
    above = fitted.decision_function(X)
    np.testing.assert_array_equal(above >= 0, fitted.predict(X) == 1)
    order = np.argsort(above, kind="stable")
    assert (np.diff(probability[order, 1]) >= 0).all()


FORMS = {
    "tuples": list,
    "lists": lambda X: [list(pair) for pair in X],  # noqa: N803
    "array of objects": lambda X: np.array(X, dtype=object),  # noqa: N803
    "array of texts": np.array,
    "pandas": lambda X: pd.DataFrame(X, columns=["a", "b"]),  # noqa: N803
    "polars": lambda X: pl.DataFrame(X, schema=["a", "b"], orient="row"),  # noqa: N803
}


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_forms_of_x(tiny_model, pairs, form):
    X, y = pairs[0][:40], pairs[1][:40]
    expected = DuplicateClassifier(tiny_model, train=False).fit(X, y)
    found = DuplicateClassifier(tiny_model, train=False).fit(form(X), y)
    assert found.model_.decision == expected.model_.decision
    np.testing.assert_array_equal(found.predict_proba(form(X)), expected.predict_proba(X))
    ready = DuplicateClassifier.from_model(tiny_model)
    np.testing.assert_array_equal(ready.decision_function(form(X)), ready.decision_function(X))


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("no", "yes"),
        (False, True),
        (-1, 1),
        (2, 3),
        ("one", "two"),
        ("not_duplicate", "duplicate"),
        ("other", "duplicate"),
        ("unique", "SAME"),
    ],
)
def test_labels_of_any_kind(tiny_model, pairs, other, same):
    X, y = pairs[0][:60], pairs[1][:60]
    unknown = {other, same} in ({2, 3}, {"one", "two"})
    named = np.array([other, same])[y]
    kind = DuplicateClassifier(tiny_model, train=False)
    with pytest.warns(UserWarning, match="the larger, ") if unknown else nullcontext():
        found = kind.fit(X, named)
    plain = DuplicateClassifier(tiny_model, train=False).fit(X, y)
    assert found.classes_.tolist() == sorted([other, same])
    assert (found.predict(X) == same).tolist() == (plain.predict(X) == 1).tolist()
    place = found.classes_.tolist().index(same)
    assert (found.predict_proba(X)[:, place] == plain.predict_proba(X)[:, 1]).all()
    sign = 1 if place else -1
    assert (found.decision_function(X) == sign * plain.decision_function(X)).all()
    folds = QuestionKFold(2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        of_names, of_numbers = (list(folds.split(X, labels)) for labels in (named, y))
    for one, two in zip(of_names, of_numbers, strict=True):
        assert all((a == b).all() for a, b in zip(one, two, strict=True))


def test_without_training_the_network_stays_and_the_decision_is_that_of_fit(tmp_path, pairs):
    X, y = pairs[0][:60], pairs[1][:60]
    found = DuplicateClassifier("quora-en", train=False).fit(X, y)
    before = load_model("quora-en")
    assert found.model_.fingerprint == before.fingerprint
    of_pairs = Pairs.of(*zip(*X, strict=True), y)
    assert found.model_.decision == gemel.fit(of_pairs, out=tmp_path / "m").decision
    assert found.model_.config.decision == found.model_.decision.settings
    for_f1 = DuplicateClassifier("quora-en", train=False, objective="f1").fit(X, y)
    assert for_f1.model_.decision.settings.objective == "f1"
    ready = DuplicateClassifier.from_model("quora-en")
    assert ready.model_.decision == before.decision
    assert ready.predict([("How do I cook rice?", "Best way to cook rice?")]).tolist() == [1]


def test_training_further_from_a_model(fitted, pairs):
    more = DuplicateClassifier(fitted.model_, epochs=1, learning_rate=0.001).fit(*pairs)
    assert more.model_.fingerprint != fitted.model_.fingerprint
    assert more.model_.config.network == fitted.model_.config.network
    assert more.model_.config.training.epochs == 1


def test_parameters_become_settings(settings, pairs):
    found = DuplicateClassifier(
        config=settings,
        epochs=np.int64(1),
        learning_rate=np.float64(0.01),
        d_model=4,
        random_state=7,
    ).fit(*pairs)
    expected = settings.replace(
        ["training.epochs=1", "training.learning_rate=0.01", "network.d_model=4", "training.seed=7"]
    )
    assert found.model_.config == expected
    assert found.config is settings
    again = clone(found).fit(*pairs)
    assert again.model_.fingerprint == found.model_.fingerprint
    other = clone(found).set_params(random_state=np.random.RandomState(1)).fit(*pairs)
    assert other.model_.fingerprint != found.model_.fingerprint


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"train": False}, "train=False needs a model"),
        (
            {"model": "quora-en", "train": False, "epochs": 2, "loss": "joint"},
            "so epochs, loss would",
        ),
        ({"epochs": 0}, "epochs must be a whole number from 1 to"),
        ({"loss": "hinge"}, "loss must be one of"),
        ({"model": "quora-en", "d_model": 4}, "cannot become 4"),
    ],
)
def test_settings_without_meaning(parameters, problem, pairs):
    with pytest.raises(gemel.ConfigError, match=problem):
        DuplicateClassifier(**parameters).fit(*pairs)


GOOD = [("a b", "a c"), ("d", "e")] * 5


@pytest.mark.parametrize(
    ("x", "y", "problem"),
    [
        ([*GOOD, ("a", None)], [0, 1] * 5 + [1], "X, row 11: has null as second question"),
        ([*GOOD, (float("nan"), "a")], [0, 1] * 5 + [1], "X, row 11: has null as first question"),
        ([*GOOD, ("a", 7)], [0, 1] * 5 + [1], "X, row 11: has 7 as second question"),
        ([(*pair, "z") for pair in GOOD], [0, 1] * 5, r"X has 3 feature\(s\); expected 2"),
        ([one for one, _ in GOOD], [0, 1] * 5, "Expected 2D array"),
        (GOOD, [1] * 10, r"one class only, .*expected two labels"),
        (GOOD, [0, 1, 2, 0, 1] * 2, "Only binary classification is supported"),
        (GOOD, [0, 1], "inconsistent numbers of samples"),
    ],
)
def test_data_that_is_no_use(tiny_model, x, y, problem):
    with pytest.raises(ValueError, match=problem):
        DuplicateClassifier(tiny_model, train=False).fit(x, y)


def test_before_it_is_fitted():
    for method in ("predict", "predict_proba", "decision_function"):
        with pytest.raises(NotFittedError):
            getattr(DuplicateClassifier(), method)(GOOD)


def test_a_pickle_holds_the_model_and_needs_no_folder(fitted, pairs, tmp_path):
    save_model(fitted.model_, tmp_path / "m")
    ready = DuplicateClassifier.from_model(tmp_path / "m")
    expected = ready.predict_proba(pairs[0])
    joblib.dump(ready, tmp_path / "c.joblib")
    (tmp_path / "m").rename(tmp_path / "gone")
    for copy in (joblib.load(tmp_path / "c.joblib"), pickle.loads(pickle.dumps(ready))):
        np.testing.assert_array_equal(copy.predict_proba(pairs[0]), expected)
        assert copy.model == tmp_path / "m"
    with pytest.raises(gemel.FolderError):
        clone(ready).fit(*pairs)
    assert isinstance(ready.model, Path)


def test_search_with_groups_in_a_pipeline(tiny_model, pairs):
    X, y = pairs[0][:120], pairs[1][:120]
    steps = [
        ("spaces", FunctionTransformer(lambda X: [(a.strip(), b.strip()) for a, b in X])),  # noqa: N803
        ("same", DuplicateClassifier(tiny_model, train=False)),
    ]
    groups = question_groups(X)
    search = GridSearchCV(
        Pipeline(steps),
        {"same__objective": ["f1", "accuracy"]},
        cv=GroupKFold(2),
        scoring="average_precision",
        error_score="raise",
    ).fit(X, y, groups=groups)
    assert len(search.cv_results_["mean_test_score"]) == 2
    decision = search.best_estimator_["same"].model_.decision
    assert decision.settings.objective == search.best_params_["same__objective"]
    assert search.predict(X).shape == (len(X),)
    scores = cross_val_score(
        DuplicateClassifier("quora-en", train=False), X, y, cv=QuestionKFold(2)
    )
    assert scores.min() > 0.5


def test_what_training_prints(settings, pairs, capsys):
    X, y = pairs
    DuplicateClassifier(config=settings, verbose=True).fit(X, y)
    told = capsys.readouterr().err
    assert "epoch 2/2  loss" in told
    assert "held out for validation" in told
    with pytest.warns(ConvergenceWarning):
        DuplicateClassifier(config=settings).fit(X, np.random.default_rng(1).permutation(y))
    assert capsys.readouterr().err == ""


def test_training_without_torch_states_what_to_install():
    code = (
        "import sys\n"
        "class Without:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] == 'torch':\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Without())\n"
        "from gemel.sklearn import DuplicateClassifier\n"
        "X = [('a b', 'a c'), ('d', 'e')] * 5\n"
        "print(DuplicateClassifier('quora-en', train=False).fit(X, [1, 0] * 5).predict(X[:2]))\n"
        "try:\n"
        "    DuplicateClassifier().fit(X, [1, 0] * 5)\n"
        "except ImportError as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    answers, missing = done.stdout.splitlines()
    assert answers == "[1 0]"
    assert missing.startswith("MissingExtraError training requires packages")
    assert missing.endswith("'gemel[train]'")


def test_labels_that_look_inverted_are_warned_of():
    words = ["password", "invoice", "holiday", "printer", "salary", "window"]
    alike = [(f"my {words[n % 6]} {n}", f"the {words[n % 6]} {n + 1}") for n in range(60)]
    apart = [(f"my {words[n % 6]} {n}", f"the {words[(n + 2) % 6]} {n + 9}") for n in range(60)]
    y = np.array([0] * 60 + [1] * 60)
    with pytest.warns(gemel.GemelWarning, match="labels look inverted"):
        DuplicateClassifier("quora-en", train=False).fit(alike + apart, y)

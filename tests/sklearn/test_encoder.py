import pickle

import datasets
import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import gemel
from gemel.folder import save_model
from gemel.sklearn import QuestionEncoder

TEXTS = ["How old are you?", "Why is the sky blue?", "", "how old are you ?"]
FORMS = {
    "list": list,
    "tuple": tuple,
    "array": np.array,
    "array of objects": lambda texts: np.array(texts, dtype=object),
    "one column": lambda texts: [[text] for text in texts],
    "pandas": pd.Series,
    "a frame": lambda texts: pd.DataFrame({"q": texts}),
    "polars": pl.Series,
    "datasets": lambda texts: datasets.Dataset.from_dict({"q": texts})["q"],
}


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_vectors_are_those_of_the_engine(tiny_model, form):
    found = QuestionEncoder(tiny_model).fit_transform(form(TEXTS))
    np.testing.assert_array_equal(found, gemel.Engine(tiny_model).encode(TEXTS))
    assert found.dtype == np.float32


def test_names_and_frames_that_come_out(tiny_model):
    encoder = QuestionEncoder(tiny_model).fit()
    names = [f"questionencoder{number}" for number in range(4)]
    assert encoder.get_feature_names_out().tolist() == names
    found = encoder.set_output(transform="pandas").transform(pd.Series(TEXTS, index=list("wxyz")))
    assert found.columns.tolist() == names
    assert found.index.tolist() == list("wxyz")
    assert found.dtypes.unique().tolist() == [np.float32]
    assert encoder.set_output(transform="polars").transform(TEXTS).columns == names


def test_a_pickle_holds_the_model_and_needs_no_folder(tiny_model, tmp_path):
    save_model(tiny_model, tmp_path / "m")
    encoder = QuestionEncoder(tmp_path / "m").fit()
    expected = encoder.transform(TEXTS)
    joblib.dump(encoder, tmp_path / "e.joblib")
    (tmp_path / "m").rename(tmp_path / "gone")
    for copy in (joblib.load(tmp_path / "e.joblib"), pickle.loads(pickle.dumps(encoder))):
        np.testing.assert_array_equal(copy.transform(TEXTS), expected)
    with pytest.raises(gemel.FolderError, match="no such model folder"):
        clone(encoder).fit()


def test_in_pipelines(tiny_model):
    frame = pd.DataFrame({"left": TEXTS, "right": TEXTS[::-1]})
    sides = ColumnTransformer([(name, QuestionEncoder(tiny_model), name) for name in frame])
    assert sides.fit_transform(frame).shape == (4, 8)
    kinds = make_pipeline(QuestionEncoder(), LogisticRegression())
    kinds.fit(
        [f"How do I cook {n}?" for n in range(9)] + [f"Who plays {n}?" for n in range(9)],
        [0, 1] * 9,
    )
    assert kinds.predict(["How do I cook rice?"]).shape == (1,)


@pytest.mark.parametrize(
    ("x", "error", "problem"),
    [
        ("How old are you?", TypeError, "expected a list of questions, not one string"),
        (["a", None], ValueError, "X, row 2: has null as question; expected a text"),
        (pd.Series(["a", np.nan]), ValueError, "X, row 2: has null as question"),
        ([1, 2], ValueError, "X, row 1: has 1 as question"),
        ([("a", "b")], ValueError, r"shape \(1, 2\); expected one question a row"),
        ([], ValueError, "minimum of 1 is required"),
    ],
)
def test_what_is_no_question(tiny_model, x, error, problem):
    with pytest.raises(error, match=problem):
        QuestionEncoder(tiny_model).fit().transform(x)


def test_before_it_is_fitted():
    with pytest.raises(NotFittedError):
        QuestionEncoder().transform(TEXTS)

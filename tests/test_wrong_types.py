"""Values of wrong types in Python: what was found, where, and what to do, and never a crash."""

import json
import subprocess
import sys

import pytest

# In a process of its own: the test suite checks types before gemel could.
PROGRAM = """
import json, sys
import numpy as np, pandas as pd
import gemel
from gemel.config import Config, TrainingConfig
from gemel.store import NewQuestion
from gemel.sklearn import DuplicateClassifier, QuestionEncoder
from gemel import siamese_networks

engine = gemel.load(sys.argv[1])
index = gemel.open_index(sys.argv[2], sys.argv[1])
index.add("How old are you?", id="a")
many = (engine.encode, lambda t: list(engine.encode_each(t)), lambda t: engine.predict_all(t, t),
        lambda t: engine.similarity(t, t), lambda t: engine.cosine(t, t),
        QuestionEncoder(sys.argv[1]).fit_transform)
one = (lambda t: engine.predict(t, "x"), lambda t: engine.predict("x", t),
       lambda t: engine.explain("x", t), lambda t: index.search(t), index.check, index.add,
       lambda t: index.add("x y", id=t), lambda t: index.remove(t), lambda t: index.remove("a", t),
       lambda t: index.add_all([NewQuestion(id="b", text=t)]))
bad = {"None": None, "nan": float("nan"), "NA": pd.NA, "NaT": pd.NaT, "int": 3,
       "np.float64": np.float64(2), "np.nan": np.float32("nan"), "bytes": b"x", "list": ["a"],
       "dict": {"a": 1}, "array": np.array(["a", "b"])}
told = []
def attempt(name, call, *given):
    try:
        call(*given)
    except gemel.GemelError as error:
        told.append([name, type(error).__name__, str(error)])
    except TypeError as error:
        told.append([name, "TypeError", str(error)])
    except Exception as error:
        told.append([name, "raw " + type(error).__name__, str(error)])
    else:
        told.append([name, "nothing", ""])
for name, value in bad.items():
    for call in one:
        if not (name == "None" and call is one[6]):  # without an id there will be one
            attempt(name, call, value)
    for call in many:
        attempt(name, call, ["how old", value])
for name, value in {"one string": "abc", "None": None, "int": 5}.items():
    for call in many:
        attempt(name, call, value)
for value in ("3", None, 2.5, True, float("nan")):
    attempt("setting", lambda value=value: TrainingConfig(epochs=value))
for value in (0.5, None, "3", True, float("nan"), 0, -1):
    attempt("k", index.search, "age", value)
    attempt("threads", lambda value=value: engine.encode(["age"], threads=value))
attempt("pairs", engine.predict_all, ["a"], ["b", None])
good = [
    engine.predict(np.str_("how old"), "what age").answer,
    engine.encode(np.array(["how old", "what age"])).shape,
    engine.encode(pd.Series(["how old", "what age"])).shape,
    engine.encode(("how old",)).tolist() == engine.encode([np.str_("how old")]).tolist(),
    type(index.add(np.str_("what age"), id=np.str_("c"))).__name__,
    len(index.search(np.str_("what age"), np.int64(5))),
    index.remove(np.str_("c")),
    type(TrainingConfig(epochs=np.int64(3)).epochs).__name__,
    siamese_networks.normalize(np.array([[3.0, 4.0]])).tolist(),
    siamese_networks.normalize(np.array([3, 4])).shape,
]
print(json.dumps({"told": told, "good": good}, default=list))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory, tiny_model):
    from gemel.folder import save_model

    place = tmp_path_factory.mktemp("types")
    save_model(tiny_model, place / "model")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, place / "model", str(place / "x.db")],
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_wrong_value_is_named(answers):
    assert len(answers["told"]) > 150
    for name, kind, message in answers["told"]:
        assert kind in ("DataError", "ConfigError", "TypeError"), (name, kind, message)
        assert any(word in message for word in ("expected", "must be", "Input should")), (
            name,
            message,
        )


def test_the_position_in_a_list_is_named(answers):
    messages = [message for name, _, message in answers["told"] if name == "NA"]
    assert any(
        message == "texts[1]: expected a text, found <NA> (NAType); drop what is missing, or fill "
        "it in"
        for message in messages
    )
    assert any(message.startswith("right[1]: ") for name, _, message in answers["told"])
    assert any("ids: expected ids one by one" in message for *_, message in answers["told"])


def test_what_numpy_and_pandas_call_a_text_is_one(answers):
    same, array, series, equal, kind, found, removed, epochs, unit, whole = answers["good"]
    assert same in ("the same", "not the same", "ask a person")
    assert (array, series, equal, kind) == ([2, 4], [2, 4], True, "str")
    assert (found, removed, epochs) == (2, ["c"], "int")
    assert [round(each, 6) for each in unit[0]] == [0.6, 0.8]
    assert whole == [2]

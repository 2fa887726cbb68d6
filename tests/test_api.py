import dataclasses

import numpy as np
import pytest

import gemel
from gemel.data import Pairs


def test_the_road_in_python(tmp_path, tiny_model):
    from gemel.folder import save_model

    save_model(tiny_model, tmp_path / "m")
    engine = gemel.load(tmp_path / "m")
    verdict = engine.predict("how are you", "how are you")
    assert isinstance(verdict, gemel.Verdict)
    assert verdict.similarity == pytest.approx(1, abs=1e-6)

    words = list(tiny_model.tokenizer.vocabulary)[2:]
    left = [f"{words[n % len(words)]} {n}" for n in range(60)]
    right = [f"{words[(n * (n % 3)) % len(words)]} {n}" for n in range(60)]
    pairs = Pairs.of(left, right, np.arange(60) % 2 == 0, np.arange(60))
    by_folder = gemel.evaluate(pairs, tmp_path / "m", rounds=10)
    by_engine = gemel.evaluate(pairs, engine, rounds=10)
    assert by_folder == by_engine
    assert by_folder.thresholds == (tiny_model.decision.threshold,)
    assert len(gemel.evaluate(pairs, engine, halves=True, rounds=10).thresholds) == 2


def test_compare_judges_a_file_pair_by_pair(tmp_path, tiny_model):
    (tmp_path / "p.csv").write_text("a,b,c\nhow old,x,are you\nhow,y,how\n")
    columns = gemel.Columns(left="a", right="c")
    first, second = gemel.compare(tmp_path / "p.csv", tiny_model, columns=columns)
    assert (first.left, first.right, first.line) == ("how old", "are you", 2)
    alone = gemel.Engine(tiny_model).predict("how old", "are you")
    assert first.verdict.similarity == pytest.approx(alone.similarity, abs=1e-6)
    assert second.verdict.answer == "the same"
    with pytest.raises(gemel.FolderError, match="no such model folder"):
        gemel.compare(tmp_path / "p.csv", tmp_path / "none")


def test_train_gives_what_it_writes(tmp_path):
    count = 80
    left = [f"word{n % 8} first" for n in range(count)]
    right = [f"word{(n if n % 2 else n + 1) % 8} second {n}" for n in range(count)]
    pairs = Pairs.of(left, right, np.arange(count) % 2 == 1, np.arange(count))
    config = gemel.Config().replace(
        [
            *("training.epochs=1", "training.seed=1", "training.validation_fraction=0.3"),
            "network.d_model=4",
        ]
    )
    with pytest.warns(gemel.GemelWarning, match="a decision takes at least 20 of either label"):
        model = gemel.train(pairs, tmp_path / "m", config=config)
    loaded = gemel.load(tmp_path / "m").model
    assert loaded.decision == model.decision
    assert loaded.config == config
    np.testing.assert_array_equal(
        loaded.weights["embedding.weight"], model.weights["embedding.weight"]
    )


def test_place_is_checked_before_the_work(tmp_path):
    """no one waits a minute to be told that the folder is taken."""
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(gemel.FolderError, match="is not a gemel model"):
        gemel.train(tmp_path / "there-is-no-such-file.csv", tmp_path)


@pytest.mark.parametrize("where", ["trained on", "fitted on"])
def test_pairs_that_the_model_has_seen_are_refused(tiny_model, where):
    pairs = Pairs.of(["a", "b"], ["c", "d"], np.array([True, False]), np.arange(2))
    if where == "trained on":
        changes = {"training": {"data": pairs.digest}}
    else:
        changes = {"decision": dataclasses.replace(tiny_model.decision, data=pairs.digest)}
    engine = gemel.Engine(dataclasses.replace(tiny_model, **changes))
    for halves in (False, True):
        with pytest.raises(gemel.DataError, match=f"{where}, which would flatter it.*--seen"):
            gemel.evaluate(pairs, engine, halves=halves)
    assert gemel.evaluate(pairs, engine, seen=True, rounds=2).pairs == 2


def some_pairs(tiny_model, first=0):
    words = list(tiny_model.tokenizer.vocabulary)[2:]
    left = [f"{words[n % len(words)]} {n}" for n in range(first, first + 60)]
    right = [f"{words[(n * (n % 3)) % len(words)]} {n}" for n in range(first, first + 60)]
    return Pairs.of(left, right, np.arange(60) % 2 == 0)


def test_fit_gives_what_it_writes(tmp_path, tiny_model):
    from gemel.folder import save_model

    save_model(tiny_model, tmp_path / "m")
    pairs = some_pairs(tiny_model)
    settings = gemel.DecisionConfig(objective="f1", prevalence=0.2)
    fitted = gemel.fit(pairs, tmp_path / "m", settings=settings)
    engine = gemel.load(tmp_path / "m")
    assert engine.model.decision == fitted.decision
    assert fitted.decision.settings == settings
    assert fitted.decision.data == pairs.digest
    np.testing.assert_array_equal(
        fitted.after.similarity, engine.similarity(pairs.left_texts, pairs.right_texts)
    )
    again = gemel.fit(some_pairs(tiny_model, 100), tmp_path / "m")
    assert again.before.decisions == (fitted.decision,)
    assert again.decision.settings == dataclasses.replace(settings, prevalence=0.0)


def test_what_an_evaluation_is_asked_for_is_in_its_report(tmp_path, tiny_model):
    engine, pairs = gemel.Engine(tiny_model), some_pairs(tiny_model)
    plain = gemel.evaluate(pairs, engine, rounds=5)
    assert (plain.baselines, plain.robustness, plain.rounds) == ((), None, 5)
    beside = gemel.evaluate(pairs, engine, tfidf_baseline=True, rounds=5).baselines
    assert [each.name for each in beside] == ["TF-IDF"]
    robust = gemel.evaluate(pairs, engine, robustness=True, rounds=5).robustness
    assert (robust.pairs, robust.symmetry.failures, robust.identity.failures) == (60, 0, 0)
    page = gemel.evaluate(pairs, engine, page=tmp_path / "r", rounds=5)
    assert (page.baselines, page.robustness) == (beside, robust)
    assert (tmp_path / "r" / "index.html").exists()


def test_the_place_of_a_page_is_checked_before_the_work(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(gemel.DataError, match="is no report of gemel"):
        gemel.evaluate("there-is-no-such-file.csv", "no-such-model", page=tmp_path)

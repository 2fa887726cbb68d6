import pytest
import yaml
from huggingface_hub import ModelCard
from hypothesis import example, given
from hypothesis import strategies as st

from gemel.folder.model_card import (
    TAGS,
    Measured,
    card_text,
    front_matter,
    split_card,
    validation_figures,
    with_library,
)

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
"""All that UTF-8 can hold."""
FIGURE = st.floats(0, 1)


def fields(front):
    """Read front matter with a parser that is not ours."""
    assert front.startswith("---\n")
    assert front.endswith("\n---\n")
    (found,) = yaml.safe_load_all(front[4:-4])
    return found


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT, FIGURE, st.floats(-1, 1))
@example("no", "null", "---", 1e-9, -0.0)
@example('a "b": c\n---\n# d', "\\", "\u2028\x85\ufeff\x7f", 1.0, 1e-5)
@example("😀", "- x", "&a *b !c %d @e `f {g [h", 0.5, 0.5)
def test_names_of_any_kind_are_read_back(name, data, split, figure, threshold):
    measured = Measured(
        figures={"f1": figure}, split=split, data=data, how=name, thresholds=[threshold]
    )
    found = fields(front_matter(name, library=data, results=[measured], language=split))
    assert (found["library_name"], found["language"]) == (data, split)
    (model,) = found["model-index"]
    assert model["name"] == name
    (result,) = model["results"]
    assert (result["dataset"]["name"], result["dataset"]["split"]) == (data, split)
    (metric,) = result["metrics"]
    assert metric["type"] == "f1"
    assert isinstance(metric["value"], float)
    assert metric["value"] == pytest.approx(figure, abs=1e-6)
    assert metric["args"]["threshold_from"] == name
    assert metric["args"]["thresholds"] == [pytest.approx(threshold, abs=1e-6)]


def test_a_name_that_is_no_text_gives_a_card_that_can_be_written(tiny_model):
    training = {"validation_average_precision": 0.5}
    card = card_text("m\udcff", tiny_model.config, tiny_model.decision, training)
    front, _ = split_card(card)
    assert fields(front.encode().decode())["model-index"][0]["name"] == "m?"


@given(st.text())
@example("# A card\n---\nno front matter\n---\n")
@example("---\nnever ends")
def test_a_card_is_parted_where_its_front_matter_ends(text):
    front = front_matter("m")
    assert split_card(f"{front}\n# {text}") == (front, f"# {text}")
    if not text.startswith("---"):
        assert split_card(text) == ("", text)
    windows = front.replace("\n", "\r\n")
    assert split_card(f"{windows}\r\n# {text}") == (windows, f"# {text}")


def test_what_is_not_known_is_left_out():
    found = fields(front_matter("m"))
    assert found == {
        "library_name": "gemel",
        "pipeline_tag": "sentence-similarity",
        "tags": list(TAGS),
    }
    more = front_matter("m", licence="other", licence_name="own", tags=["onnx", "gemel"])
    assert fields(more)["tags"] == [*TAGS, "onnx"]
    assert (fields(more)["license"], fields(more)["license_name"]) == ("other", "own")


@pytest.mark.parametrize("value", [None, "0.9", True, float("nan"), float("inf"), [0.9]])
def test_a_record_without_a_figure_gives_none(value):
    assert validation_figures({"validation_average_precision": value}, 0.5) == []


def test_hugging_face_reads_the_card_of_a_folder(tiny_model):
    training = {**tiny_model.training, "validation_average_precision": 0.876543}
    card = ModelCard(card_text("my model", tiny_model.config, tiny_model.decision, training))
    assert card.text.lstrip().startswith("# A gemel model")
    assert card.data.library_name == "gemel"
    assert card.data.pipeline_tag == "sentence-similarity"
    assert card.data.tags == list(TAGS)
    assert card.data.license is None
    assert card.data.model_name == "my model"
    (result,) = card.data.eval_results
    assert (result.metric_type, result.metric_value) == ("average_precision", 0.876543)
    assert (result.dataset_split, result.metric_args) == ("validation", {"thresholds": [0.75]})
    unmeasured = card_text("m", tiny_model.config, tiny_model.decision, {})
    assert ModelCard(unmeasured).data.eval_results is None


def test_for_another_library_the_rest_stays():
    measured = Measured(figures={"f1": 0.5}, split="validation")
    card = f"{front_matter('m', language='en', results=[measured])}\n# m\nlibrary_name: x\n"
    before, after = (fields(each) for each in (split_card(card)[0], with_library(card, "m", "b-c")))
    assert after == before | {"library_name": "b-c"}
    assert fields(with_library("# of an older gemel\n", "m", "other"))["library_name"] == "other"
    odd = with_library(card, "m", r'\1 "quoted"')
    assert fields(odd)["library_name"] == r'\1 "quoted"'

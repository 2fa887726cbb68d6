import json
from pathlib import Path

import pytest
from card import ROWS, card_front
from huggingface_hub import ModelCard

from gemel.folder.model_card import split_card

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "gemel" / "pretrained" / "quora-en" / "README.md"
NAMES = {"dev_natural.csv": "natural share", "wang2017_dev.tsv": "Wang et al. dev"}


@pytest.fixture
def reports():
    result = json.loads((ROOT / "benchmarks" / "results" / "ship.json").read_text())
    return [(NAMES[report["data"]], report) for report in result["reports"]]


def test_the_shipped_card_has_the_front_matter_of_what_was_measured(reports):
    front, text = split_card(SHIPPED.read_text(encoding="utf-8"))
    assert front == card_front(reports)
    assert text.startswith("# quora-en\n")


def test_hugging_face_reads_every_figure_of_the_table(reports):
    data = ModelCard.load(SHIPPED).data
    assert (data.language, data.license, data.library_name) == ("en", "other", "gemel")
    found = {
        (each.dataset_split, each.metric_args["threshold_from"], each.metric_type): each
        for each in data.eval_results
    }
    assert len(found) == len(reports) * len(ROWS)
    for name, report in reports:
        for figure in ROWS:
            each = found[name, report["how"], figure]
            assert each.metric_value == pytest.approx(report["figures"][figure]["value"], abs=5e-5)
            assert each.metric_args["thresholds"] == pytest.approx(report["thresholds"], abs=1e-6)

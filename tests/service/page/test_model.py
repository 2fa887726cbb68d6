"""Model: its card, and what another threshold would change."""

import itertools
import re

import pytest
from playwright.sync_api import expect

from gemel.folder import load_model
from gemel.pretrained import came_with_gemel


@pytest.fixture
def page(site, watched):
    page = watched(f"{site}#model")
    expect(slider(page)).to_be_visible()
    return page


def slider(page):
    return page.get_by_role("slider", name="Threshold on the similarity")


def row(page, name):
    """Give the figures of a row of what would change: stored, chosen, change."""
    found = page.get_by_role("status").get_by_role("row", name=re.compile(name))
    return found.get_by_role("cell").all_inner_texts()


def test_it_states_which_model_answers(page, site):
    facts = page.locator(".tiles")
    expect(facts).to_contain_text("quora-en")
    kept = page.request.get(f"{site}ready").json()["questions"]
    expect(facts.get_by_text(str(kept), exact=True)).to_be_visible()
    card = page.get_by_role("region", name="Model card")
    expect(card.get_by_role("heading", name="Known failures")).to_be_visible()
    expect(card.get_by_role("row").nth(1)).to_be_visible()
    expect(card.locator("img")).to_have_count(0)


def test_the_stored_threshold_changes_nothing(page):
    stored, chosen, change = row(page, "Fitted pairs: precision")
    assert stored == chosen
    assert change == "–"
    expect(page.locator(".mark.chosen")).to_have_count(1)


def test_a_stricter_threshold_is_surer_and_finds_less(page):
    """The figures are those of the pairs that the model was fitted on."""
    slider(page).focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    chosen = float(slider(page).get_attribute("aria-valuetext"))
    precision, recall = _measured(chosen)
    assert row(page, "Fitted pairs: precision")[1] == f"{precision:.1%}"
    assert row(page, "Fitted pairs: recall")[1] == f"{recall:.1%}"
    assert row(page, "Fitted pairs: precision")[2].startswith("+")
    assert row(page, "Fitted pairs: recall")[2].startswith("−")
    page.get_by_role("button", name="Reset").click()
    assert row(page, "Fitted pairs: recall")[2] == "–"
    expect(slider(page)).to_be_focused()


def _measured(threshold):
    decision = load_model(came_with_gemel("quora-en")).decision
    evidence, edges = decision.evidence, decision.evidence.edges
    edge = min(range(len(edges)), key=lambda place: abs(edges[place] - threshold))
    same = sum(evidence.same[edge:]) / sum(evidence.same) * decision.prevalence
    different = sum(evidence.different[edge:]) / sum(evidence.different)
    precision = same / (same + different * (1 - decision.prevalence))
    return precision, same / decision.prevalence


def test_close_pairs_of_the_corpus_are_counted(page):
    for _ in range(1200):  # the groups that they come from are being made
        if found := row(page, "Close pairs above the threshold"):
            break
        page.wait_for_timeout(500)
        page.reload()
        expect(slider(page)).to_be_visible()
    assert int(found[0]) > 5
    slider(page).focus()
    page.keyboard.press("Home")
    assert int(row(page, "Close pairs above the threshold")[1]) > int(found[0])
    page.keyboard.press("End")
    assert int(row(page, "Close pairs above the threshold")[1]) < int(found[0])


def test_what_was_reviewed_is_measured_too(page, site):
    pairs = [("export-1", "export-2", "same"), ("price-1", "price-2", "different")]
    decisions = [{"left": a, "right": b, "answer": answer} for a, b, answer in pairs]
    assert page.request.post(f"{site}review", data={"decisions": decisions}).ok
    page.reload()
    expect(slider(page)).to_be_visible()
    told = page.request.get(f"{site}model").json()
    called = [edge >= told["decision"]["threshold"] - 0.01 for edge in told["reviewed"]["edges"]]
    same, different = (
        sum(itertools.compress(told["reviewed"][kind], called)) for kind in ("same", "different")
    )
    assert same >= 1
    assert different >= 1
    assert row(page, "Reviewed pairs: precision")[0] == f"{same / (same + different):.1%}"
    assert row(page, "Reviewed pairs: recall")[0] == f"{same / sum(told['reviewed']['same']):.1%}"


@pytest.mark.parametrize("title", ["Precision and recall", "Calibration"])
def test_charts_have_their_figures_as_a_table(page, title):
    chart = page.get_by_role("figure").filter(has=page.get_by_role("heading", name=title))
    expect(chart.get_by_role("img")).to_be_visible()
    chart.get_by_text("As a table").click()
    expect(chart.get_by_role("row").nth(5)).to_be_visible()


def test_it_states_how_a_threshold_lasts(page):
    expect(page.get_by_text("gemel fit reviews.csv --model")).to_be_visible()

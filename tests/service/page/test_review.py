"""Review, as a moderator at the keyboard would."""

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect


@pytest.fixture
def page(own_site, watched):
    page = watched(f"{own_site}#review")
    expect(pair(page)).to_have_count(2)
    return page


@pytest.fixture
def begun(page):
    """The page, where the reviewer has said a name."""
    page.get_by_label("Your name").fill("Ada Lovelace")
    page.keyboard.press("Enter")
    expect(decide(page, "Same")).to_be_visible()
    return page


def pair(page):
    return page.locator(".pair .question")


def texts(page):
    return pair(page).all_inner_texts()


def decide(page, name):
    return page.get_by_role("group", name="Your decision").get_by_role("button", name=name)


def outcome(page):
    return page.locator("#view-review .standing")


def decided(page):
    return int(page.locator(".figure").first.inner_text().split()[0].replace(",", ""))


def press(page, key):
    """Press a key and wait for the next pair."""
    before = texts(page)
    page.keyboard.press(key)
    expect(pair(page).first).not_to_have_text(before[0])
    return before


def exported(page):
    with page.expect_download() as taken:
        page.get_by_role("button", name="Download reviews.csv").click()
    text = Path(taken.value.path()).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def test_a_name_is_asked_for_once(page):
    expect(page.get_by_role("group", name="Your decision")).to_be_hidden()
    before = texts(page)
    field = page.get_by_label("Your name")
    field.press_sequentially("sdku")
    assert texts(page) == before
    expect(field).to_have_value("sdku")
    field.press("Enter")
    expect(page.get_by_text("Reviewing as sdku")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Reviewing as sdku")).to_be_visible()
    expect(decide(page, "Same")).to_be_enabled()


def test_pairs_are_decided_by_keys(begun):
    first = press(begun, "s")
    expect(outcome(begun)).to_contain_text(
        re.compile(r"You: same\. Model: .*probability of a duplicate; (dis)?agrees with you\.")
    )
    second = press(begun, "d")
    expect(outcome(begun)).to_contain_text("You: different.")
    third = press(begun, "k")
    expect(outcome(begun)).to_contain_text("Skipped.")
    expect(begun.get_by_text("agreement with the model (2 decisions)")).to_be_visible()
    rows = exported(begun)
    found = {frozenset((row["question1"], row["question2"])): row for row in rows}
    assert found[frozenset(first)]["is_duplicate"] == "1"
    assert found[frozenset(second)]["is_duplicate"] == "0"
    assert frozenset(third) not in found
    assert found[frozenset(first)]["reviewer"] == "Ada Lovelace"


def test_what_the_model_thinks_is_not_shown_before(begun):
    expect(outcome(begun)).to_be_empty()
    expect(begun.locator(".stage")).not_to_contain_text("%")


def test_a_decision_is_undone_and_made_again(begun):
    before = len(exported(begun))
    first = press(begun, "s")
    expect(begun.locator(".figure").first).to_have_text(f"{before + 1} decided")
    begun.keyboard.press("u")
    expect(pair(begun).first).to_have_text(first[0])
    expect(outcome(begun)).to_contain_text("Undone")
    expect(begun.locator(".figure").first).to_have_text(f"{before} decided")
    decide(begun, "Different").click()
    expect(begun.locator(".figure").first).to_have_text(f"{before + 1} decided")
    (row,) = [row for row in exported(begun) if {row["question1"], row["question2"]} == set(first)]
    assert row["is_duplicate"] == "0"


def test_a_space_skips_but_not_from_a_button(begun):
    begun.get_by_role("heading", level=1).focus()
    press(begun, " ")
    expect(outcome(begun)).to_contain_text("Skipped.")
    decide(begun, "Undo").focus()
    begun.keyboard.press(" ")
    expect(outcome(begun)).to_contain_text("Undone")


def test_keys_with_ctrl_are_the_browsers(begun):
    before = texts(begun)
    begun.keyboard.press("Control+s")
    begun.keyboard.press("Alt+d")
    assert texts(begun) == before


def test_no_pair_comes_twice(begun):
    seen = []
    for _ in range(25):
        seen.append(frozenset(press(begun, "d")))
    assert len(set(seen)) == len(seen)
    begun.reload()
    expect(pair(begun)).to_have_count(2)
    assert frozenset(texts(begun)) not in seen


def test_a_pair_that_another_decided_meanwhile_stays_so(own_site, watched):
    settings = {"expected": [409]}
    one, other = (watched(f"{own_site}#review", **settings) for _ in range(2))
    for page in (one, other):
        page.get_by_label("Your name").fill("somebody")
        page.keyboard.press("Enter")
    assert texts(one) == texts(other)
    press(one, "s")
    expect(one.locator(".figure").first).to_contain_text("decided")
    press(other, "d")
    expect(other.get_by_text("Already decided:")).to_be_visible()


def test_when_nothing_is_left_it_states_what_to_do(begun):
    stage = begun.locator(".stage")
    for _ in range(20_000):
        if not pair(begun).count():
            break
        begun.keyboard.press("d")
        begun.wait_for_timeout(30)
    expect(stage).to_contain_text("No pairs left to review")
    expect(begun.get_by_text("gemel train --from MODEL --add reviews.csv")).to_be_visible()
    begun.keyboard.press("u")
    expect(pair(begun)).to_have_count(2)

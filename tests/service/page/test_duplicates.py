"""Duplicates, as a moderator would."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect


@pytest.fixture
def page(own_site, watched):
    page = watched(f"{own_site}#duplicates")
    expect(groups(page).first).to_be_visible()
    return page


def groups(page):
    return page.locator("details.group")


def group(page, words):
    return groups(page).filter(has=page.locator("summary", has_text=words))


def members(found):
    return found.get_by_role("list", name="Members").get_by_role("listitem")


def opened(page, words):
    found = group(page, words)
    found.locator("summary").click()
    return found


def test_groups_stand_there_largest_first(page):
    assert groups(page).locator(".size").first.inner_text() == "3"
    sizes = [int(text) for text in groups(page).locator(".size").all_inner_texts()]
    assert sizes == sorted(sizes, reverse=True)
    expect(page.get_by_text("Of 761 questions")).to_be_visible()


def test_a_group_opens_by_keyboard(page):
    found = group(page, "price of")
    expect(members(found)).to_have_count(0)
    found.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(members(found)).to_have_count(2)
    expect(members(found).first).to_contain_text("central")
    expect(members(found).last).to_contain_text("%")


def test_a_member_is_split_off_and_put_back_by_undo(page):
    found = opened(page, "export")
    expect(members(found)).to_have_count(3)
    split = found.get_by_role("button", name="Remove")
    expect(split).to_be_disabled()
    last = members(found).last.locator(".question").inner_text()
    found.get_by_label(last).check()
    split.click()
    expect(members(found)).to_have_count(2)
    expect(found.locator(".apart")).to_contain_text(last)
    page.reload()
    found = opened(page, "export")
    expect(found.locator(".apart")).to_contain_text("not a duplicate, by local")
    found.get_by_role("button", name="Put back").click()
    expect(members(found)).to_have_count(3)
    found.get_by_label(last).check()
    split = found.get_by_role("button", name="Remove")
    split.click()
    expect(members(found)).to_have_count(2)
    page.get_by_role("button", name="Undo").click()
    expect(members(found)).to_have_count(3)


def test_the_last_other_member_takes_its_group_along(page):
    found = opened(page, "print my calendar")
    found.get_by_role("checkbox").check()
    found.get_by_role("button", name="Remove").click()
    expect(found).to_have_count(0)
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    page.keyboard.press("Enter")
    expect(found).to_have_count(1)
    expect(page.get_by_text("Undone.")).to_be_visible()


def test_a_group_is_accepted_and_opened_again(page):
    found = opened(page, "price of")
    found.get_by_role("button", name="Accept group").click()
    expect(found.locator("summary")).to_contain_text("accepted")
    expect(page.get_by_text("; 1 accepted.")).to_be_visible()
    page.reload()
    found = opened(page, "price of")
    found.get_by_role("button", name="Reopen group").click()
    expect(found.get_by_role("button", name="Accept group")).to_be_visible()
    found.get_by_role("button", name="Accept group").click()
    expect(found.locator("summary")).to_contain_text("accepted")
    page.get_by_role("button", name="Undo").click()
    expect(found.locator("summary")).not_to_contain_text("accepted")


def test_a_higher_cut_leaves_fewer_groups(page):
    before = groups(page).count()
    cut = page.get_by_role("slider", name="Minimum probability")
    cut.focus()
    page.keyboard.press("End")
    expect(page.get_by_text("No duplicates at this probability")).to_be_visible()
    expect(cut).to_have_attribute("aria-valuetext", "99%")
    cut.fill("0.5")
    expect(groups(page).first).to_be_visible()
    assert groups(page).count() >= before


@pytest.mark.parametrize(("kind", "begins"), [("CSV", "group,"), ("JSONL", "{"), ("HTML", "<!doc")])
def test_groups_are_taken_away_as_a_file(page, kind, begins):
    with page.expect_download() as taken:
        page.get_by_role("button", name=f"Export as {kind}").click()
    assert taken.value.suggested_filename == f"groups.{kind.lower()}"
    text = Path(taken.value.path()).read_text()
    assert text.startswith(begins)
    assert "How do I export my tasks?" in text


def test_pages_follow_each_other(page):
    page.get_by_role("slider", name="Minimum probability").fill("0.3")
    pager = page.get_by_role("navigation", name="Pages of groups")
    expect(pager).to_contain_text("1 to 20 of")
    expect(pager.get_by_role("button", name="Previous")).to_be_disabled()
    pager.get_by_role("button", name="Next").click()
    expect(pager).to_contain_text("21 to")
    expect(groups(page).first.locator("summary")).to_be_focused()


def test_it_states_when_the_corpus_has_changed_since(page, own_site):
    request = page.request
    words = "Is there a way to shout at the robots?"
    sent = json.dumps({"questions": [{"question": words}, {"question": f"{words} please"}]})
    headers = {"content-type": "application/json"}
    kept = request.post(f"{own_site}questions", data=sent, headers=headers)
    assert kept.ok
    page.reload()
    expect(page.get_by_text("The corpus has changed")).to_be_visible()
    page.get_by_role("button", name="Show new groups").click()
    expect(page.get_by_text("Of 763 questions")).to_be_visible()
    expect(group(page, "robots")).to_have_count(1)

"""Ask, as a user with a question would."""

import re

import pytest
from playwright.sync_api import expect

TYPED = "How could I export all tasks?"


@pytest.fixture
def page(site, watched):
    return watched(site)


def type_question(page, text):
    page.get_by_label("Your question").press_sequentially(text)


def matches(page):
    return page.get_by_role("list", name="Similar questions").locator("> li")


def test_matches_appear_as_one_types(page):
    expect(page.get_by_text(re.compile(r"7\d\d stored questions"))).to_be_visible()
    type_question(page, TYPED)
    expect(matches(page)).to_have_count(5)
    expect(page.get_by_role("status").filter(has_text="Duplicate:")).to_be_visible()
    first = matches(page).first
    expect(first).to_contain_text("export")
    expect(first).to_contain_text("Duplicate")
    expect(first).to_contain_text(re.compile(r"\d\d% probability of a duplicate"))


def test_nothing_is_asked_until_there_is_a_word(page):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    type_question(page, " ?! ")
    page.wait_for_timeout(400)
    assert not [url for url in asked if url.endswith("/check")]
    expect(page.get_by_role("button", name="Post it")).to_be_disabled()


def test_only_the_last_of_quick_strokes_is_answered(page):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.install(time=0)
    page.clock.pause_at(1000)  # all strokes come at one moment
    type_question(page, TYPED)
    page.clock.resume()
    expect(matches(page)).to_have_count(5)
    expect(matches(page).first).to_contain_text("export")
    assert len([url for url in asked if url.endswith("/check")]) == 1


def test_the_first_match_states_why_at_once_and_others_when_asked(page):
    type_question(page, TYPED)
    words = matches(page).nth(0).locator("dd.question")
    expect(words).to_have_count(2)
    expect(words.nth(0)).to_have_text(TYPED)
    expect(words.nth(0).locator(".word.for", has_text="export")).to_be_visible()
    second = matches(page).nth(1)
    why = second.get_by_role("button", name="Why?")
    expect(why).to_have_attribute("aria-expanded", "false")
    why.click()
    expect(why).to_have_attribute("aria-expanded", "true")
    expect(second.locator("dd.question")).to_have_count(2)


def test_the_old_one_opens_at_its_address(page):
    type_question(page, "How do I export my tasks?")
    link = page.get_by_role("link", name="Open question")
    expect(link).to_have_attribute("href", "https://help.example/export")
    expect(link).to_have_attribute("rel", "noopener noreferrer")


def test_an_address_that_is_none_of_the_web_is_shown_as_text(page):
    type_question(page, "What is the price of the team plan?")
    old = matches(page).filter(has_text="the team plan").first
    old.get_by_role("button", name="Open question").click()
    kept = page.get_by_role("dialog", name="Existing question")
    expect(kept).to_contain_text("What is the price of the team plan?")
    expect(kept).to_contain_text("javascript:alert(1)")
    expect(kept.get_by_role("link")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(kept).to_have_count(0)


def test_a_question_is_posted_found_and_taken_back(page):
    text = "Where do I see the phase of the moon?"
    type_question(page, text)
    expect(page.get_by_text("No duplicate found")).to_be_visible()
    page.get_by_role("button", name="Post it").click()
    posted = page.get_by_role("status").filter(has_text="Posted with the id")
    expect(posted).to_contain_text(text)
    field = page.get_by_label("Your question")
    expect(field).to_have_value("")
    page.reload()
    type_question(page, text)
    expect(matches(page).first).to_contain_text(text)
    expect(matches(page).first).to_contain_text(">99%")


def test_a_posting_is_undone(page):
    text = "Who waters the plants in your office?"
    type_question(page, text)
    page.keyboard.press("Control+Enter")
    posted = page.get_by_role("status").filter(has_text="Posted with the id")
    identity = posted.locator("code").inner_text()
    assert page.request.get(f"{page.url}questions/{identity}").ok
    posted.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone")).to_be_visible()
    expect(page.get_by_label("Your question")).to_have_value(text)
    assert page.request.get(f"{page.url}questions/{identity}").status == 404


def test_a_text_that_is_too_long_is_politely_refused(site, watched):
    page = watched(site, expected=[413])
    field = page.get_by_label("Your question")
    field.fill("why " * 2600)
    refusal = page.get_by_role("alert")
    expect(refusal).to_contain_text("shorten it to 10,000 at most")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("button", name="Post it")).to_be_disabled()
    field.fill(TYPED)
    expect(refusal).to_have_count(0)
    expect(matches(page)).to_have_count(5)

"""Every view: accessible, no sideways scrolling, no harm from a hostile question."""

import itertools

import pytest
from playwright.sync_api import expect

PHONE = {"viewport": {"width": 320, "height": 640}, "is_mobile": True, "has_touch": True}
VIEWS = ("ask", "duplicates", "review", "model")
HOSTILE = (
    "<script>document.title = 'taken'</script><img src=x onerror=\"document.title = 'taken'\">"
    ' How do I "quote" o\'clock & </textarea></div>{{7*7}} \u202e\u05de\u05d9 \u0623\u0646\u062a?'
)
LONG = ("W" * 300 + " how do I stop a " + "very " * 2000)[:10_000]
"""A question as long as one may be, its first word wider than any screen."""


def visit(page, name):
    """Go to a view, and see that all is there that it shows."""
    page.get_by_role("navigation", name="Views").get_by_role("link", name=name).click()
    section = page.locator(f"#view-{name.lower()}")
    if name == "Ask":
        page.get_by_label("Your question").fill("How can I export my tasks?")
        expect(section.locator("dd.question")).to_have_count(2)
    elif name == "Duplicates":
        section.locator("summary").first.click()
        expect(section.locator(".member").first).to_be_visible()
    elif name == "Review":
        expect(section.locator(".pair")).to_be_visible()
    else:
        expect(section.get_by_role("heading", name="Model card")).to_be_visible()
    return section


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_no_view_has_a_barrier(site, watched, barriers, theme):
    page = watched(site, color_scheme=theme)
    for name in map(str.title, VIEWS):
        visit(page, name)
        assert barriers(page) == []
        if name == "Ask":
            page.get_by_role("button", name="Open question").first.click()
            assert barriers(page) == []
            page.keyboard.press("Escape")
    visit(page, "Review")
    page.get_by_label("Your name").fill("Ada")
    page.keyboard.press("Enter")
    page.keyboard.press("s")
    expect(page.get_by_text("You: same.")).to_be_visible()
    assert barriers(page) == []


def test_a_phone_needs_no_scrolling_sideways(site, watched):
    page = watched(site, **PHONE)
    for name in map(str.title, VIEWS):
        visit(page, name)
        assert _too_wide(page) <= 0, name
        assert _touchable(page) == []


def _touchable(page):
    """Buttons that are too small for a finger, by WCAG 2.2: 24 pixels."""
    return page.evaluate(
        """() => [...document.querySelectorAll("button.main, button.plain, nav a")]
        .map((each) => [each.textContent, each.getBoundingClientRect()])
        .filter(([, box]) => box.width && (box.width < 24 || box.height < 24))
        .map(([name]) => name)"""
    )


@pytest.mark.parametrize("theme", [pytest.param("light", marks=pytest.mark.slow), "dark"])
def test_a_chosen_theme_stays(site, watched, theme):
    page = watched(site, color_scheme="dark" if theme == "light" else "light")
    change = page.get_by_role("button", name="Theme:")
    while theme not in change.get_attribute("aria-label"):
        change.click()
    page.reload()
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    lightness = sum(int(part) for part in background.strip("rgb()").split(",")) / 3
    assert (lightness > 128) == (theme == "light")


def test_the_keyboard_leads_through_all(site, watched):
    page = watched(f"{site}#model")
    expect(page.get_by_role("heading", name="Model card")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.get_by_role("link", name="Review").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(page.get_by_role("link", name="Review")).to_have_attribute("aria-current", "page")
    expect(page.get_by_role("link", name="Model")).not_to_have_attribute("aria-current", "page")
    assert page.title() == "Review · gemel"
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Model")


def test_a_hostile_question_is_only_shown(site, watched):
    page = watched(site, expected=[422])
    field = page.get_by_label("Your question")
    for text in (HOSTILE, HOSTILE, LONG):
        field.fill(text)
        page.get_by_role("button", name="Post it").click()
        expect(page.get_by_text("Posted with the id")).to_be_visible()
    field.fill(HOSTILE)
    match = page.locator(".match").first.locator(".body > div > .question")
    expect(match).to_have_text(HOSTILE)
    expect(match).to_have_attribute("dir", "auto")
    page.get_by_role("button", name="Open question").first.click()
    expect(page.get_by_role("dialog").locator(".question")).to_have_text(HOSTILE)
    page.keyboard.press("Escape")
    _has_done_no_harm(page)
    field.fill(LONG)
    match = page.locator(".match").first
    expect(match.get_by_text("up to 200 can be explained")).to_be_visible()
    match.get_by_role("button", name="Show more").click()
    expect(match.locator(".body > div .question")).to_have_text(LONG.strip())
    _has_done_no_harm(page)


def test_a_hostile_question_is_moderated_like_others(site, watched):
    page = watched(f"{site}#duplicates", **PHONE)
    for tries in itertools.count():
        groups = page.locator("details.group")
        expect(groups.first).to_be_visible()
        if groups.filter(has_text="<script>").count() or tries == 1200:
            break
        page.wait_for_timeout(500)
        page.reload()
    found = groups.filter(has_text="<script>")
    found.locator("summary").click()
    expect(found.get_by_role("listitem")).to_have_count(2)
    expect(found.locator("summary .question")).to_contain_text("{{7*7}}")
    _has_done_no_harm(page)


def _has_done_no_harm(page):
    assert "taken" not in page.title()
    assert page.locator("main script, main img").count() == 0
    assert _too_wide(page) <= 0


def _too_wide(page):
    """By how many pixels the page is; innerWidth would grow with it on a phone."""
    return page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )

"""The page of a service that asks for a key."""

import csv
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from gemel.store.connection import open_store


@pytest.fixture(scope="module")
def guarded(corpus, serve, tmp_path_factory):
    """The URL of a service that needs keys, and one key of each scope."""
    db = tmp_path_factory.mktemp("guarded") / "site.db"
    shutil.copy(corpus, db)
    with open_store(str(db), create=False) as store:
        keys = {scope: store.add_key(f"{scope}r", scope) for scope in ("read", "write")}
    with serve(db, "--require-keys") as url:
        yield url, keys


@pytest.fixture
def ask(guarded, watched):
    """Open a view and type the start of a question."""

    def open_view(view="", expected=(401,)):
        return watched(f"{guarded[0]}{view}", expected=expected)

    return open_view


def give(page, key):
    dialog = page.get_by_role("dialog", name="This service needs a key")
    expect(dialog).to_contain_text("gemel key add")
    field = dialog.get_by_label("Key")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("type", "password")
    field.fill(key)
    page.keyboard.press("Enter")


def test_a_key_is_asked_for_and_used(guarded, ask):
    page = ask()
    page.get_by_label("Your question").fill("How can I export my tasks?")
    give(page, guarded[1]["read"])
    expect(page.locator(".match").first).to_contain_text("export")
    page.reload()
    page.get_by_label("Your question").fill("How can I export my tasks?")
    expect(page.locator(".match").first).to_contain_text("export")
    page.get_by_role("button", name="Remove key").click()
    page.get_by_label("Your question").fill("How can I export my tasks?")
    expect(page.get_by_role("dialog", name="This service needs a key")).to_be_visible()


def test_a_wrong_key_is_asked_for_again(guarded, ask):
    page = ask("#model")
    give(page, "gemel_01234567_nonsense")
    give(page, guarded[1]["read"])
    expect(page.get_by_role("heading", name="Model card")).to_be_visible()


def test_who_has_no_key_is_told_so(ask, barriers):
    page = ask("#duplicates")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert barriers(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator("#view-duplicates .trouble")).to_contain_text("key")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_a_key_to_read_does_not_post(guarded, ask):
    page = ask(expected=(401, 403))
    page.get_by_label("Your question").fill("Who painted the office?")
    give(page, guarded[1]["read"])
    expect(page.locator(".match").first).to_be_visible()
    page.get_by_role("button", name="Post it").click()
    expect(page.get_by_role("alert")).to_contain_text("write")
    expect(page.get_by_label("Your question")).to_have_value("Who painted the office?")


def test_with_a_key_its_name_is_the_reviewers(guarded, ask):
    page = ask("#review")
    give(page, guarded[1]["write"])
    expect(page.locator(".pair .question")).to_have_count(2)
    expect(page.get_by_label("Your name")).to_have_count(0)
    page.keyboard.press("s")
    expect(page.locator(".figure").first).to_have_text("1 decided")
    with page.expect_download() as taken:
        page.get_by_role("button", name="Download reviews.csv").click()
    (row,) = csv.DictReader(Path(taken.value.path()).read_text(encoding="utf-8").splitlines())
    assert row["reviewer"] == "writer"

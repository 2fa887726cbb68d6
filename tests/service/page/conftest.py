"""A real service on a small corpus, and a real browser before its page."""

import contextlib
import csv
import os
import re
import shutil
import subprocess
import sys

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

from gemel.samples import HELPDESK

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PLANTED = [
    ("export-1", "How do I export my tasks?", "https://help.example/export"),
    ("export-2", "How can I export my tasks?", ""),
    ("export-3", "How do I export all my tasks?", ""),
    ("price-1", "What is the price of the team plan?", "javascript:alert(1)"),
    ("price-2", "What is the price of a team plan?", ""),
    ("print-1", "Can I print my calendar?", ""),
    ("print-2", "Could I print my calendar?", ""),
]
"""Questions that certainly form three groups."""

GRAVE = ("serious", "critical")

MOST = 600_000
"""Milliseconds to wait for anything: a bound for what never comes, not a measure of speed."""

expect.set_options(timeout=MOST)


def gemel(*arguments, **options):
    """Run a command of gemel's own."""
    command = [sys.executable, "-m", "gemel", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


@pytest.fixture(scope="session")
def chromium():
    """A browser; where none is installed its tests are left out, but not on a CI machine."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        missing = f"no browser: none of {', '.join(BROWSERS)} is installed; make test brings it"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """The file of a corpus: gemel's own sample, and the planted questions."""
    folder = tmp_path_factory.mktemp("corpus")
    with HELPDESK.open(encoding="utf-8", newline="") as file:
        pairs = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    sides = ("question1", "question2")
    sampled = list(dict.fromkeys(pair[side] for pair in pairs for side in sides))
    with (folder / "questions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "question", "url"])
        writer.writerows(PLANTED)
        writer.writerows([f"sample-{n}", text, ""] for n, text in enumerate(sampled))
    gemel("index", folder / "questions.csv", "--db", folder / "site.db", "--keep", "url")
    return folder / "site.db"


@pytest.fixture(scope="session")
def serve():
    """Run `gemel serve` on a corpus; gives its URL, for as long as it is wanted."""

    @contextlib.contextmanager
    def serving(db, *options):
        command = [sys.executable, "-m", "gemel", "serve", "--db", db, "--port", "0", *options]
        log = db.with_suffix(".log")
        with (
            log.open("w") as errors,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
        ):
            try:
                found = re.search(r"http://\S+", process.stdout.readline())
                assert found, log.read_text()
                yield found[0]
            finally:
                process.terminate()
                process.wait(600)

    return serving


@pytest.fixture(scope="session")
def site(corpus, serve, tmp_path_factory):
    """The URL of a service that all may ask, and post to."""
    with _served(corpus, serve, tmp_path_factory) as url:
        yield url


@pytest.fixture(scope="module")
def own_site(corpus, serve, tmp_path_factory):
    """The URL of a service on a corpus that only the tests of one file change."""
    with _served(corpus, serve, tmp_path_factory) as url:
        yield url


@contextlib.contextmanager
def _served(corpus, serve, tmp_path_factory):
    db = tmp_path_factory.mktemp("site") / "site.db"
    shutil.copy(corpus, db)
    with serve(db) as url:
        yield url


@pytest.fixture
def watched(chromium):
    """Open pages in a new browser; afterwards there was no error, nor a request elsewhere."""
    with contextlib.ExitStack() as opened:
        complaints = []

        def open_page(url, *, expected=(), **settings):
            """Open one; `expected`: statuses that the console may tell of."""
            settings = {"viewport": {"width": 1280, "height": 900}} | settings
            context = opened.enter_context(
                chromium.new_context(reduced_motion="reduce", **settings)
            )
            context.set_default_timeout(MOST)
            page = context.new_page()

            def hear(message):
                known = any(f"status of {status}" in message.text for status in expected)
                if message.type in ("error", "warning") and not known:
                    complaints.append(message.text)

            context.on("console", hear)
            context.on("weberror", lambda found: complaints.append(str(found.error)))
            context.on(
                "request",
                lambda asked: (
                    asked.url.startswith((url.partition("#")[0], "blob:"))
                    or complaints.append(f"asked {asked.url}")
                ),
            )
            page.goto(url)
            return page

        yield open_page
    assert not complaints


@pytest.fixture(scope="session")
def barriers():
    """Find what keeps people out of a page: axe-core's serious and critical findings."""
    axe = Axe()

    def find(page):
        return [
            (found["impact"], found["id"], [node["target"] for node in found["nodes"]])
            for found in axe.run(page).response["violations"]
            if found["impact"] in GRAVE
        ]

    return find

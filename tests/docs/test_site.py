"""The site as a reader gets it: built strictly, every page and link there, nothing fetched."""

import tomllib
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import pytest
from rendering import build_site, building
from rendering.pages import DOCS

ROOT = DOCS.parent
PAGES = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}


class Page(HTMLParser):
    """What a page fetches, where its links go, and what may be linked to in it."""

    def __init__(self, path):
        super().__init__()
        self.fetched, self.links, self.ids, self.pictures = [], [], set(), []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids.add(given.get("id"))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "link":
            self.fetched.append(given["href"])
        elif "src" in given:
            self.fetched.append(given["src"])
        if tag == "img":
            self.pictures.append((given["src"], given.get("alt")))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("docs") / "site"
    build_site(out)
    return out


@pytest.fixture(scope="module")
def pages(site):
    return {path: Page(path) for path in sorted(site.rglob("*.html")) if path.name != "404.html"}


def addresses(entries):
    for entry in entries:
        ((_, what),) = entry.items()
        yield from [what] if isinstance(what, str) else addresses(what)


def test_every_page_is_in_the_navigation_once():
    listed = list(addresses(tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"]))
    assert sorted(listed) == sorted(PAGES)


def test_every_page_can_be_reached_from_the_first(site, pages):
    home = pages[site / "index.html"]
    reached = {(site / link.partition("#")[0]).resolve() for link in home.links}
    assert {site / page.replace(".md", ".html") for page in PAGES - {"index.md"}} <= reached


def test_nothing_is_fetched_from_elsewhere(pages):
    for path, page in pages.items():
        assert page.fetched
        for address in page.fetched:
            assert not urlsplit(address).netloc, f"{path} fetches {address}"


def test_every_link_leads_somewhere(site, pages):
    for path, page in pages.items():
        for address in [*page.links, *page.fetched]:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.is_relative_to(site), f"{path}: {address} leaves the site"
            assert target.is_file(), f"{path}: {address} is not there"
            if parts.fragment and target in pages:
                assert unquote(parts.fragment) in pages[target].ids, f"{path}: {address}"


def test_every_picture_states_what_it_shows(pages):
    shown = [picture for page in pages.values() for picture in page.pictures]
    assert any("way-of-a-pair.svg" in source for source, _ in shown)
    assert all(said is not None for _, said in shown)


def test_the_drawing_states_what_it_shows():
    drawing = ElementTree.parse(DOCS / "way-of-a-pair.svg").getroot()
    names = {child.tag.partition("}")[2]: child for child in drawing}
    assert drawing.get("aria-labelledby") == "title desc"
    for name in ("title", "desc"):
        assert names[name].get("id") == name
        assert len(" ".join(names[name].text.split())) > 20


def test_a_link_without_an_end_is_refused(tmp_path, monkeypatch):
    docs = tmp_path / "docs"
    docs.mkdir()
    links = ("nowhere.md", "index.md#nothing-of-that-name")
    (docs / "index.md").write_text("# Home\n\n" + " ".join(f"[there]({link})" for link in links))
    (tmp_path / "zensical.toml").write_text('[project]\nsite_name = "a site"\n')
    monkeypatch.setattr(building, "DOCS", docs)
    monkeypatch.setattr(building, "_ROOT", tmp_path)
    with pytest.raises(RuntimeError, match="building the site failed") as refused:
        build_site(tmp_path / "site")
    assert all(link.rpartition("#")[2] in str(refused.value) for link in links)
    assert not (tmp_path / "site").exists()
    (docs / "index.md").write_text("# Home\n\n[there](index.md#home)\n")
    build_site(tmp_path / "site")
    with pytest.raises(FileExistsError, match="remove it first"):
        build_site(tmp_path / "site")


def test_a_file_from_elsewhere_in_the_repository_goes_along(tmp_path, monkeypatch):
    docs = tmp_path / "docs"
    (docs / "deep").mkdir(parents=True)
    (tmp_path / "card.md").write_text("---\ntags: [a]\n---\n# Card\n\n[back](docs/deep/page.md)\n")
    (tmp_path / "figures.json").write_text("{}")
    (docs / "index.md").write_text("# Home\n\n[card](../card.md) [page](deep/page.md)\n")
    (docs / "deep" / "page.md").write_text("# Page\n\n[figures](../../figures.json)\n")
    (tmp_path / "zensical.toml").write_text(
        '[project]\nsite_name = "a site"\nuse_directory_urls = false\n'
    )
    monkeypatch.setattr(building, "DOCS", docs)
    monkeypatch.setattr(building, "_ROOT", tmp_path)
    site = tmp_path / "site"
    build_site(site)
    assert (site / "files" / "figures.json").read_text() == "{}"
    assert "../files/figures.json" in Page(site / "deep" / "page.html").links
    assert "../deep/page.html" in Page(site / "files" / "card.html").links


def test_no_page_names_this_machine():
    home = str(Path.home())
    for page in PAGES:
        text = (DOCS / page).read_text(encoding="utf-8")
        assert str(ROOT) not in text
        assert len(home) < 2 or f"{home}/" not in text

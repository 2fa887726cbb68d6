"""Computations of the page, compared with plain Python that does the same."""

import random
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import gemel.service
from gemel.decision import Evidence
from gemel.folder.model_card import split_card
from gemel.pretrained import DEFAULT_MODEL, came_with_gemel

WORDS = ["how", "do", "I", "print", "a", "map", "of", "my", "old", "town", "please"]


HERE = "http://page.test/"
PAGE = Path(gemel.service.__file__).parent / "page"


@pytest.fixture(scope="module")
def page(chromium):
    """The page's files alone, without a service behind them."""
    page = chromium.new_page()

    def give(route):
        path = PAGE / urlsplit(route.request.url).path.removeprefix("/page/").lstrip("/")
        route.fulfill(path=path if path.is_file() else PAGE / "index.html")

    page.route(f"{HERE}**", give)
    page.goto(HERE)
    yield page
    page.close()


@pytest.fixture
def call(page):
    """Call a function of one of the page's modules; what has no JSON comes back as nothing."""

    def calling(module, name, *arguments):
        return page.evaluate(
            """async ([module, name, given]) =>
                 (await import(`/page/${module}.js`))[name](...given)""",
            [module, name, list(arguments)],
        )

    return calling


def some_evidence(seed, most=20):
    draw = random.Random(seed)
    same, different = ([draw.randrange(most) for _ in range(100)] for _ in range(2))
    return {
        "edges": list(Evidence((0,) * 100, (0,) * 100).edges),
        "same": same,
        "different": different,
    }


@pytest.mark.parametrize("seed", range(4))
def test_a_threshold_is_as_right_as_counting_finds(call, seed):
    given = some_evidence(seed)
    for edge in (0, 1, 37, 99):
        found = call("figures", "at", given, edge)
        called_same, called = sum(given["same"][edge:]), sum(given["different"][edge:])
        called += called_same
        assert found["called"] == called
        assert found["precision"] == (pytest.approx(called_same / called) if called else None)
        assert found["recall"] == pytest.approx(called_same / sum(given["same"]))


def test_where_nothing_is_known_nothing_is_claimed(call):
    given = some_evidence(1) | {"same": [0] * 100, "different": [0] * 100}
    assert call("figures", "at", given, 3) == {"precision": None, "recall": None, "called": 0}
    assert call("figures", "curve", given) == []


def test_weighing_changes_the_share_and_no_recall(call):
    given = some_evidence(5)
    weighed = call("figures", "weigh", given, 0.1)
    same, different = sum(weighed["same"]), sum(weighed["different"])
    assert same / (same + different) == pytest.approx(0.1)
    assert same + different == pytest.approx(sum(given["same"]) + sum(given["different"]))
    before, after = (call("figures", "at", each, 60) for each in (given, weighed))
    assert after["recall"] == pytest.approx(before["recall"])
    assert after["precision"] < before["precision"]


def test_the_curve_ends_where_everything_is_found(call):
    given = some_evidence(6)
    points = call("figures", "curve", given)
    recalls = [point["recall"] for point in points]
    assert recalls == sorted(recalls)
    assert recalls[-1] == 1
    same = sum(given["same"])
    assert points[-1]["precision"] == pytest.approx(same / (same + sum(given["different"])))


def test_calibration_leaves_no_pair_out_and_keeps_the_share(call):
    given = some_evidence(7)
    decision = {"slope": 8.0, "intercept": -2.0}
    points = call("figures", "calibration", given, given, decision)
    pairs = sum(given["same"]) + sum(given["different"])
    assert 5 < len(points) <= 12
    assert sum(point["pairs"] for point in points) >= pairs - 10
    stated = [point["stated"] for point in points]
    assert stated == sorted(stated)
    share = sum(point["share"] * point["pairs"] for point in points)
    assert share == pytest.approx(sum(given["same"]), abs=10)


def common(left, right):
    """The length of the longest common subsequence, slowly."""
    best = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for a, one in enumerate(left, start=1):
        for b, other in enumerate(right, start=1):
            beside = max(best[a - 1][b], best[a][b - 1])
            best[a][b] = best[a - 1][b - 1] + 1 if one == other else beside
    return best[-1][-1]


@pytest.mark.parametrize("seed", range(6))
def test_words_that_differ_are_marked_and_as_few_as_can_be(call, seed):
    draw = random.Random(seed)
    texts = [" ".join(draw.choices(WORDS, k=draw.randrange(1, 14))) + "?" for _ in range(2)]
    parts = call("words", "differing", *texts)
    for text, each in zip(texts, parts, strict=True):
        assert "".join(part for part, _ in each) == text
    kept = [
        [word for part, differs in each if not differs for word in re.findall(r"\w+", part)]
        for each in parts
    ]
    assert kept[0] == kept[1]
    assert len(kept[0]) == common(*(re.findall(r"\w+", text) for text in texts))


def test_case_and_marks_are_no_difference(call):
    left, right = call("words", "differing", "Can’t I print?", "can't i PRINT!")
    assert not any(differs for _, differs in left + right)


def test_very_long_texts_are_compared_too(call):
    left, right = call("words", "differing", "map " * 2500, "map " * 2499 + "town")
    assert not any(differs for _, differs in left)
    assert [part for part, differs in right if differs] == ["town"]


def test_the_model_s_words_are_laid_over_the_text(call):
    text = "  Can’t I PRINT\nit, please?"
    words = [{"word": word} for word in ("ca", "n't", "i", "print", "it", ",", "please", "?")]
    parts = call("words", "align", text, words)
    assert "".join(part for part, _ in parts) == text
    assert [part for part, word in parts if word] == [
        "Ca",
        "n’t",
        "I",
        "PRINT",
        "it",
        ",",
        "please",
        "?",
    ]


def test_a_mark_that_the_model_reads_at_the_end_need_not_stand_there(call):
    words = [{"word": word} for word in ("can", "i", "print", "?")]
    parts = call("words", "align", "can I print", words)
    assert [part for part, word in parts if word] == ["can", "I", "print"]


@pytest.mark.parametrize("read", [["print"], ["can", "print", "maps"], ["kan", "print"]])
def test_where_the_model_read_something_else_nothing_is_laid(call, read):
    assert call("words", "align", "can print", [{"word": word} for word in read]) is None


@pytest.fixture
def rendered(page):
    """Show a card, and give the element that holds it."""

    def render(text):
        page.evaluate(
            """async (text) => {
                 const { markdown } = await import("/page/markdown.js");
                 const box = document.createElement("div");
                 box.id = "rendered";
                 box.append(...markdown(text));
                 document.body.replaceChildren(box);
               }""",
            text,
        )
        return page.locator("#rendered")

    return render


def test_the_card_that_ships_is_shown_whole(rendered):
    readme = came_with_gemel(DEFAULT_MODEL) / "README.md"
    _, card = split_card(readme.read_text(encoding="utf-8"))
    shown = rendered(card)
    assert shown.get_by_role("heading", level=3).inner_text() == "quora-en"
    headings = re.findall(r"^## (.*)$", card, re.M)
    assert shown.get_by_role("heading", level=4).all_inner_texts() == headings
    rows = len(re.findall(r"^\|", card, re.M)) - 1
    assert shown.locator("tr").count() == rows
    assert shown.locator("li").count() == len(re.findall(r"^- ", card, re.M))
    assert shown.locator("pre").first.inner_text().startswith("gemel compare")


def test_markdown_s_signs_become_elements(rendered):
    shown = rendered(
        "1. **bold** `a*b*` and *soft*\n2. [a page](https://page.example)\n\nnext\nline"
    )
    assert shown.locator("strong").inner_text() == "bold"
    assert shown.locator("code").inner_text() == "a*b*"
    assert shown.locator("em").inner_text() == "soft"
    assert shown.locator("ol > li").count() == 2
    assert shown.get_by_role("link").get_attribute("href") == "https://page.example"
    assert shown.locator("p").inner_text() == "next line"


def test_a_hostile_card_is_only_text(rendered):
    hostile = (
        "<script>document.title = 'taken'</script>\n\n"
        "<img src=x onerror=\"document.title = 'taken'\"> ![picture](https://elsewhere.example/x.png)\n\n"
        "[click](javascript:alert(1)) [mail](data:text/html,x)\n\n| a |\n|---|\n| <b>x</b> |\n\n"
        "```\nnever closed"
    )
    shown = rendered(hostile)
    assert shown.locator("img, script, b, a").count() == 0
    assert "<script>" in shown.inner_text()
    assert "click" in shown.inner_text()
    assert "elsewhere" not in shown.inner_text()
    assert shown.page.title() != "taken"

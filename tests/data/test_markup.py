"""HTML that an export left in questions."""

import io
import itertools
from pathlib import Path

import pytest

from gemel.data import BadRows, Columns, QuestionColumns, Source, read_pairs, stream_questions
from gemel.data.markup import decode_html
from gemel.errors import ConfigError, DataError


def read(rows, html="auto"):
    """Return the questions of rows and the notes about them."""
    bad_rows = BadRows()
    found = stream_questions(rows, QuestionColumns(html=html), bad_rows)
    return [each.text for each in found], [note.partition(": ")[2] for note in bad_rows.notes]


PLAIN = [f"What is number {n}?" for n in range(20)]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Salt &amp; pepper?", "Salt & pepper?"),
        ("Can&#39;t log in", "Can't log in"),
        ("Can&#x27;t log in", "Can't log in"),
        ("&quot;Deadline&quot;?", '"Deadline"?'),
        ("Why 3 &lt; 4?", "Why 3 < 4?"),
        ("two&nbsp;words", "two words"),
        ("caf&eacute; &copy;", "café ©"),
        ("What is &lt;table&gt;?", "What is <table>?"),
        ("What is &amp;nbsp;?", "What is &nbsp;?"),
        ("a&unknown; b &amp c &;", "a&unknown; b &amp c &;"),
        ("<p>How?</p>", "How?"),
        ("<p class='x'>How <b>big</b>?</p>\n<p>Why?</p>", "How big ? Why?"),
        ("How<br>so<br/>then", "How so then"),
        ("<!-- x -->10<sup>6</sup> or H<sub>2</sub>O", "10^6 or H2O"),
        ("<script>if (a) { b }</script>How?", "How?"),
        ('<a href="https://x.y/?a=1&amp;b=2">This</a> link', "This link"),
        ("<p>Is it &lt;b&gt;?</p>", "Is it <b>?"),
        ("a < b and c > d", "a < b and c > d"),
        ("List<String> or <T>?", "List<String> or <T>?"),
        ("<p></p>", "<p></p>"),
    ],
)
def test_what_becomes_of_a_text(text, plain):
    if plain == "How big ? Why?":
        plain = "How big? Why?"
    assert decode_html(text) == plain
    assert read([*PLAIN, text], "strip")[0][-1] == plain
    assert read([*PLAIN, text], "keep") == ([*PLAIN, text], [])


def test_a_file_with_entities_has_them_decoded_with_a_warning():
    rows = [*PLAIN, "Can&#39;t I?", "Salt &amp; pepper?", "What is &lt;table&gt; for?"]
    texts, notes = read(rows)
    assert texts[20:] == ["Can't I?", "Salt & pepper?", "What is <table> for?"]
    assert notes == ["HTML entities decoded in 3 of 23 questions; --html keep leaves them"]


def test_what_is_decoded_is_no_tag_and_neither_is_what_stood_there():
    rows = ["How do I use &lt;div&gt;?", "How do I use <div>?", "Don&#39;t I?", "if a<b or c>d?"]
    assert read(rows)[0] == [
        "How do I use <div>?",
        "How do I use <div>?",
        "Don't I?",
        "if a<b or c>d?",
    ]


def test_questions_about_html_stay_as_they_are():
    rows = [
        "How do I center a <div>?",
        "What is the difference between <b> and <strong>?",
        "Does <br> need a slash in XHTML?",
        "What does &nbsp; mean?",
        "How do I escape &amp; in XML?",
        "Why does <p>text</p> get a margin in CSS?",
        "Is a < b && c > d valid?",
        "What is List<String>?",
        "R&D or AT&T?",
        "What is <b>this</b> for?",
        "How do <i>a</i> and <em>a</em> differ?",
        "Does &nbsp; take room?",
    ]
    texts, notes = read(rows)
    assert texts == rows
    assert notes == [
        "2 of 12 questions may have HTML and were left as they are; --html strip removes it"
    ]
    assert read(rows[:9]) == (rows[:9], [])


@pytest.mark.parametrize("text", ["Tom &amp; Jerry?", "Is 3 &gt; 2?", "&#191;Qu&eacute;?"])
def test_one_question_with_entities_makes_a_short_file_html(text):
    assert read(["How?", text])[0][-1] == decode_html(text)
    assert read([*PLAIN * 5, text])[0][-1] == text


def test_a_file_of_elements_has_its_tags_removed():
    rows = ["<p>How do I cook rice?</p>", "<div>Salt &amp; <b>pepper</b></div>", "Plain?"]
    texts, notes = read(rows)
    assert texts == ["How do I cook rice?", "Salt & pepper", "Plain?"]
    assert notes == ["HTML tags and entities removed in 2 of 3 questions; --html keep leaves them"]


def test_a_field_that_is_an_element_is_html_anywhere():
    assert read([*PLAIN * 20, "<p>How &amp; why?</p>"])[0][-1] == "How & why?"


def test_html_behind_the_first_rows_is_reported():
    rows = [*PLAIN * 20, "Can&#39;t I?", "Don&#39;t I?"]
    texts, notes = read(rows)
    assert texts == rows
    assert notes == [
        "2 of 402 questions may have HTML and were left as they are; --html strip removes it"
    ]
    assert read(rows, "strip")[0][-1] == "Don't I?"


def test_no_more_than_the_first_rows_are_looked_at_before_one_comes():
    taken = itertools.count()
    rows = (f"Question {next(taken)}?" for _ in range(10_000))
    next(stream_questions(rows))
    assert next(taken) <= 300


def test_a_stream_gives_every_row_as_it_comes():
    class Slow(io.RawIOBase):
        lines = iter([b"How?\n", b"Can&#39;t I?\n", b"Salt &amp; pepper?\n"])
        given = 0

        def readable(self):
            return True

        def readinto(self, buffer):
            line = next(self.lines, b"")
            self.given += 1
            buffer[: len(line)] = line
            return len(line)

    raw = Slow()
    source = Source(Path("standard input"), ".txt", io.BufferedReader(raw))
    found = stream_questions(source)
    assert (next(found).text, raw.given < 4) == ("How?", True)
    assert [each.text for each in found] == ["Can't I?", "Salt & pepper?"]


def test_rows_before_a_bad_one_come_before_the_error(tmp_path):
    path = tmp_path / "q.jsonl"
    path.write_text('{"text": "Can&#39;t I?"}\n{"text": 3}\n')
    found = stream_questions(path)
    assert next(found).text == "Can't I?"
    with pytest.raises(DataError, match="has 3 as text"):
        next(found)


@pytest.mark.parametrize("name", ["p.csv", "p.tsv", "p.jsonl", "p.parquet", "rows", "frame"])
def test_pairs_of_every_source(name, tmp_path):
    pandas = pytest.importorskip("pandas")
    rows = [("Can&#39;t I?", "Is it R&amp;D?", 1), ("Can't I?", "<p>Is it R&amp;D?</p>", 0)]
    frame = pandas.DataFrame(rows, columns=["question1", "question2", "is_duplicate"])
    source = {"rows": rows, "frame": frame}.get(name, tmp_path / name)
    if name.endswith("sv"):
        frame.to_csv(source, index=False, sep="," if name == "p.csv" else "\t")
    elif name == "p.jsonl":
        frame.to_json(source, orient="records", lines=True)
    elif name == "p.parquet":
        frame.to_parquet(source)
    assert read_pairs(source).texts == ["Can't I?", "Is it R&D?"]
    assert "Can&#39;t I?" in read_pairs(source, Columns(html="keep")).texts


def test_a_mode_that_there_is_not():
    with pytest.raises(ConfigError, match="html must be auto, keep, strip, not 'remove'"):
        Columns(html="remove")


def test_a_long_text_takes_no_quadratic_time():
    """Each would take minutes if every opening were looked at against every end."""
    for start in ("<p>", "<p ", "<b>x", "<!--", "<br", "&lt", "<a href='"):
        text = start * 20_000
        read([text], "strip")
        read([text])

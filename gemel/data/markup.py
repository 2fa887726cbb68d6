"""HTML in questions of exports."""

import html
import html.entities
import itertools
import re
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gemel.data.bad_rows import BadRows
from gemel.data.column_layout import QuestionRow
from gemel.data.pairs import QuestionPair
from gemel.data.sources import Source
from gemel.errors import DataError

if TYPE_CHECKING:
    from gemel.data.readers import Row

_WINDOW = 256
"""Rows that decide whether a file is HTML."""
_WINDOW_LETTERS = 1 << 15
"""Characters of these rows after which fewer suffice."""
_ENTITIES = 0.02
"""Share of questions with entities that makes a file HTML."""
_TAGS = 0.2
"""Share of questions with markup that makes a file HTML without entities."""

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_INLINE = "a|abbr|b|big|cite|code|del|em|font|i|ins|kbd|mark|q|s|small|span|strong|sub|sup|tt|u"
_BLOCK = (
    "address|article|blockquote|body|center|dd|div|dl|dt|figure|footer|h[1-6]|head|header|html|li|"
    "main|nav|ol|p|pre|section|table|tbody|td|th|thead|tr|ul"
)
_VOID = "br|hr|img|wbr"
_REST = r"(?:\s[^<>]{0,2000})?"
_TAG = re.compile(rf"</?(?:({_BLOCK}|br|hr)|{_INLINE}|{_VOID}){_REST}\s?/?>", re.IGNORECASE)
_UNSEEN = re.compile(  # from the last opening before an end, or this would take quadratic time
    r"<!--(?:(?!<!--).)*?-->|<(script|style)\b[^<>]*>(?:(?!<\1).)*?</\1\s*>",
    re.IGNORECASE | re.DOTALL,
)
_POWER = re.compile(rf"(?<=\w)<sup{_REST}>", re.IGNORECASE)
_OPENING = re.compile(rf"\s*<({_BLOCK}|{_INLINE}){_REST}>", re.IGNORECASE)
_PAIRED = re.compile(rf"<({_BLOCK}|{_INLINE}){_REST}>([^<>]*)</\1\s*>", re.IGNORECASE)
_BROKEN = re.compile(r"[\w.,;:?!]<br\s?/?>|<br\s?/?>\w", re.IGNORECASE)
_TRUNCATED = re.compile(rf"\s*<(?:{_BLOCK}){_REST}>\w", re.IGNORECASE)
_ATTRIBUTE = re.compile(rf"<(?:{_BLOCK}|{_INLINE}|{_VOID})\s[\w-]+=", re.IGNORECASE)
_WORD = re.compile(r"\w")
_ABOUT = re.compile(
    r"html|xml|entit|escap|encod|decod|charact|symbol|\bmean|css|php|markup|regex|script|\btags?\b",
    re.IGNORECASE,
)
"""Words of questions about HTML."""


def without_html(
    rows: "Iterator[Row]", source: Source, mode: str, bad_rows: BadRows | None
) -> "Iterator[Row]":
    """Remove HTML from the questions of rows, and note how many changed; see docs/file-formats.md.

    `mode` is `AskedColumns.html`; `bad_rows` is None if an earlier reading noted it.
    """
    if mode == "keep":
        yield from rows
        return
    reader = _HtmlReader(always=mode == "strip")
    if source.stream is None and not reader.always:
        first, error = _first(rows)
        reader.learn([text for row in first for text in _texts(row)])
        while first:
            yield reader.read(first.popleft())
        if error is not None:
            raise error
    for row in rows:
        if source.stream is not None and not reader.is_html:
            reader.learn(_texts(row))
        yield reader.read(row)
    if bad_rows is not None:
        for note in reader.notes():
            bad_rows.note(f"{source.path}: {note}")


def decode_html(text: str) -> str:
    """Remove tags and decode entities; text that would be empty is unchanged."""
    if "<" in text:
        text = _without_tags(text)
    return _ENTITY.sub(_decoded, text) if "&" in text else text


def _without_tags(text: str) -> str:
    bare = _TAG.sub(lambda tag: " " if tag[1] else "", _POWER.sub("^", _UNSEEN.sub(" ", text)))
    return " ".join(bare.split()) if bare.strip() and bare != text else text


def _decoded(entity: re.Match[str]) -> str:
    name = entity[0]
    is_known = name[1] == "#" or name[1:] in html.entities.html5
    return html.unescape(name).replace("\xa0", " ") if is_known else name


class _HtmlReader:
    """Removes HTML where there is evidence of it."""

    def __init__(self, *, always: bool):
        self.always = self.is_html = always
        self.count = self.changed = self.decoded = self.left = 0

    def learn(self, texts: list[str]) -> None:
        """Decide by these texts whether the source is HTML."""
        coded = sum(map(_has_entities, texts))
        marked = sum(map(_is_html, texts))
        self.is_html = (coded > 0 and coded >= _ENTITIES * len(texts)) or (
            marked >= max(2, _TAGS * len(texts))
        )

    def read(self, row: "Row") -> "Row":
        """Return a row without HTML in its questions."""
        texts = _texts(row)
        self.count += len(texts)
        if not any("&" in text or "<" in text for text in texts):
            return row
        return row._replace(items=tuple(map(self._item, row.items)))

    def notes(self) -> Iterator[str]:
        """Yield notes on removed and remaining HTML."""
        total = f"{self.count:,} questions"
        if self.changed:
            what = "HTML entities decoded" if self.decoded else "HTML tags removed"
            if 0 < self.decoded < self.changed:
                what = "HTML tags and entities removed"
            yield f"{what} in {self.changed:,} of {total}; --html keep leaves them"
        if self.left:
            is_left = "may have HTML and were left as they are; --html strip removes it"
            yield f"{self.left:,} of {total} {is_left}"

    def _item(self, item: QuestionRow | QuestionPair) -> QuestionRow | QuestionPair:
        if isinstance(item, QuestionRow):
            return item._replace(text=self._text(item.text))
        return item._replace(left=self._text(item.left), right=self._text(item.right))

    def _text(self, text: str) -> str:
        is_marked = "<" in text and _is_marked(text)
        if self.always or (is_marked and (self.is_html or _is_wrapped(text))):
            new = decode_html(text)
        elif self.is_html:
            new = _ENTITY.sub(_decoded, text)
        else:
            self.left += _has_entities(text) or (is_marked and not _ABOUT.search(text))
            return text
        self.changed += new != text
        self.decoded += new != text and "&" in text and bool(_ENTITY.search(text))
        return new


def _first(rows: "Iterator[Row]") -> "tuple[deque[Row], DataError | None]":
    """Return the rows that decide, and the error that ends them, if any."""
    first: deque[Row] = deque()
    letters = 0
    try:
        for row in itertools.islice(rows, _WINDOW):
            first.append(row)
            letters += sum(map(len, _texts(row)))
            if letters > _WINDOW_LETTERS:
                break
    except DataError as error:
        return first, error
    return first, None


def _texts(row: "Row") -> list[str]:
    return [
        text for item in row.items for text in item[: 1 if isinstance(item, QuestionRow) else 2]
    ]


def _has_entities(text: str) -> bool:
    """Return whether a text has entities and is not about them."""
    if "&" not in text:
        return False
    found = [each for each in _ENTITY.finditer(text) if _decoded(each) != each[0]]
    for entity in found:
        if text[: entity.start()][-1:].isalnum() or text[entity.end() :][:1].isalnum():
            return True
    return any(entity[0] != "&nbsp;" for entity in found) and not _ABOUT.search(text)


def _is_html(text: str) -> bool:
    """Return whether a text has tags of a page and is not about them."""
    if "<" not in text or _ABOUT.search(text):
        return False
    return bool(_is_wrapped(text) or _BROKEN.search(text) or _ATTRIBUTE.search(text))


def _is_marked(text: str) -> bool:
    return bool(
        _is_wrapped(text)
        or any(_WORD.search(found[2]) for found in _PAIRED.finditer(text))
        or _BROKEN.search(text)
        or _TRUNCATED.match(text)
    )


def _is_wrapped(text: str) -> bool:
    """Return whether a text consists of elements with a word in them."""
    opening = _OPENING.match(text)
    if opening is None:
        return False
    is_closed = text.rstrip().lower().endswith(f"</{opening[1].lower()}>")
    return is_closed and _WORD.search(_TAG.sub("", text)) is not None

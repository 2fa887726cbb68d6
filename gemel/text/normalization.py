"""Normalisation of texts, the same in training and prediction."""

import dataclasses
import functools
import re
import unicodedata
from collections.abc import Callable

from gemel.errors import MissingExtraError

_END = 0x20000
"""Above are variation selectors only, which are removed."""
NEWEST = 2
"""Version for new models."""

_LONGEST_RUN = 30
"""Combining marks normalised together; sorting them takes quadratic time."""
_SPACER = "\u034f"  # combining grapheme joiner: invisible, and marks are not sorted across it
_COMPATIBLE = range(0xA0, 0x20000)
"""Characters with compatibility decompositions."""
_CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), " ")
_ASCII_CONTROLS = dict.fromkeys((*range(0x20), 0x7F), " ")
_SPACES = "".join(map(chr, (*range(0x21), 0x7F)))
"""ASCII characters that become spaces."""

_LOOK_ALIKES_1 = {ord(mark): "'" for mark in "‘’ʼ´′"}
_INVISIBLE_1: dict[int, None] = dict.fromkeys(
    (
        *(0x00AD, 0x061C, 0xFEFF),  # soft hyphen, Arabic letter mark, byte-order mark
        *range(0x200C, 0x2010),  # joiners, marks of direction
        *range(0x202A, 0x202F),  # the same, embedded
        *range(0x2060, 0x2070),
        *range(0x180B, 0x1810),  # variation selectors
        *range(0xFE00, 0xFE10),
        *range(0xE0100, 0xE01F0),
    )
)

_INVISIBLE_2: dict[int, None] = _INVISIBLE_1 | dict.fromkeys(
    (
        *(0x034F, 0x200B, 0xFFFC),  # grapheme joiner, zero-width space, place of an object
        *(0x115F, 0x1160, 0x3164, 0xFFA0, 0x17B4, 0x17B5),  # Hangul fillers, inherent vowels
        *range(0xFFF0, 0xFFFC),  # annotations between lines
        *range(0x1BCA0, 0x1BCA4),
        *range(0x1D173, 0x1D17B),
        *range(0xE0000, 0xE1000),  # tags, variation selectors
    )
)
_DOUBLE = "«»“”„‟″‶ʺˮ״⹂「」『』〝〞〟﹁﹂﹃﹄❝❞❠❮❯🙶🙷🙸"
_SINGLE = "‘’‚‛‹›′‵´ʹʻʼʽʾʿ՚׳❛❜❟ꞌꞋ"
_DASHES = "֊־᐀᠆‐‑‒–—―⁃⁓˗−➖⸗⸚⸺⸻⹀⹝〰゠︱︲﹘﹣－\U00010ead"
_SLASHES = "⁄∕⧸"
_LOOK_ALIKES_2 = {
    ord(mark): plain
    for group, plain in (
        (_DOUBLE, '"'),
        (_SINGLE, "'"),
        (_DASHES, "-"),
        (_SLASHES, "/"),
        ("〜", "~"),  # as its full-width network becomes
        ("\u2800", " "),  # a Braille cell without dots
    )
    for mark in group
}


@functools.cache
def marks() -> str:
    """Return the combining marks as ranges of a character class."""
    ranges: list[list[int]] = []
    for code in range(0x300, _END):
        if unicodedata.category(chr(code))[0] == "M":
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"{chr(low)}-{chr(high)}" for low, high in ranges)


@dataclasses.dataclass(frozen=True, eq=False)
class NormalForm:
    """One version of normalisation, in addition to NFKC and case."""

    changed: dict[int, str | None]
    """Replacement of single characters by code; None: removed."""
    insertions: tuple[tuple[str, str], ...]
    """Patterns between two characters, and the text inserted there before NFKC."""
    occasion: re.Pattern[str] | None
    """A character next to which something may be inserted."""
    cut: str
    """Pattern of excess combining marks; empty: none."""

    def change(self, text: str) -> str:
        """Replace single characters."""
        return text.translate(self.changed)

    def insert(self, text: str) -> str:
        """Separate superscripts, subscripts and fractions from plain characters before NFKC."""
        if self.occasion and self.occasion.search(text):
            for place, inserted in self.insertions:
                text = re.sub(place, inserted, text)
        return text

    def bound(self, text: str) -> str:
        """Limit the combining marks in a row."""
        if len(text) <= _LONGEST_RUN or not _long_run().search(text):
            return text
        if self.cut:
            return re.sub(self.cut, "", text)
        return _long_run().sub(rf"\g<0>{_SPACER}", text)


@functools.cache
def _long_run() -> re.Pattern[str]:
    return re.compile(f"[{marks()}]{{{_LONGEST_RUN}}}")


@functools.cache
def normal_form(version: int) -> NormalForm:
    """Return a version of the rules.

    Version 1 folds apostrophes and reads superscripts, subscripts and fractions as plain digits.
    Version 2 keeps these distinct (`10^6`, `h_2o`, `1 1/2`) and folds all quotation marks, dashes
    and invisible characters.

    Source: the properties Quotation_Mark, Dash and Default_Ignorable_Code_Point of Unicode 15.
    """
    if version == 1:
        spaces = _CONTROLS | {0x200B: " "}
        return NormalForm(spaces | _LOOK_ALIKES_1 | _INVISIBLE_1, (), None, "")
    raised, lowered, fractions = (_spelled(kind) for kind in ("super", "sub", "fraction"))
    return NormalForm(
        changed=_CONTROLS | _LOOK_ALIKES_2 | _INVISIBLE_2 | _units(raised),
        insertions=(
            (rf"(?<![{raised}])(?=[{raised}])", "^"),
            (rf"(?<![{lowered}])(?=[{lowered}])", "_"),
            (rf"(?<=[0-9{fractions}])(?=[{fractions}])|(?<=[{fractions}])(?=[0-9])", " "),
        ),
        occasion=re.compile(f"[{raised}{lowered}{fractions}]"),
        cut=f"(?<=[{marks()}]{{{_LONGEST_RUN}}})[{marks()}]+",
    )


def _spelled(kind: str) -> str:
    """Return the characters that Unicode decomposes as superscript, subscript or fraction."""
    spelled = ((chr(code), unicodedata.decomposition(chr(code))) for code in _COMPATIBLE)
    return "".join(letter for letter, parts in spelled if parts.startswith(f"<{kind}>"))


def _units(raised: str) -> dict[int, str | None]:
    """Map square unit symbols with a power, such as `m²`, to their letters."""
    found: dict[int, str | None] = {}
    for code in range(0x3300, 0x3400):
        parts = unicodedata.decomposition(chr(code)).split()[1:]
        spelled = "".join(chr(int(part, 16)) for part in parts)
        if any(letter in raised for letter in spelled):
            found[code] = spelled.replace("∕", "/")
    return found


def clean(
    text: str, *, lowercase: bool = True, repair: bool = False, normalization: int = NEWEST
) -> str:
    """Normalise a text.

    Unicode NFKC, straight quotation marks, plain dashes, no invisible characters, control
    characters as spaces, single spaces, case. Superscripts, subscripts and fractions stay distinct
    from digits: `10⁶` becomes `10^6`.

    Args:
        text: a question as typed.
        lowercase: drop case.
        repair: repair garbled text with ftfy first (`donâ€™t`).
        normalization: version of the rules, 1 or 2; see `normal_form`.

    Source: stream-safe text, Unicode Standard Annex 15, section 13, for long runs of marks.
    """
    if isinstance(text, CleanText) and text.settings == _settings(
        text, lowercase, repair, normalization
    ):
        return text.form
    return _normalize(text, lowercase, repair, normalization)


class CleanText(str):
    """A question as typed, with its normalised form, so that it is cleaned once."""

    __slots__ = ("form", "settings")
    form: str
    """What `clean` returns for the settings."""
    settings: bool | tuple[bool, bool, int]

    def __new__(
        cls, text: str, *, lowercase: bool = True, repair: bool = False, normalization: int = NEWEST
    ) -> "CleanText":
        """Clean a text; see `clean`."""
        settings = _settings(text, lowercase, repair, normalization)
        if isinstance(text, CleanText) and text.settings == settings:
            return text
        made = super().__new__(cls, text)
        made.form, made.settings = _normalize(text, lowercase, repair, normalization), settings
        return made


def _settings(
    text: str, lowercase: bool, repair: bool, normalization: int
) -> bool | tuple[bool, bool, int]:
    """Return the settings that matter to a text."""
    return lowercase if text.isascii() else (lowercase, repair, normalization)


def _normalize(text: str, lowercase: bool, repair: bool, normalization: int) -> str:
    if not text.isascii():
        if repair:
            text = _fix_text()(text)
        form = normal_form(normalization)
        text = form.change(text)  # first, or it would are between a letter and its accent
        text = unicodedata.normalize("NFKC", form.bound(form.insert(text)))
        if lowercase:  # once more: some letters have a composed form in lower case only
            text = unicodedata.normalize("NFKC", text.lower())
        text = form.change(text)  # and what the normal form has brought
        if form.cut:
            text = form.bound(text)
    else:
        if not text.isprintable():
            text = text.translate(_ASCII_CONTROLS)
        if lowercase:
            text = text.lower()
    return " ".join(text.split())


def with_final_mark(text: str) -> str:
    """Add a question mark to a normalised or ASCII text that ends in a letter or digit."""
    bare = text.rstrip(_SPACES)
    return f"{bare}?" if bare[-1:].isalnum() else text


@functools.cache
def _fix_text() -> Callable[[str], str]:
    try:
        import ftfy
    except ModuleNotFoundError as error:
        raise MissingExtraError("text.repair", "repair") from error
    # Quotes and the normal form are cleaning's business; entities may be what a question is about.
    settings = ftfy.TextFixerConfig(unescape_html=False, uncurl_quotes=False, normalization=None)
    return functools.partial(ftfy.fix_text, config=settings)

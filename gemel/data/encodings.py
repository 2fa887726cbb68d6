"""Detection of encodings other than UTF-8, for error messages."""

import codecs
import gzip
import shlex
from pathlib import Path
from typing import Any

_MARKS = (  # UTF-32's mark begins with UTF-16's
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_ESCAPES = (b"\x1b$B", b"\x1b$@", b"\x1b(J")
_CANDIDATES = {  # as Python names them: as iconv does
    **{f"cp{page}": f"WINDOWS-{page}" for page in (1252, 1250, 1251, 1253, 1254, 1255, 1256)},
    **{"koi8_r": "KOI8-R", "cp932": "CP932", "euc_jp": "EUC-JP", "cp949": "CP949"},
    **{"gb18030": "GB18030", "big5": "BIG5"},
}
_LATIN = {"cp1252", "cp1250", "cp1254"}
_KNOWN_AS = {"CP932": "CP932 (Shift_JIS)", "CP949": "CP949 (EUC-KR)"}
_FEW, _MANY = 0.05, 0.2
"""Shares of NUL bytes that indicate UTF-16 and UTF-32."""
_SAMPLE = 1 << 16
"""Bytes of the sample for a guess."""
_SCAN = 1 << 25
"""Bytes searched for it."""
_MESS, _CLEAN, _CLEANER = 0.6, 0.2, 0.05
"""Mess ratio (0 to 1) up to which a guess is made, up to which it may be certain, and by which
others must be worse, or else less coherent by `_MORE_ALIKE`."""
_MORE_ALIKE = 0.15
_ENOUGH = 64
"""Bytes below which no guess is certain."""
_ESCAPED = 0xDC00
"""Offset of `surrogateescape`."""


def wide_encoding(start: bytes) -> str | None:
    """Detect UTF-16 and UTF-32 by their marks or NUL bytes, and ISO-2022-JP by its escapes."""
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name
    if any(escape in start for escape in _ESCAPES):
        return "ISO-2022-JP"
    for width in (4, 2):
        whole = start[: len(start) // width * width]
        if len(whole) < 2 * width:
            continue
        # Header, separators and line ends are ASCII in every script: NUL but for one byte.
        empty = [whole[place::width].count(0) * width / len(whole) for place in range(width)]
        if empty[-1] < _FEW and min(empty[:-1]) > _MANY:
            return f"UTF-{8 * width}BE"
        if empty[0] < _FEW and min(empty[1:]) > _MANY:
            return f"UTF-{8 * width}LE"
    return None


def advise(path: Path | None, encoding: str) -> str:
    """Return a command that converts a file to UTF-8; `path` None: a stream."""
    line = f"iconv -f {encoding} -t UTF-8"
    if path is None:
        return f"send it through: {line}"
    name, new = shlex.quote(str(path)), shlex.quote(f"utf8-{path.name}")
    if path.suffix.lower() == ".gz":
        return f"convert it with: zcat {name} | {line} | gzip > {new}"
    return f"convert it with: {line} {name} > {new}"


def not_utf8(text: str) -> str:
    """Describe text that was not UTF-8 when read with `surrogateescape`; empty if it was."""
    if text.isascii():
        return ""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        found = ord(text[error.start])
        if not _ESCAPED + 0x80 <= found <= _ESCAPED + 0xFF:
            return f"holds half of a character (U+{found:X}); write the whole of it"
        return f"is not UTF-8 (byte {found - _ESCAPED:#04x})"
    return ""


def explain(path: Path | None, text: str) -> str:
    """Describe the encoding of a file by its beginning and a text that is not UTF-8."""
    encoding, is_sure, is_mixed = _guess(path, text.encode("utf-8", "surrogateescape"))
    if encoding is None:
        return "it is in no encoding known here; save it as UTF-8"
    name = ("" if is_sure else "perhaps ") + _KNOWN_AS.get(encoding, encoding)
    if is_mixed:
        return f"it is {name}, but most of the file is UTF-8; write the row in UTF-8 too"
    return f"the file is {name}; {advise(path, encoding)}"


def _guess(path: Path | None, row: bytes) -> tuple[str | None, bool, bool]:
    """Return an encoding, whether it is certain, and whether most non-ASCII lines are UTF-8."""
    if path is None or not path.is_file():  # to open a pipe again would wait for ever
        return *_name(row), False
    bad: list[bytes] = []
    good = size = seen = 0
    opener: Any = gzip.open if path.suffix.lower() == ".gz" else open
    with opener(path, "rb") as stream:
        while size < _SAMPLE and seen < _SCAN and (line := stream.readline()):
            seen += len(line)
            if line.isascii():
                continue
            try:
                line.decode()
                good += 1
            except UnicodeDecodeError:
                bad.append(line)
                size += len(line)
    return *_name(b"".join(bad) or row), good > len(bad)


def _name(sample: bytes) -> tuple[str | None, bool]:
    from charset_normalizer import from_bytes

    found = from_bytes(sample, threshold=_MESS, cp_isolation=list(_CANDIDATES))
    matches = [match for match in found if match.encoding in _CANDIDATES]
    if not matches:
        return None, False
    best, others = matches[0], matches[1:]
    # Several may read the same text in it; then the first of them is as good as any.
    name = next(name for name in _CANDIDATES if name in best.could_be_from_charset)
    is_sure = (
        name not in _LATIN  # of which there are more than those known here
        and len(sample) >= _ENOUGH
        and best.chaos < _CLEAN
        and all(
            other.chaos - best.chaos > _CLEANER or best.coherence - other.coherence > _MORE_ALIKE
            for other in others
        )
    )
    return _CANDIDATES[name], is_sure

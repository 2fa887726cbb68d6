"""Find words in docstrings, comments, messages and docs that have a plainer equivalent.

usage: python tools/plain_words.py    prints `file:line: word; write ...`, exits with 1 if any
"""

import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
WORDS = {
    r"lots?(?= of (?:questions|pairs|texts|rows))|(?:a|the|each|every|per|in|of) lots?": "batch",
    r"kept": "stored",
    r"told": "reported",
    r"go(?:es|ne)? on|going on": "resume, continue",
    r"stands?|lies|lying": "is",
    r"beside": "next to, compared with",
    r"nobody|somebody": "no one, a user",
    r"shall": "must, should, will",
    r"what (?:lies|stands|there is)": "a noun",
    r"strangers?|stranger's": "untrusted",
    r"passed over": "skipped",
    r"learn(?:ed|s) from": "trained on",
    r"begun with": "initialised from",
    r"turned round": "inverted",
    r"may be replaced": "overwrite existing",
    r"twins?": "similar question",
    r"asked before": "duplicate",
    r"says?|said": "returns, reports, prints",
    r"house|rooms?": "package, subpackage",
    r"foretold|foretells?": "predicted",
    r"drawn by chance": "sampled",
    r"the same bits": "bit-identical",
    r"thousand million": "billion",
}
ALLOWED = re.compile(
    r"quora-en|twin\.svg|twin-icon\.svg"
    r"|^\s+beside: |`[^`]*`|\"[^\"\n]*\?\"|stand-?ins?"
)
"""Names and quoted questions, which are data."""
DOCS = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "compose.yaml", "Makefile")
_PATTERN = re.compile("|".join(rf"(?P<w{i}>\b(?:{word})\b)" for i, word in enumerate(WORDS)), re.I)


def main() -> int:
    """Print every hit and return the exit code."""
    found = [hit for path in _files() for hit in _hits(path)]
    summary = f"{len(found)} words to replace" if found else "plain words: ok"
    sys.stdout.write("\n".join([*found, summary, ""]))
    return bool(found)


def _files() -> Iterator[Path]:
    yield from (ROOT / name for name in DOCS)
    for folder, endings in (
        ("gemel", (".py", ".toml", ".html", ".js")),
        ("docs", (".md",)),
        ("configs", (".toml",)),
        ("examples", (".py", ".sh")),
    ):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in endings:
                yield path


def _hits(path: Path) -> Iterator[str]:
    name = path.relative_to(ROOT)
    for line, text in _texts(path):
        if " " not in text:
            continue
        plain = ALLOWED.sub(lambda match: "_" * len(match[0]), text)
        for match in _PATTERN.finditer(plain):
            place = line + text.count("\n", 0, match.start())
            better = list(WORDS.values())[int((match.lastgroup or "w0")[1:])]
            yield f"{name}:{place}: {match[0]!r}; write {better}"


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield 1, re.sub(r"^```.*?^```", lambda m: "\n" * m[0].count("\n"), text, flags=re.M | re.S)
        return
    kinds = {tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", -1)}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in kinds:
            is_f = re.match(r"[rb]*f[rb]*['\"]", token.string, re.I)
            yield token.start[0], re.sub(r"\{[^{}]*\}", "_", token.string) if is_f else token.string


if __name__ == "__main__":
    sys.exit(main())

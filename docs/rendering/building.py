"""The site: the pages and the files that they link to."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rendering.pages import DOCS

__all__ = ["build_site"]

_ROOT = DOCS.parent
_PAGES = (".md", ".png", ".svg", ".css")
_LINK = re.compile(r"(\]\()([^)#\s]+)([^)]*\))")
_HEAD = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
"""Front matter of a model card."""
_COLOURS = re.compile(r"\x1b\[[\d;]*m")
_FILES = "files"
"""Folder of the site for files from outside docs/."""


def build_site(out: Path) -> str:
    """Build the site into a new folder.

    Links out of `docs/`, such as `../benchmarks/results/speed.json`, go to a copy of that file.

    Args:
        out: must not exist.

    Returns:
        Output of the builder.

    Raises:
        FileExistsError: `out` exists.
        RuntimeError: the builder warned, for example of a broken link.
    """
    if out.exists():
        raise FileExistsError(f"{out}: exists; remove it first")
    with tempfile.TemporaryDirectory(prefix="gemel-docs-") as folder:
        stage = Path(folder)
        shutil.copy(_ROOT / "zensical.toml", stage)
        for path in sorted(DOCS.rglob("*")):
            if path.suffix in _PAGES:
                _copy(path, path.relative_to(DOCS), stage / "docs")
        done = subprocess.run(
            [sys.executable, "-m", "zensical", "build", "--strict"],
            cwd=stage,
            capture_output=True,
            text=True,
            check=False,
        )
        said = _COLOURS.sub("", done.stdout + done.stderr)
        if done.returncode or "warning" in said.lower():
            raise RuntimeError(f"building the site failed:\n{said}")
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(stage / "site", out)
    return said


def _copy(path: Path, place: Path, docs: Path) -> None:
    """Copy a file to its place in the site, and before it those it links to outside `docs/`."""
    target = docs / place
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix != ".md":
        shutil.copy(path, target)
        return

    def follow(link: re.Match[str]) -> str:
        before, address, after = link.groups()
        meant = (path.parent / address).resolve()
        if ":" in address or not meant.is_relative_to(_ROOT) or not meant.is_file():
            return link[0]
        if meant.is_relative_to(DOCS):
            inside = meant.relative_to(DOCS)
        else:
            inside = Path(_FILES) / meant.relative_to(_ROOT)
            _copy(meant, inside, docs)
        return f"{before}{os.path.relpath(inside, place.parent)}{after}"

    target.touch()  # two may link to each other
    text = _HEAD.sub("", path.read_text(encoding="utf-8"))
    target.write_text(_LINK.sub(follow, text), encoding="utf-8")

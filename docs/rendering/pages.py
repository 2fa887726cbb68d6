"""The pages that are made from the code, and lie beside the written ones."""

from collections.abc import Callable
from pathlib import Path

from gemel.files import write_text
from rendering.commands import commands_page
from rendering.figures import figures_page
from rendering.names import names_page
from rendering.settings import settings_page

__all__ = ["DOCS", "GENERATED", "write_pages"]

DOCS = Path(__file__).parents[1]
GENERATED: dict[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "settings.md": settings_page,
    "python.md": names_page,
    "figures.md": figures_page,
}
"""File to what makes it; a test compares the two."""


def write_pages() -> list[Path]:
    """Write those that changed, and give them."""
    changed = []
    for name, make in GENERATED.items():
        path, text = DOCS / name, make()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_text(path, text)
            changed.append(path)
    return changed

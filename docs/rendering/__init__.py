"""What the pages of the manual are made with: texts from the code itself, and the site."""

from rendering.building import build_site
from rendering.commands import command_of, commands_page
from rendering.names import names_page
from rendering.pages import GENERATED, write_pages
from rendering.settings import settings_page

__all__ = [
    "GENERATED",
    "build_site",
    "command_of",
    "commands_page",
    "names_page",
    "settings_page",
    "write_pages",
]

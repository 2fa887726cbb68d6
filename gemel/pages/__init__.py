"""Pages to read: one file of HTML each, with all that it needs in it."""

from gemel.pages.evaluation_page import check_page, write_page
from gemel.pages.groups_page import check_groups_page, render_groups

__all__ = ["check_groups_page", "check_page", "render_groups", "write_page"]

"""Pages to read: one file of HTML each, with all that it needs in it."""

from gemel.pages.evaluation import check_page, write_page

__all__ = ["check_page", "write_page"]

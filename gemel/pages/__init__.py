"""Self-contained HTML pages."""

from gemel.pages.html_pages import check_groups_page, check_page, render_groups, write_page

__all__ = ["check_groups_page", "check_page", "render_groups", "write_page"]

"""Pictures of what was measured."""

from gemel.plots.audit import draw_audit
from gemel.plots.canvas import check_picture, save_picture

__all__ = ["check_picture", "draw_audit", "save_picture"]

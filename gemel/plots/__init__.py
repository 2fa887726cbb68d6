"""Plots of trainings, evaluations and audits."""

from gemel.plots.audit_plot import draw_audit
from gemel.plots.canvas import check_picture, render, save_picture
from gemel.plots.evaluation_plots import (
    draw_precision_recall,
    draw_reliability,
    draw_roc,
    draw_similarities,
)
from gemel.plots.training_plots import draw_training

__all__ = [
    "check_picture",
    "draw_audit",
    "draw_precision_recall",
    "draw_reliability",
    "draw_roc",
    "draw_similarities",
    "draw_training",
    "render",
    "save_picture",
]

"""Hand-written questions that come with gemel."""

from pathlib import Path

__all__ = ["HELPDESK", "HELPDESK_SETTINGS", "HELPDESK_SPLIT"]

HELPDESK = Path(__file__).with_name("helpdesk.tsv")
"""Pairs of questions to an invented help desk, with their groups and what kind of pair each is."""
HELPDESK_SPLIT = Path(__file__).with_name("helpdesk-split.tsv")
"""Which of those groups are to train on, and which are held out."""
HELPDESK_SETTINGS = Path(__file__).with_name("helpdesk.toml")
"""Settings that suit so few pairs."""

"""Hand-written questions that come with gemel."""

from pathlib import Path

__all__ = ["HELPDESK", "HELPDESK_SETTINGS", "HELPDESK_SPLIT", "PROBES"]

HELPDESK = Path(__file__).with_name("helpdesk.tsv")
"""Pairs of questions to an invented help desk, with their groups and what kind of pair each is."""
HELPDESK_SPLIT = Path(__file__).with_name("helpdesk-split.tsv")
"""Which of those groups are to train on, and which are held out."""
HELPDESK_SETTINGS = Path(__file__).with_name("helpdesk.toml")
"""Settings that suit so few pairs."""
PROBES = Path(__file__).with_name("probes.tsv")
"""Pairs on everyday topics that differ in one detail or in how things relate; each of a kind."""

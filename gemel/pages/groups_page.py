"""Duplicate groups as a page."""

from collections.abc import Mapping, Sequence
from typing import Any

from gemel.pages.templates import open_template
from gemel.version import __version__

_TEMPLATE = "groups.html"
_SHOWN = 1000
"""Groups that a page has space for; it gives how many more there are."""
_MEMBERS = 1000
"""Questions of a group that a page has space for."""


def check_groups_page() -> None:
    """Find out, before long work, whether the page can be made.

    Raises:
        MissingExtraError: Jinja is not installed.
    """
    open_template(_TEMPLATE)


def render_groups(
    groups: Sequence[Sequence[Mapping[str, Any]]],
    *,
    questions: int,
    exact: int,
    gone: int,
    probability: float,
    linkage: str,
    floor: float,
    templates: Sequence[tuple[str, int]] = (),
    left_out: int = 0,
) -> str:
    """Make the page.

    Args:
        groups: of each its members, `id`, `text` and `probability`, the central one first.
        questions: how many were looked at.
        exact: how many of them are copies of others.
        gone: how many could go, if of each group one stays.
        probability: from which a pair joined two questions.
        linkage: what made groups of pairs.
        floor: the least cosine of pairs that were judged.
        templates: an example, and how many questions differ from it only in their numbers.
        left_out: close pairs that were not judged.

    Raises:
        MissingExtraError: Jinja is not installed.
    """
    return open_template(_TEMPLATE).render(
        groups=groups[:_SHOWN],
        most=_MEMBERS,
        all_groups=len(groups),
        grouped=sum(map(len, groups)),
        questions=questions,
        exact=exact,
        gone=gone,
        probability=probability,
        linkage=linkage,
        floor=floor,
        templates=templates,
        left_out=left_out,
        version=__version__,
    )

"""The templates that are next to this file."""

from pathlib import Path
from typing import TYPE_CHECKING

from gemel.errors import MissingExtraError

if TYPE_CHECKING:
    from jinja2 import Template


def open_template(name: str) -> "Template":
    """Open a template, in which every value is escaped.

    Raises:
        MissingExtraError: Jinja is not installed.
    """
    try:
        import jinja2
    except ModuleNotFoundError as error:
        raise MissingExtraError("a page", "report") from error
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["words"] = lambda name: name.replace("_", " ")
    environment.filters["percent"] = lambda share: f"{share:.1%}"
    environment.filters["count"] = lambda number: f"{number:,.0f}"
    return environment.get_template(name)

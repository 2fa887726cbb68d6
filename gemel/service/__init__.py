"""The HTTP service of a corpus, and its page."""

from gemel.service.limits import Limits
from gemel.service.server import Address, Terms, serve

__all__ = ["Address", "Limits", "Terms", "serve"]

"""The service: questions over HTTP, and the page that goes with it."""

from gemel.service.limits import Limits
from gemel.service.server import Address, Terms, serve

__all__ = ["Address", "Limits", "Terms", "serve"]

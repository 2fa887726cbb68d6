"""The check that all settings share."""

from gemel.errors import ConfigError

__all__ = ["require"]


def require(holds: bool, message: str) -> None:
    """Refuse a setting unless the condition holds.

    Raises:
        ConfigError: with the message.
    """
    if not holds:
        raise ConfigError(message)

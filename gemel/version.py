"""The version, alone, so that anything may import it."""

__version__ = "0.1.0"


def installed_version(package: str) -> str | None:
    """Return the version of an installed package, without importing it; None if not installed."""
    import importlib.metadata

    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None

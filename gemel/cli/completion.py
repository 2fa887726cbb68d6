"""Shell completion; where nothing is offered, the shell completes files."""

from pathlib import Path

from gemel.config import Config, packaged_settings
from gemel.pretrained import DEFAULT_MODEL


def complete_setting(incomplete: str) -> list[str]:
    """Complete settings, with their defaults."""
    offered = [
        f"{section}.{name}={str(value).lower() if isinstance(value, bool) else value}"
        for section, settings in Config().to_mapping().items()
        for name, value in settings.items()
    ]
    return [each for each in offered if each.startswith(incomplete)]


def complete_settings(incomplete: str) -> list[str]:
    """Complete settings that ship."""
    return [each for each in packaged_settings() if each.startswith(incomplete)]


def complete_model(incomplete: str) -> list[str]:
    """Complete the model that ships, and model folders."""
    place, slash, name = incomplete.rpartition("/")
    folder = Path(place + slash) if slash else Path()
    try:
        folders = sorted(path for path in folder.iterdir() if (path / "config.json").is_file())
    except OSError:
        folders = []
    offered = [place + slash + path.name for path in folders if path.name.startswith(name)]
    return offered + [each for each in (DEFAULT_MODEL,) if each.startswith(incomplete)]


def complete_corpus(incomplete: str) -> list[str]:
    """Complete data sets of `gemel data`."""
    from gemel.public_data import CORPORA

    return [name for name in CORPORA if name.startswith(incomplete)]


def complete_engine(incomplete: str) -> list[str]:
    """Complete engines of large runs."""
    return [each for each in ("local", "ray") if each.startswith(incomplete)]

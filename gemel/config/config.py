"""All settings: read, changed and written by name."""

import dataclasses
import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from gemel.config.require import require
from gemel.config.sections import DecisionConfig, NetworkConfig, TextConfig, TrainingConfig
from gemel.errors import ConfigError

_PACKAGED = Path(__file__).parents[1] / "configs"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """All settings of a model by section; they are stored in its folder."""

    text: TextConfig = dataclasses.field(default_factory=TextConfig)
    network: NetworkConfig = dataclasses.field(default_factory=NetworkConfig)
    training: TrainingConfig = dataclasses.field(default_factory=TrainingConfig)
    decision: DecisionConfig = dataclasses.field(default_factory=DecisionConfig)

    def __post_init__(self) -> None:
        require(
            not self.network.head or self.training.loss == "joint",
            'network.head learns by training.loss = "joint" only',
        )
        require(
            not self.training.label_noise or self.training.loss == "joint",
            'training.label_noise is for training.loss = "joint"',
        )
        require(
            not self.network.compose_all or self.text.ngram_buckets > 0,
            "network.compose_all needs text.ngram_buckets above 0",
        )
        require(
            not self.training.typos or self.text.ngram_buckets > 0,
            "training.typos needs text.ngram_buckets above 0",
        )

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], *, source: str = "settings") -> "Config":
        """Build settings from nested mappings; missing ones keep their default.

        Args:
            values: section name to (setting name to value).
            source: name of the source in errors.

        Raises:
            ConfigError: an unknown section or setting, or a value of wrong type or out of range.
        """
        _refuse_unknown(cls, values, source)
        try:
            return msgspec.convert(values, cls)
        except msgspec.ValidationError as error:
            raise ConfigError(f"{source}: {error}{_default(error)}") from error

    @classmethod
    def from_toml(cls, path: str | Path) -> "Config":
        """Read settings from a TOML file.

        Args:
            path: a file, or the name of settings that ship with gemel, such as "finetune"; a file
                in the current folder goes first.

        Raises:
            ConfigError: no such file, not TOML, or as `from_mapping`.
        """
        try:
            values = tomllib.loads(_settings_file(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(
                f"{path}: cannot read the settings: {error.strerror}; expected a TOML file, or "
                f"one of {', '.join(packaged_settings())}"
            ) from error
        except ValueError as error:
            raise ConfigError(f"{path}: not a TOML file: {error}") from error
        return cls.from_mapping(values, source=str(path))

    def replace(self, assignments: Iterable[str]) -> "Config":
        """Change settings given as `section.name=value`, the value as in TOML.

        Raises:
            ConfigError: an assignment without `=` or `.`, or as `from_mapping`.
        """
        values = self.to_mapping()
        for assignment in assignments:
            key, equals, text = assignment.partition("=")
            section, dot, name = key.strip().partition(".")
            if not (equals and dot and section and name):
                raise ConfigError(
                    f"cannot read the setting {assignment!r}: "
                    "write section.name=value, for example training.epochs=2"
                )
            values.setdefault(section, {})[name] = _toml_value(text.strip())
        return type(self).from_mapping(values, source="--set")

    def to_mapping(self) -> dict[str, dict[str, Any]]:
        """Return the settings as nested dictionaries, the inverse of `from_mapping`."""
        return dataclasses.asdict(self)


def packaged_settings() -> list[str]:
    """Names of the settings that ship with gemel."""
    return sorted(path.stem for path in _PACKAGED.glob("*.toml"))


def _settings_file(path: str | Path) -> Path:
    given = Path(path)
    if given.is_file() or given.parts != (given.name,) or given.name not in packaged_settings():
        return given
    return _PACKAGED / f"{given.name}.toml"


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _refuse_unknown(cls: type[Config], values: Mapping[str, Any], source: str) -> None:
    sections = {field.name: field.type for field in dataclasses.fields(cls)}
    for section, settings in values.items():
        if section not in sections:
            raise ConfigError(f"{source}: no section {section!r}{_nearest(section, sections)}")
        if not isinstance(settings, Mapping):
            raise ConfigError(f"{source}: {section!r} is a section: write {section}.name=value")
        kind: Any = sections[section]
        names = [field.name for field in dataclasses.fields(kind)]
        for name in settings:
            if name not in names:
                raise ConfigError(f"{source}: no setting {section}.{name}{_nearest(name, names)}")


def _default(error: msgspec.ValidationError) -> str:
    """Describe the default of a setting whose value has a wrong type."""
    found = re.search(r"`\$\.(\w+)\.(\w+)`", str(error))
    if found is None:
        return ""
    value = Config().to_mapping().get(found[1], {}).get(found[2])
    return f"; by default it is {value!r}"


def _nearest(word: str, known: Iterable[str]) -> str:
    known = list(known)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; there are: {', '.join(known)}"

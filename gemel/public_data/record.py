"""What was fetched and made: the report, and `SOURCE.json`, which keeps it next to the files."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gemel.files import write_text
from gemel.public_data.downloads import sha256_of

SOURCE = "SOURCE.json"
_FORMAT = 1


@dataclass(frozen=True)
class FetchedFile:
    """A file of the publisher's."""

    name: str
    origin: str
    """The address or file that it came from; the publisher's address, if it lay there already."""
    size: int
    """Bytes."""
    sha256: str
    is_pinned: bool
    """Whether gemel knows this sum; else it was given with the command."""
    was_there: bool
    """Whether it lay there already: put there by hand, or by a call that was stopped later."""


@dataclass(frozen=True)
class FetchedPart:
    """A file that gemel reads."""

    name: str
    holds: str
    """pairs, unlabelled pairs or questions."""
    rows: int
    duplicates: int | None
    """How many are labelled 1, where there are labels."""
    left_out: int
    """Rows that did not fit; they are listed. In the publisher's own file they still stand."""
    published: int
    """Rows that there should be."""
    sha256: str


@dataclass(frozen=True)
class Fetched:
    """What is in the folder."""

    corpus: str
    title: str
    page: str
    licence: str
    folder: str
    fetched: str
    """When, in UTC."""
    gemel: str
    """The version that fetched it."""
    files: tuple[FetchedFile, ...]
    parts: tuple[FetchedPart, ...]

    def path(self, name: str) -> str:
        """Return the path of one of its files."""
        return str(Path(self.folder) / name)


def write_record(fetched: Fetched) -> None:
    """Write `SOURCE.json`, without the folder's name: that may change."""
    content: dict[str, Any] = {"format": _FORMAT} | dataclasses.asdict(fetched)
    del content["folder"]
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    write_text(Path(fetched.folder) / SOURCE, text)


def read_record(folder: Path, corpus: str) -> Fetched | None:
    """Read `SOURCE.json`; None if it is missing, damaged, or about something else."""
    try:
        content = json.loads((folder / SOURCE).read_text(encoding="utf-8"))
        if content.pop("format") != _FORMAT or content["corpus"] != corpus:
            return None
        content["files"] = tuple(FetchedFile(**file) for file in content["files"])
        content["parts"] = tuple(FetchedPart(**part) for part in content["parts"])
        return Fetched(**content, folder=str(folder))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def changed(fetched: Fetched) -> list[str]:
    """Name the files that are there and are not as they were recorded."""
    return [name for name, is_same in _compared(fetched) if is_same is False]


def is_whole(fetched: Fetched) -> bool:
    """Return whether all files are there as they were recorded."""
    return all(is_same for _, is_same in _compared(fetched))


def _compared(fetched: Fetched) -> list[tuple[str, bool | None]]:
    sums = {file.name: file.sha256 for file in fetched.files}
    sums |= {part.name: part.sha256 for part in fetched.parts}
    paths = {name: Path(fetched.path(name)) for name in sums}
    return [
        (name, sha256_of(path) == sums[name] if path.is_file() else None)
        for name, path in paths.items()
    ]

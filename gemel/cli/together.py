"""One command on several processes, started by torchrun: the first one speaks."""

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gemel.training import Ranks


@contextlib.contextmanager
def together() -> Iterator["Ranks | None"]:
    """Join the others, where torchrun has started this process; see `gemel.training.joined`.

    Yields:
        The processes; None where there is only this one, which need not know torch yet.
    """
    if not {"WORLD_SIZE", "RANK"} & os.environ.keys():
        yield None
        return
    from gemel.training import joined

    with joined() as ranks:
        yield None if ranks.is_alone else ranks

"""Running the service: a socket, a server, a stop that loses nothing."""

import contextlib
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import uvicorn

from gemel.api import open_index
from gemel.errors import ConfigError
from gemel.folder import CARD, read_optional
from gemel.folder.model_card import split_card
from gemel.service.access import Door
from gemel.service.app import make_app
from gemel.service.group_process import Grouping
from gemel.service.limits import Limits
from gemel.service.site import Site
from gemel.service.timeouts import patient_protocol

_SWITCH = 0.001
"""Seconds that a thread may keep the interpreter while another wants it."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where the service listens."""

    host: str = "127.0.0.1"
    port: int = 8000
    """0: any that is free."""

    @property
    def is_here(self) -> bool:
        """Whether only this machine reaches it."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


@dataclass(frozen=True, kw_only=True)
class Terms:
    """For whom the service is."""

    require_keys: bool = False
    """Whether keys are needed here too; elsewhere they always are."""
    hosts: tuple[str, ...] = ()
    """Names of this machine that browsers ask for."""
    origins: tuple[str, ...] = ()
    """Other sites whose pages may ask."""
    limits: Limits = field(default_factory=Limits)


def serve(
    db: str,
    model: str | Path,
    address: Address,
    terms: Terms,
    on_ready: Callable[[str, Site], None],
) -> None:
    """Serve a corpus until a user stops it.

    Args:
        db: an SQLite file, or `postgresql://…`.
        model: the folder of the model that made its vectors.
        address: where to listen.
        terms: for whom.
        on_ready: receives the URL and what is served, once it listens.

    Raises:
        ConfigError: it would be open to other machines, and there is no key.
        OSError: the address is taken, or not this machine's.
        FolderError, StoreError, ModelMismatchError: see `gemel.api.open_index`.
    """
    _read_ahead(db)
    index = open_index(db, model, create=False, serving=True)
    with index:
        keys = terms.require_keys or not address.is_here
        known = index.store.keys() if keys else []
        if keys and all(each.revoked_at for each in known):
            raise ConfigError(
                f"to listen on {address.host} takes keys, and the corpus has none: "
                "gemel key add NAME --scope write --db DB makes one"
            )
        listening = _listen(address)
        host, port = listening.getsockname()[:2]
        hosts = () if keys and not terms.hosts else (*_names(address, host), *terms.hosts)
        door = Door(keys=keys, hosts=hosts, origins=terms.origins)
        site = Site(
            index,
            Grouping(db, str(model)),
            terms.limits,
            name=Path(model).name,
            card=_card(model),
        )
        shown = f"[{host}]" if ":" in host else host
        url = f"http://{shown}:{port}/"
        server = _Server(
            uvicorn.Config(
                make_app(site, door),
                http=patient_protocol(terms.limits, site.notes),
                ws="none",
                lifespan="on",
                access_log=False,
                log_level="warning",
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=terms.limits.drain,
            ),
            lambda: on_ready(url, site),
        )
        sys.setswitchinterval(_SWITCH)
        server.run(sockets=[listening])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]):
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()


def _read_ahead(db: str) -> None:
    """Have the system fetch a file, so that the first answers need not wait for the disk.

    Only before SQLite has it open: to close a file that it has open takes its locks away.
    """
    with contextlib.suppress(OSError), Path(db).open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)


def _card(model: str | Path) -> str:
    """Return the text of a model's card; empty if it has none."""
    return split_card((read_optional(model, CARD) or b"").decode(errors="replace"))[1]


def _listen(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((address.host, address.port))
    except OSError as error:
        listening.close()
        raise OSError(
            f"cannot listen on {address.host}, port {address.port}: {error.strerror}; "
            "--port names another port, --host another address"
        ) from error
    return listening


def _names(address: Address, host: str) -> tuple[str, ...]:
    """Report what this machine is called in the Host of a request that is meant for it."""
    return ("localhost", "127.0.0.1", "::1", address.host, host)

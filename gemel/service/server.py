"""The application and its server, whose stop loses no accepted request."""

import contextlib
import dataclasses
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from gemel.api import open_index
from gemel.errors import ConfigError
from gemel.folder import CARD, read_optional
from gemel.folder.model_card import split_card
from gemel.service.access import AccessPolicy, Guard
from gemel.service.answer_routes import answer_routes, question_routes
from gemel.service.group_process import GroupProcess
from gemel.service.health_routes import Metrics, health_routes, model_routes
from gemel.service.limits import Limits
from gemel.service.responses import EXPLAINED, FAILURES, explain_error
from gemel.service.review_service import ReviewService, review_routes
from gemel.service.served_corpus import ServedCorpus
from gemel.service.timeouts import bounded_protocol
from gemel.version import __version__

_PAGE = Path(__file__).parent / "page"


def make_app(corpus: ServedCorpus, policy: AccessPolicy) -> ASGIApp:
    """Make the application that serves a corpus."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await corpus.start()
        yield
        await corpus.stop()

    app = FastAPI(
        title="gemel",
        version=__version__,
        summary="Finds duplicates of a question.",
        docs_url=None,  # its scripts come from another host
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    metrics = Metrics(corpus)
    reviews = ReviewService(corpus)
    routers = (
        answer_routes(corpus),
        question_routes(corpus),
        review_routes(corpus, reviews),
        model_routes(corpus, reviews),
        health_routes(corpus, metrics),
    )
    for router in routers:
        app.include_router(router, responses=FAILURES)
    routes = [route for router in routers for route in router.routes if isinstance(route, Route)]
    app.mount("/page", StaticFiles(directory=_PAGE))

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return FileResponse(_PAGE / "index.html", headers={"Cache-Control": "no-cache"})

    async def refuse(request: Request, error: Exception) -> Response:
        refusal = explain_error(corpus.store, error)
        if refusal.code == "not_allowed":  # Starlette lists the methods of one route only
            matching = [each for each in routes if each.path_regex.match(request.url.path)]
            if methods := {method for each in matching for method in each.methods or ()}:
                allowed = {"Allow": ", ".join(sorted(methods))}
                refusal = dataclasses.replace(refusal, headers=allowed)
        return refusal.response()

    async def pass_on(_: Request, error: Exception) -> Response:
        raise error  # Guard answers unexpected errors

    for kind in EXPLAINED:
        app.add_exception_handler(kind, refuse)
    app.add_exception_handler(Exception, pass_on)
    return Guard(app, corpus, policy, metrics.count)


_SWITCH_INTERVAL = 0.001
"""Seconds after which a thread yields the interpreter to another."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where the service listens; port 0 is any free one."""

    host: str = "127.0.0.1"
    port: int = 8000

    @property
    def is_local(self) -> bool:
        """Whether only this machine can connect."""
        try:
            return self.host == "localhost" or ip_address(self.host).is_loopback
        except ValueError:
            return False


@dataclass(frozen=True, kw_only=True)
class Terms(AccessPolicy):
    """Who may use the service, and how much; addresses that are not local always need keys."""

    limits: Limits = field(default_factory=Limits)


def serve(
    db: str,
    model: str | Path,
    address: Address,
    terms: Terms,
    on_ready: Callable[[str, ServedCorpus], None],
) -> None:
    """Serve a corpus, see `gemel.api.open_index`, until interrupted.

    Args:
        db, model: the corpus, and the folder of the model that made its vectors.
        address, terms: where to listen; access and limits.
        on_ready: called with URL and corpus when the service listens.

    Raises:
        ConfigError: other machines could connect, and there is no key.
        OSError: the address is in use, or is not one of this machine.
    """
    # Read ahead before SQLite opens the file: closing an open one here would release its locks.
    with contextlib.suppress(OSError), Path(db).open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)
    with open_index(db, model, create=False, serving=True) as index:
        keys = terms.keys or not address.is_local
        known = index.store.keys() if keys else []
        if keys and all(each.revoked_at for each in known):
            raise ConfigError(
                f"listening on {address.host} requires keys, and the corpus has none: "
                "gemel key add NAME --scope write --db DB makes one"
            )
        listening = _listen(address)
        host, port = listening.getsockname()[:2]
        names = ("localhost", "127.0.0.1", "::1", address.host, host)
        hosts = () if keys and not terms.hosts else (*names, *terms.hosts)
        corpus = ServedCorpus(
            index,
            GroupProcess(db, str(model)),
            terms.limits,
            name=Path(model).name,
            card=split_card((read_optional(model, CARD) or b"").decode(errors="replace"))[1],
        )
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
        server = _Server(
            uvicorn.Config(
                make_app(corpus, AccessPolicy(keys=keys, hosts=hosts, origins=terms.origins)),
                http=bounded_protocol(terms.limits, corpus.notes),
                ws="none",
                lifespan="on",
                access_log=False,
                log_level="warning",
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=terms.limits.drain,
            ),
            lambda: on_ready(url, corpus),
        )
        sys.setswitchinterval(_SWITCH_INTERVAL)
        server.run(sockets=[listening])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]):
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()


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
            "choose another with --port or --host"
        ) from error
    return listening

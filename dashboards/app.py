"""The console as an ASGI application: the guard, the log in, the pages, the errors.

A page is a module in `pages/` with a `router`; it is found there, and stands behind the log in
without asking for it. Its words are in `words/<page>.yml`, its template in `templates/`.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI
from starlette.staticfiles import StaticFiles

from dashboards import errors, login, pages, scrape
from dashboards.console import Console
from dashboards.guard import STATIC_PATH, Guard
from dashboards.reader import Refusal, gate

_STATIC = Path(__file__).parent / "static"


def create_app(console: Console) -> FastAPI:
    """The application over these stores and clocks."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.console = console
    app.mount(STATIC_PATH, StaticFiles(directory=_STATIC))
    app.include_router(login.router)
    app.include_router(scrape.router)
    for router in _routers():
        app.include_router(router, dependencies=[Depends(gate)])
    app.add_api_route("/{path:path}", _nothing, dependencies=[Depends(gate)])
    errors.register(app)
    app.add_middleware(Guard, hosts=console.hosts, secure=console.secure)
    return app


def _nothing() -> None:
    """Any other address: like all pages behind the log in, so that it tells strangers nothing."""
    raise Refusal


def _routers() -> Iterator[APIRouter]:
    for found in pkgutil.iter_modules(pages.__path__):
        yield importlib.import_module(f"dashboards.pages.{found.name}").router

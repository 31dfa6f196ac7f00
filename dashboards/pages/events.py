"""What came since a page was read, as server-sent events (HTML Living Standard, section 9.2).

The id of an event is a position: a browser that lost the connection goes on where it was. Nothing
but ids and counts is sent, and only of what the reader may see and asked for.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

import orjson
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from alerts.queue import News, read_news
from dashboards.asked import asked
from dashboards.page import json_response
from dashboards.reader import Asking, console_of, still_logged_in
from haidang.errors import Unavailable

router = APIRouter()
EVERY_SECS = 2
_BEATS = 8  # looks without news between two signs of life
_LAST = 2**63 - 1


@router.get("/events")
async def events(request: Request, asking: Asking) -> Response:
    """The stream for a browser; for whoever asks otherwise, what is new now."""
    position = _position(request)
    database, wanted = console_of(request).database, asked(request.query_params).wanted

    async def look(position: int) -> News:
        return await run_in_threadpool(read_news, database, asking.scope, wanted, position)

    if "text/event-stream" not in request.headers.get("accept", ""):
        return json_response(await look(position))
    alive = partial(still_logged_in, request, asking)
    wait = partial(asyncio.sleep, EVERY_SECS)
    stream = news_stream(look, alive, wait, position)
    return StreamingResponse(stream, media_type="text/event-stream")


def _position(request: Request) -> int:
    """Where the browser was; 0 for a position that is none."""
    given = request.headers.get("last-event-id") or request.query_params.get("position", "")
    position = int(given) if given.isascii() and given.isdecimal() and len(given) < 20 else 0
    return min(position, _LAST)


async def news_stream(
    look: Callable[[int], Awaitable[News]],
    alive: Callable[[], Awaitable[bool]],
    wait: Callable[[], Awaitable[None]],
    position: int,
) -> AsyncIterator[bytes]:
    """News as it comes, a comment where none comes for long; ends with the session."""
    yield b"retry: 3000\n\n"
    quiet = 0
    while await _holds(alive):
        news = await _looked(look, position)
        if news.new or news.changed:
            yield b"id: %d\nevent: news\ndata: %s\n\n" % (news.position, orjson.dumps(news))
        quiet = 0 if news.new or news.changed else quiet + 1
        if quiet % _BEATS == 0 and quiet:
            yield b": still here\n\n"
        position = news.position
        await wait()
    yield b"event: over\ndata: {}\n\n"


async def _holds(alive: Callable[[], Awaitable[bool]]) -> bool:
    try:
        return await alive()
    except Unavailable:
        return True  # the store is away; the next look asks again


async def _looked(look: Callable[[int], Awaitable[News]], position: int) -> News:
    try:
        return await look(position)
    except Unavailable:
        return News(position)

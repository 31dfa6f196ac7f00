"""Live news: by position, resumable, within the reader's scope, over with the session."""

import asyncio
import json

import pytest

from alerts.queue import News
from dashboards.pages import events
from dashboards.pages.events import news_stream
from haidang.errors import Unavailable
from tests.support.console import as_json, logged_in


def streamed(news, alive=None, position=5):
    """The chunks of a stream whose looks and session answers are given, and where it looked."""
    looks, waits = [], []
    answers = iter(news)
    lives = iter(alive or [True] * len(news) + [False])

    async def look(at):
        looks.append(at)
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def still():
        answer = next(lives)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def wait():
        waits.append(1)

    async def run():
        return [chunk async for chunk in news_stream(look, still, wait, position)]

    return [chunk.decode() for chunk in asyncio.run(run())], looks


def test_news_carry_their_position_and_ids():
    """The event's id is where a browser goes on from."""
    chunks, looks = streamed([News(5), News(7, ("a",), ("b",)), News(7)])
    assert [5, 5, 7] == looks
    (event,) = [chunk for chunk in chunks if "event: news" in chunk]
    id_, name, data = event.strip().split("\n")
    assert ("id: 7", "event: news") == (id_, name)
    assert {"position": 7, "new": ["a"], "changed": ["b"]} == json.loads(data[6:])


def test_silence_is_broken_by_signs_of_life(monkeypatch):
    """A proxy does not cut a quiet stream."""
    monkeypatch.setattr(events, "_BEATS", 2)
    chunks, _ = streamed([News(5)] * 5)
    assert 2 == sum(chunk.startswith(":") for chunk in chunks)


def test_stream_ends_with_the_session():
    """The page is told, and nothing is read any more."""
    chunks, looks = streamed([News(5)], alive=[True, False])
    assert [5] == looks
    assert "event: over" in chunks[-1]


def test_store_that_is_away_is_waited_for():
    """Neither ends the stream."""
    chunks, looks = streamed(
        [Unavailable("down"), News(6, ("a",))], alive=[True, Unavailable("down"), False]
    )
    assert [5, 5] == looks
    assert any("id: 6" in chunk for chunk in chunks)


@pytest.mark.parametrize(
    ("headers", "address", "expected"),
    [
        pytest.param({}, "/events", 2, id="from the beginning"),
        pytest.param({}, "/events?position=1", 0, id="by the address"),
        pytest.param({"Last-Event-ID": "1"}, "/events?position=0", 0, id="after a lost connection"),
        pytest.param({"Last-Event-ID": "x"}, "/events?position=0", 2, id="no position"),
        pytest.param({}, "/events?position=٣", 2, id="no position, either"),
        pytest.param({}, f"/events?position={'9' * 19}", 0, id="far ahead"),
        pytest.param({}, "/events?unit=xu", 1, id="filtered as the page"),
    ],
)
def test_news_begin_at_the_readers_position(console, headers, address, expected):
    """A program asks once; a browser's stream begins at the same place."""
    client = as_json(logged_in(console))
    assert expected == len(client.get(address, headers=headers).json()["new"])


def test_news_are_the_readers_own(console):
    """A unit is told of its own groups alone."""
    client = as_json(logged_in(console, role="unit_it", units=("ha",)))
    assert 1 == len(client.get("/events").json()["new"])


def test_nobody_is_told_without_a_session(console):
    """Like every page."""
    client = logged_in(console)
    client.cookies.clear()
    assert 401 == as_json(client).get("/events").status_code

"""Searching segments: DuckDB finds a superset by columns, Python decides over the JSON."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb
import orjson

from haidang.errors import Unavailable
from haidang.model.event import Event
from haidang.model.fold import fold
from haidang.model.instant import Instant
from haidang.model.scope import Scope
from haidang.store.events.fields import FIELDS
from haidang.store.events.filter import check_of
from haidang.store.events.parquet import segment as segments
from haidang.store.events.parquet.manifest import Segment
from haidang.store.events.parquet.schema import (
    ENVELOPE_NAMES,
    UNKNOWN,
    text_column,
    to_event,
)
from haidang.store.events.protocol import Clause, Filter, Range

_GROUP_ROWS = 500_000
_GROUP_FILES = 1_000
_FETCH_ROWS = 500


@dataclass(slots=True)
class Condition:
    """A WHERE clause under construction: parts that are AND-ed, and their parameters."""

    parts: list[str] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)

    def add(self, template: str, *values: object) -> None:
        """One more part; each `{}` becomes a parameter with the next of `values`."""
        names = []
        for value in values:
            name = f"p{len(self.parameters)}"
            self.parameters[name] = value
            names.append(f"${name}")
        self.parts.append(template.format(*names))


def prefilter(scope: Scope, wanted: Filter, between: Range) -> Condition:
    """A condition that every event of the answer satisfies, and few others."""
    condition = Condition()
    if scope.units is not None:
        units = sorted(scope.units)
        template = (
            "(list_contains({}::VARCHAR[], operator) OR list_has_any(affected, {}::VARCHAR[]))"
        )
        condition.add(template, units, units)
    if wanted.ids is not None:
        condition.add("id IN (SELECT unnest({}::VARCHAR[]))", sorted(wanted.ids))
    if between.start is not None:
        condition.add("time >= {}", between.start)
    if between.end is not None:
        condition.add("time < {}", between.end)
    for clause in wanted.clauses:
        if clause.field in FIELDS:
            _add_clause(condition, clause)
    return condition


_TEMPLATES = {
    "equals": "{column} = {{0}}",
    "startswith": "starts_with({column}, {{0}})",
    "endswith": "ends_with({column}, {{0}})",
    "contains": "contains({column}, {{0}})",
}
# A column that holds several values has newlines between them; UNKNOWN is a newline alone.
_LOOSE = "contains({column}, chr(10)) AND (contains({column}, {{0}}) OR {column} = {{1}})"


def _add_clause(condition: Condition, clause: Clause) -> None:
    column = f'"{text_column(clause.field)}"'
    if clause.operator == "exists":
        condition.add(f"{column} IS NOT NULL")
        return
    exact = _TEMPLATES[clause.operator].format(column=column)
    loose = _LOOSE.format(column=column)
    condition.add(f"({exact} OR ({loose}))", fold(clause.value), UNKNOWN)


class Searcher:
    """One DuckDB instance with bounded memory that may read files of the store's folder only."""

    def __init__(self, folder: Path, memory_limit: str, threads: int) -> None:
        self._folder = folder
        self._memory_limit = memory_limit
        self._threads = threads
        self._lock = Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None

    def close(self) -> None:
        """Free its memory and files; a later search opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of one thread; the instance starts with the first, feeds never need it."""
        with self._lock:
            if self._connection is None:
                self._connection = self._connect()
            return self._connection.cursor()

    def _connect(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(
            config={
                "memory_limit": self._memory_limit,
                "threads": self._threads,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "enable_external_file_cache": False,
                "preserve_insertion_order": False,
            }
        )
        room = str(self._folder / "tmp" / f"{os.getpid()}-{id(self):x}")
        connection.execute(f"SET temp_directory = {_literal(room)}")
        connection.execute(f"SET allowed_directories = [{_literal(str(self._folder))}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        return connection

    def search(
        self,
        live: Sequence[Segment],
        scope: Scope,
        wanted: Filter,
        between: Range,
        limit: int,
    ) -> list[Event]:
        """The answer of `EventStore.search`, sorted. Memory: about two times `limit` events.

        Raises FileNotFoundError where a segment was merged away meanwhile, and Unavailable.
        """
        condition = prefilter(scope, wanted, between)
        holds = check_of(wanted.clauses)
        best = _Best(limit)
        for group in _groups(live, between):
            if best.bound is not None and group[0].extent.min_time > best.bound:
                break
            for event in self._candidates(group, condition, best.bound):
                # The scope is checked twice on purpose: it must not hang on one SQL expression.
                if not best.wants(event) or not scope.sees(event.operator, event.affected):
                    continue
                if holds(event.document()):
                    best.add(event)
            best.cut()
        return best.events()

    def _candidates(
        self, group: Sequence[Segment], condition: Condition, bound: Instant | None
    ) -> Iterator[Event]:
        files = [self._folder / segment.file for segment in group]
        sql = f"SELECT {', '.join(ENVELOPE_NAMES)} FROM read_parquet($files) WHERE {{}}"  # noqa: S608 - constants
        parts = ["true", *condition.parts]
        parameters = {**condition.parameters, "files": [str(file) for file in files]}
        if bound is not None:
            parts.append("time <= $bound")
            parameters["bound"] = bound
        try:
            with self.cursor() as cursor:
                cursor.execute(sql.format(" AND ".join(parts)), parameters)
                while rows := cursor.fetchmany(_FETCH_ROWS):
                    yield from map(to_event, rows)
        except (duckdb.Error, orjson.JSONDecodeError) as error:
            self._explain(group)
            raise Unavailable(f"{self._folder}: the search failed: {error}") from error

    def _explain(self, group: Sequence[Segment]) -> None:
        """Raise what is wrong with the first bad file of these."""
        for segment in group:
            path = self._folder / segment.file
            footer = segments.metadata(path, segment.extent.rows)
            for _ in segments.batches(path, footer, ENVELOPE_NAMES):
                pass


class _Best:
    """The least events by (time, id), at most `limit` after each cut."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: list[Event] = []
        self.bound: Instant | None = None

    def wants(self, event: Event) -> bool:
        """Whether the event can be among the least."""
        return self.bound is None or event.time <= self.bound

    def add(self, event: Event) -> None:
        """One more that is wanted."""
        self._kept.append(event)
        if len(self._kept) >= 2 * self._limit:
            self.cut()

    def cut(self) -> None:
        """Forget all but the least."""
        self._kept.sort(key=lambda event: (event.time, event.id))
        del self._kept[self._limit :]
        if len(self._kept) == self._limit:
            self.bound = self._kept[-1].time

    def events(self) -> list[Event]:
        """The least, sorted; valid after a cut."""
        return self._kept


def _groups(live: Sequence[Segment], between: Range) -> Iterator[list[Segment]]:
    """Segments that may hold events of these times, earliest first, some at a time."""
    group: list[Segment] = []
    rows = 0
    for segment in sorted(live, key=lambda one: (one.extent.min_time, one.first)):
        if not _overlaps(segment, between):
            continue
        group.append(segment)
        rows += segment.extent.rows
        if rows >= _GROUP_ROWS or len(group) >= _GROUP_FILES:
            yield group
            group, rows = [], 0
    if group:
        yield group


def _overlaps(segment: Segment, between: Range) -> bool:
    if between.start is not None and segment.extent.max_time < between.start:
        return False
    return between.end is None or segment.extent.min_time < between.end


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

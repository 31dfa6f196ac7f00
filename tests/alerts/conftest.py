"""Two fictional worlds, an event store in memory, and detections as the correlator writes them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from sqlalchemy import insert, select

from haidang.errors import Unavailable
from haidang.model.detection import Card, Detection, Episode, Member
from haidang.model.event import Event, encode
from haidang.model.instant import MINUTE, SECOND, VIETNAM, from_iso
from haidang.model.packing import pack_detection
from haidang.store.state import tables
from tests.support import state as stores

cluster, database, state = stores.cluster, stores.database, stores.state

A1 = {
    "vi": "{kind} của {affected} nhiều khả năng đã bị cài cửa hậu: lúc "
    "{web_form_post.first.@timestamp|clock} địa chỉ {web_form_post.first.source.ip} gửi tệp "
    "{web_script_in_upload.first.url.path|basename} qua mục "
    "{web_form_post.first.url.path|section}, từ {web_script_in_upload.first.@timestamp|clock} "
    "gọi chính tệp đó {web_script_in_upload.same.url.path} lần, rồi tiến trình web chạy lệnh "
    "hệ thống.",
    "en": "{kind} of {affected} very likely has a backdoor: at "
    "{web_form_post.first.@timestamp|clock} the address {web_form_post.first.source.ip} sent "
    "{web_script_in_upload.first.url.path|basename} through "
    "{web_form_post.first.url.path|section}, from {web_script_in_upload.first.@timestamp|clock} "
    "called that same file {web_script_in_upload.same.url.path} times, then the web process ran "
    "a system command.",
}
F1 = {
    "vi": "{kind} {group.host.name} có dấu hiệu chuẩn bị mã hóa dữ liệu: sau "
    "{win_failed_logon.count} lần sai, tài khoản {win_remote_logon.first.user.name} đăng nhập từ "
    "xa lúc {win_remote_logon.first.@timestamp|clock} và xóa các bản sao phục hồi lúc "
    "{win_shadow_deleted.first.@timestamp|clock}.",
    "en": "{kind} {group.host.name} shows signs of coming encryption: after "
    "{win_failed_logon.count} failures the account {win_remote_logon.first.user.name} logged on "
    "remotely at {win_remote_logon.first.@timestamp|clock} and deleted the recovery copies at "
    "{win_shadow_deleted.first.@timestamp|clock}.",
}


def at(text):
    """An instant of 18/11/2026, UTC+7."""
    return from_iso(f"2026-11-18T{text}", VIETNAM)


@dataclass
class Names:
    """The inventory's words, from plain tables."""

    units: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    kinds: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    sections: Mapping[str, str] = field(default_factory=dict)
    hosts: Mapping[str, str] = field(default_factory=dict)

    def unit_name(self, unit, language="vi"):
        """The name, or the id."""
        return self.units.get(unit, {}).get(language, unit)

    def kind_word(self, zone, host, at, language="vi"):
        """The kind, or a machine."""
        return self.kinds.get(host, {"vi": "Máy", "en": "Host"})[language]

    def host_name(self, zone, address, at):
        """The host's name, or nothing."""
        return self.hosts.get(f"{zone} {address}", "")

    def section(self, zone, host, url_path, at):
        """The section, or nothing."""
        return self.sections.get(f"{zone} {host} {url_path}", "")


@dataclass
class MemoryStore:
    """An event store's `search`, as the protocol says; `up` false makes it unavailable."""

    events: list[Event] = field(default_factory=list)
    up: bool = True
    searches: list = field(default_factory=list)

    def search(self, scope, wanted, between, limit=1000):
        """Visible wanted events by (time, id)."""
        if not self.up:
            raise Unavailable("down")
        self.searches.append((scope, wanted, between, limit))
        found = [
            event
            for event in self.events
            if scope.sees(event.operator, event.affected)
            and (wanted.ids is None or event.id in wanted.ids)
            and between.start <= event.time < between.end
        ]
        return sorted(found, key=lambda event: (event.time, event.id))[:limit]


def make_event(id, time, document, affected=("so-a",), operator="ttdl"):  # noqa: A002 - a field
    """An event of zone `mang-1`."""
    return Event(id, time, time, "s", "d", operator, tuple(affected), "mang-1", 3, encode(document))


def make_detection(events, sentences, group, told=None, **changes):
    """A detection of (event, rule) pairs; `told` are the ids in the chain (None: all)."""
    times = [event.time for event, _ in events]
    counts = {}
    for _, rule in events:
        counts[rule] = counts.get(rule, 0) + 1
    detection = Detection(
        alert="a" * 32,
        card=Card("r-1", "chain", "h-1", "A chain", "critical", sentences=sentences),
        group=group,
        zone="mang-1",
        episode=Episode(min(times), max(times), len(events)),
        fired=max(times),
        members=tuple(
            Member(event.id, event.time, rule, told is None or event.id in told)
            for event, rule in events
        ),
        counts=counts,
        operators=tuple(sorted({event.operator for event, _ in events} - {""})),
        affected=tuple(sorted({unit for event, _ in events for unit in event.affected})),
        system_level=3,
    )
    return replace(detection, **changes)


def web_scene(host, source, form, path, times):
    """Detection A1: a form, calls of a script, a shell; one earlier form belongs to no chain."""
    post, *calls, shell = times
    stranger = {"host": {"name": host}, "source": {"ip": "198.51.100.200"}, "url": {"path": "/x"}}
    form_document = {"host": {"name": host}, "source": {"ip": source}, "url": {"path": form}}
    call = {"host": {"name": host}, "source": {"ip": source}, "url": {"path": path}}
    pairs = [
        (make_event("form-0", post - MINUTE, stranger), "web_form_post"),
        (make_event("form-1", post, form_document), "web_form_post"),
        *(
            (make_event(f"call-{index}", time, call), "web_script_in_upload")
            for index, time in enumerate(calls)
        ),
        (make_event("shell", shell, {"host": {"name": host}}), "web_user_shell"),
    ]
    told = {event.id for event, _ in pairs} - {"form-0"}
    return SimpleNamespace(
        events=[event for event, _ in pairs],
        detection=make_detection(pairs, A1, {"host.name": host}, told),
    )


def file_scene(host, account, failures, logon, deleted):
    """Detection F1: failed logons (the first and last 50 copied), a remote logon, vssadmin."""
    document = {"host": {"name": host}, "user": {"name": account}}
    failed = [
        (make_event(f"bad-{n:05}", logon - (failures - n) * SECOND, document), "win_failed_logon")
        for n in range(failures)
    ]
    pairs = [
        *(failed if failures <= 100 else failed[:50] + failed[-50:]),
        (make_event("logon", logon, document), "win_remote_logon"),
        (make_event("vss", deleted, document), "win_shadow_deleted"),
    ]
    counts = {"win_failed_logon": failures, "win_remote_logon": 1, "win_shadow_deleted": 1}
    group = {"host.name": host, "user.name": account}
    return SimpleNamespace(
        events=[event for event, _ in pairs],
        detection=make_detection(pairs, F1, group, alert="f" * 32, counts=counts),
    )


def tinh_mau():
    """The first world."""
    form = "/hoi-dap/gui-cau-hoi"
    web, files = "web-snn", "TTDL-FS01"
    return SimpleNamespace(
        names=Names(
            {
                "so-a": {
                    "vi": "Sở Nông nghiệp và Môi trường",
                    "en": "Department of Agriculture and Environment",
                },
                "ttdl": {"vi": "Trung tâm Dữ liệu", "en": "Data Centre"},
            },
            {
                web: {"vi": "Máy chủ web", "en": "Web server"},
                files: {"vi": "Máy chủ tệp", "en": "File server"},
            },
            {f"mang-1 {web} {form}": "Hỏi đáp"},
        ),
        a1=web_scene(
            web,
            "203.0.113.77",
            form,
            "/uploads/hoi-dap/gop-y.phtml",
            [at(f"01:{clock}") for clock in ("52:30", "56:10", "57:02", "58:01", "58:05")],
        ),
        f1=file_scene(files, "svc_saoluu", 46, at("14:31:20"), at("14:38:00")),
    )


def other_world():
    """Other names, times, counts; the file's name is sent decomposed and percent-encoded."""
    form = "/phan-anh/gui"
    web, files = "cong-xd", "KHO-02"
    path = "/tep/" + quote("ba\u0309n kê.jsp")
    return SimpleNamespace(
        names=Names(
            {"so-a": {"vi": "Sở Xây dựng", "en": "Department of Construction"}},
            {web: {"vi": "Cổng thông tin điện tử", "en": "Web portal"}},
            {f"mang-1 {web} {form}": "Phản ánh kiến nghị"},
        ),
        a1=web_scene(
            web,
            "198.51.100.9",
            form,
            path,
            [at("22:03:00"), at("22:09:59"), at("22:10:00"), at("22:11:00")],
        ),
        f1=file_scene(files, "quantri.kho", 4812, at("03:00:59"), at("03:59:00")),
    )


WORLDS = {"tinh_mau": tinh_mau, "other_world": other_world}


@pytest.fixture
def world():
    """The first world."""
    return tinh_mau()


@pytest.fixture
def worlds():
    """All worlds by name."""
    return {name: make() for name, make in WORLDS.items()}


@pytest.fixture
def make():
    """The makers of events, detections, stores, names and instants."""
    return SimpleNamespace(
        event=make_event, detection=make_detection, store=MemoryStore, names=Names, at=at
    )


@pytest.fixture
def put(database):
    """Hand detections to the alert stage, as the correlate transaction does."""

    def put_detections(*detections):
        rows = [{"payload": pack_detection(detection)} for detection in detections]
        with database.transaction("test") as connection:
            connection.execute(insert(tables.detection), rows)

    return put_detections


@pytest.fixture
def rows(database):
    """All rows of a table, as plain dicts in a fixed order."""

    def read(table):
        with database.reading() as connection:
            found = connection.execute(select(table).order_by(*table.primary_key.columns))
            return [dict(row._mapping) for row in found]

    return read

"""The calendar of a world: what its people registered before the day began."""

import yaml

from app.demo.configuration import HEAD
from app.demo.trap_scan import licensed_scan
from app.demo.trap_support import remote_support
from app.demo.world import World
from haidang.model.instant import Instant, to_local

_WEEK = ["mon", "tue", "wed", "thu", "fri"]


def calendar_yaml(world: World) -> str:
    """The calendar, in the format of `haidang.store.calendar`."""
    content = {
        "hours": [_hours()],
        "windows": [_scan(world), _support(world), _maintenance(world)],
        "exclusions": [_exclusion(world)],
    }
    return HEAD + yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=100)


def _hours() -> dict[str, object]:
    times = {"start": "07:30", "end": "17:00", "lunch": ["11:30", "13:30"]}
    who = {"reason": "Giờ làm việc của các cơ quan trong tỉnh", "by": "Văn phòng UBND tỉnh Mẫu"}
    return {"id": "GLV-01", "days": _WEEK, **times, **who}


def _scan(world: World) -> dict[str, object]:
    scan = licensed_scan(world)
    return {
        "id": "QR-05",
        "kind": "planned_scan",
        "hosts": [scan.host],
        "addresses": [scan.address],
        "zone": world.zone,
        "from": _moment(scan.start),
        "until": _moment(scan.end),
        "reason": "Đánh giá an toàn thông tin theo hợp đồng, đợt 2",
        "by": "Trung tâm Dữ liệu tỉnh Mẫu",
    }


def _support(world: World) -> dict[str, object]:
    agreed = remote_support(world)
    return {
        "id": "HT-02",
        "kind": "remote_support",
        "hosts": [agreed.host],
        "addresses": [agreed.address],
        "from": _moment(agreed.start),
        "until": _moment(agreed.end),
        "reason": "Nhà cung cấp cập nhật phần mềm kế toán qua UltraViewer",
        "by": "Văn thư, theo phiếu yêu cầu hỗ trợ",
    }


def _maintenance(world: World) -> dict[str, object]:
    return {
        "id": "BT-01",
        "kind": "maintenance",
        "hosts": [world.files.name],
        "weekly": {"days": ["sat"], "start": "22:00", "end": "02:00"},
        "from": "2026-01-01",
        "until": "2026-12-31",
        "reason": "Cập nhật hệ điều hành và sao lưu toàn bộ",
        "by": "Trung tâm Dữ liệu tỉnh Mẫu",
    }


def _exclusion(world: World) -> dict[str, object]:
    """LT-03: only the agreed scanner on the agreed host in the agreed time, until 30/11."""
    scan = licensed_scan(world)
    return {
        "id": "LT-03",
        "categories": ["webserver"],
        "hosts": [scan.host],
        "addresses": [scan.address],
        "zone": world.zone,
        "window": "QR-05",
        "from": "2026-11-16",
        "until": "2026-11-30",
        "reason": "Rà quét có giấy phép của đơn vị đánh giá",
        "by": "Trưởng ca SOC",
    }


def _moment(at: Instant) -> str:
    return to_local(at).strftime("%Y-%m-%d %H:%M")
